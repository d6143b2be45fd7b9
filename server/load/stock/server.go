package stock

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"

	"parkbff/internal/clock"
	"parkbff/internal/identity/token"
	"parkbff/internal/vault"
	"parkbff/server"
	"parkbff/server/edge"
)

const (
	pingEvery    = 25 * time.Second // as package ws
	queriesKept  = 1000             // as gqlgen's documentation has it
	leavesWithin = 5 * time.Second
)

// Serve serves on addr until ctx ends, to people whose tokens the keys in a file have signed. It says where
// it listens as `parkbff serve` does.
func Serve(ctx context.Context, addr, keyFile string, log *slog.Logger) error {
	keys, err := vault.LoadKeys(keyFile)
	if err != nil {
		return err
	}
	tokens, err := server.NewIssuer(keys, clock.System{})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("PARKBFF_ADDR: %w", err)
	}
	log.Info("serving", "url", "http://"+listener.Addr().String(), "transport", "stock gqlgen")
	served := edge.NewServer(listener.Addr().String(), newHandler(tokens), log)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return served.Serve(listener) })
	group.Go(func() error {
		<-ctx.Done()
		leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leavesWithin)
		defer cancel()
		return served.Shutdown(leaving)
	})
	if err := group.Wait(); ctx.Err() == nil {
		return err
	}
	return nil
}

// newHandler is gqlgen's, and beside it what the load tool asks of any server: whether it is ready, its
// metrics, and POST /tell, which tells every subscriber one notice.
func newHandler(tokens *token.Issuer) http.Handler {
	registry := prometheus.NewRegistry()
	audience := newAudience(registry)
	registry.MustRegister(collectors.NewGoCollector())

	graphql := handler.New(NewExecutableSchema(Config{Resolvers: resolvers{audience}}))
	graphql.AddTransport(transport.Websocket{
		InitFunc:              signIn{tokens}.begin,
		KeepAlivePingInterval: pingEvery,
		PingPongInterval:      pingEvery,
	})
	graphql.SetQueryCache(lru.New[*ast.QueryDocument](queriesKept))

	mux := http.NewServeMux()
	mux.Handle("/graphql", graphql)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /tell", func(http.ResponseWriter, *http.Request) { audience.tell(time.Now()) })
	return mux
}

// signIn proves who connects.
type signIn struct{ tokens *token.Issuer }

type accountKey struct{}

func (s signIn) begin(ctx context.Context, payload transport.InitPayload) (context.Context, *transport.InitPayload, error) {
	claims, err := s.tokens.Verify(strings.TrimPrefix(payload.Authorization(), "Bearer "))
	if err != nil {
		return ctx, nil, err
	}
	return context.WithValue(ctx, accountKey{}, claims.Subject), nil, nil
}

func accountOf(ctx context.Context) int64 {
	account, _ := ctx.Value(accountKey{}).(int64)
	return account
}
