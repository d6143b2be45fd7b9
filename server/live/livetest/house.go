package livetest

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parkbff/internal/fault"
	"parkbff/internal/testkit"
	"parkbff/server/live"
)

// House holds everything a test needs behind a transport.
type House struct {
	Clock  *testkit.Clock
	Runner *live.Runner
	// Release lets one `slow` query answer.
	Release chan struct{}

	mu      sync.Mutex
	people  map[string]*person
	issued  map[string]*token
	tokens  int
	failing error
	shut    error               // every source
	unknown error               // whether anybody consented
	logs    map[string]*journal // by subject; the empty one is what everybody hears
	reading int
}

// New answers a house whose clock stands at noon of a November day. The test may change the options of
// its runner.
func New(change ...func(*live.Options)) *House {
	h := &House{
		Clock:   testkit.NewClock(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)),
		Release: make(chan struct{}),
		people:  map[string]*person{}, issued: map[string]*token{}, logs: map[string]*journal{},
	}
	exec := executor.New(NewExecutableSchema(Config{
		Resolvers:  resolvers{h},
		Directives: DirectiveRoot{SignedIn: h.signedIn},
	}))
	exec.SetErrorPresenter(present)
	exec.SetRecoverFunc(func(context.Context, any) error { return errors.New("a panic") })
	options := live.Options{
		Executor: exec, Source: h.source, Log: slog.New(slog.DiscardHandler),
		Resolved: live.ResolvedBy(reflect.TypeFor[ResolverRoot]()),
	}
	for _, c := range change {
		c(&options)
	}
	h.Runner = live.NewRunner(options)
	return h
}

// present withholds what is not a fault, as the real edge does.
func present(ctx context.Context, err error) *gqlerror.Error {
	shown := graphql.DefaultErrorPresenter(ctx, err)
	if f := fault.As(err); f != nil {
		shown.Message = f.Message()
		shown.Extensions = map[string]any{"code": f.Code()}
	} else if shown.Err != nil {
		shown.Message = "Internal error."
		shown.Extensions = map[string]any{"code": "INTERNAL"}
	}
	return shown
}

func (h *House) signedIn(ctx context.Context, _ any, next graphql.Resolver) (any, error) {
	subject := subjectOf(ctx)
	if subject == "" {
		return nil, fault.Unauthenticated
	}
	if consented, err := h.consented(subject); err != nil {
		return nil, err
	} else if !consented {
		return nil, fault.New("CONSENT_REQUIRED", "Consent first.")
	}
	return next(ctx)
}
