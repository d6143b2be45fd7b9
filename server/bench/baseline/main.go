// Command baseline answers two operations of the contract, the history page and recordObservations, as
// one would by hand for them alone: net/http, lib/pq and prepared statements. It is what the benchmark
// divides by, so it takes no detour; where it does less than the server, it says so.
//
// It takes the database from PARKBFF_DATABASE_URL, the keys from PARKBFF_KEYS and its address from
// PARKBFF_ADDR, and knows an operation by its name: History or RecordObservations.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	_ "github.com/lib/pq"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"parkbff/internal/vault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	keys, err := vault.LoadKeys(os.Getenv("PARKBFF_KEYS"))
	if err != nil {
		return err
	}
	db, err := sql.Open("postgres", os.Getenv("PARKBFF_DATABASE_URL"))
	if err != nil {
		return err
	}
	defer db.Close()
	h, err := newHandler(ctx, db, keys)
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.Handle("POST /graphql", h)
	routes.Handle("GET /metrics", promhttp.Handler())
	server := &http.Server{Addr: os.Getenv("PARKBFF_ADDR"), Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// handler is safe for concurrent use.
type handler struct {
	signIn   *signIn
	history  *history
	recorder *recorder
}

func newHandler(ctx context.Context, db *sql.DB, keys *vault.Keys) (*handler, error) {
	sealer, err := newSealer(keys.IDKey())
	if err != nil {
		return nil, err
	}
	v := vault.New(keys, &dataKeys{db})
	pages, err := newHistory(ctx, db, v, sealer)
	if err != nil {
		return nil, err
	}
	recorder, err := newRecorder(ctx, db, v, sealer)
	if err != nil {
		return nil, err
	}
	return &handler{signIn: newSignIn(keys, sealer), history: pages, recorder: recorder}, nil
}

// request is the body of a GraphQL request, as far as it is read here.
type request struct {
	OperationName string `json:"operationName"`
	Variables     struct {
		First  int     `json:"first"`
		After  *string `json:"after"`
		Inputs []input `json:"inputs"`
	} `json:"variables"`
}

const mostBody = 1 << 20

var (
	errRefused = errors.New("refused")
	errUnknown = errors.New("an operation that is not known here")
)

// ServeHTTP answers with 200 and the answer, or with a status alone.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, err := h.signIn.bearer(r.Header.Get("Authorization"), time.Now())
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var asked request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody)).Decode(&asked); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer, err := h.answer(r.Context(), who, asked)
	switch {
	case errors.Is(err, errRefused):
		w.WriteHeader(http.StatusForbidden)
		return
	case err != nil:
		slog.Error("cannot answer", "operation", asked.OperationName, "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer) // the client has gone: nobody to tell
}

func (h *handler) answer(ctx context.Context, who bearer, asked request) ([]byte, error) {
	switch {
	case asked.OperationName == "History" && who.use == useAccess:
		return h.history.page(ctx, who, asked.Variables.First, asked.Variables.After)
	case asked.OperationName == "RecordObservations" && who.use == useGate:
		return h.recorder.record(ctx, who, asked.Variables.Inputs)
	}
	return nil, errUnknown
}
