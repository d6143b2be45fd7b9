package edge_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"parkbff/graph/relay"
	"parkbff/internal/identity/token"
	"parkbff/internal/viewer"
	"parkbff/server/edge"
	"parkbff/server/edge/edgetest"
	"parkbff/server/edge/engine"
)

var sealKey = bytes.Repeat([]byte{7}, 32)

// house is the edge as the program wires it, on a schema of its own.
type house struct {
	t        testing.TB
	handler  http.Handler
	issuer   *token.Issuer
	signIn   *edge.SignIn
	clock    *clock
	registry *prometheus.Registry
	log      *journal
	viewers  *viewers
	endings  *endings
}

func newHouse(t testing.TB, change ...func(*edge.Options)) *house {
	t.Helper()
	h := &house{
		t: t, clock: &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)},
		registry: prometheus.NewRegistry(), log: &journal{}, viewers: &viewers{}, endings: &endings{ended: make(chan struct{}), forgotten: make(chan int64, 10)},
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if h.issuer, err = token.NewIssuer([]token.Key{{ID: "k", Private: private, Public: public}}, "parkbff", "clients", make([]byte, 32), h.clock); err != nil {
		t.Fatal(err)
	}
	sealer, err := relay.NewSealer(sealKey, "Item")
	if err != nil {
		t.Fatal(err)
	}
	if h.signIn, err = edge.NewSignIn(h.issuer, h.viewers, h.endings, sealer, sealKey); err != nil {
		t.Fatal(err)
	}
	log := newLogger(h.log)
	gql := engine.New(edgetest.NewSchema(), engine.Options{Log: log, Metrics: h.registry, NewID: func() string { return "incident-1" }})
	o := edge.Options{
		GraphQL: edge.NewGraphQL(gql, h.signIn), Registry: h.registry, Log: log, JWKS: h.issuer.JWKS(),
		Contract: []byte("type Query { a: Int }\n"), NewID: func() string { return "incident-2" },
	}
	for _, f := range change {
		f(&o)
	}
	h.handler = edge.New(o)
	return h
}

func (h *house) tokenOf(account int64) string {
	h.t.Helper()
	raw, err := h.issuer.Issue(token.Claims{Use: token.Access, Subject: account, SignIn: 1, ExpiresAt: h.clock.now.Add(15 * time.Minute)})
	if err != nil {
		h.t.Fatal(err)
	}
	return "Bearer " + raw
}

// reply is an answer with what was logged for it.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
	log    string
}

func (h *house) does(r *http.Request) reply {
	h.t.Helper()
	before := h.log.String()
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return reply{h.t, w.Code, w.Header(), w.Body.String(), strings.TrimPrefix(h.log.String(), before)}
}

func (h *house) posts(body string, headers ...string) reply {
	h.t.Helper()
	return h.does(post("application/json", strings.NewReader(body), headers...))
}

func (h *house) asks(query string, headers ...string) reply {
	h.t.Helper()
	return h.posts(asking(query, "", nil), headers...)
}

func asking(query, operation string, variables any) string {
	body, err := json.Marshal(map[string]any{"query": query, "operationName": operation, "variables": variables})
	if err != nil {
		panic(err)
	}
	return string(body)
}

func post(media string, body io.Reader, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", body)
	r.Header.Set("Content-Type", media)
	return with(r, headers...)
}

func with(r *http.Request, headers ...string) *http.Request {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func (r reply) is(status int, parts ...string) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Errorf("status %d, want %d: %s", r.status, status, r.body)
	}
	for _, part := range parts {
		if !strings.Contains(r.body, part) {
			r.t.Errorf("%q is not in %s", part, r.body)
		}
	}
	return r
}

// hides demands that neither the answer nor the log holds any of the parts.
func (r reply) hides(parts ...string) reply {
	r.t.Helper()
	for _, part := range parts {
		for where, text := range map[string]string{"answer": r.body, "log": r.log} {
			if strings.Contains(text, part) {
				r.t.Errorf("%q is in the %s: %s", part, where, text)
			}
		}
	}
	return r
}

func (r reply) logs(parts ...string) reply {
	r.t.Helper()
	for _, part := range parts {
		if !strings.Contains(r.log, part) {
			r.t.Errorf("%q is not in the log: %s", part, r.log)
		}
	}
	return r
}

func coded(code string) string { return `"code":"` + code + `"` }

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

// forget keeps the journal of a long test short.
func (j *journal) forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Reset()
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// viewers knows everybody, or fails.
type viewers struct{ err error }

func (v *viewers) Viewer(_ context.Context, c token.Claims) (*viewer.Viewer, error) {
	if v.err != nil {
		return nil, v.err
	}
	return &viewer.Viewer{Kind: viewer.Driver, AccountID: c.Subject}, nil
}

// endings ends every sign-in at once.
type endings struct {
	ended     chan struct{}
	forgotten chan int64
}

func (e *endings) Stand(c token.Claims) (<-chan struct{}, func() time.Time, func()) {
	return e.ended, nil, func() { e.forgotten <- c.SignIn }
}

func newLogger(to io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
