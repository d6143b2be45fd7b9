package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parkbff/graph/limit"
	"parkbff/graph/relay"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
	"parkbff/server/edge/engine"
)

func created(t testing.TB, e *engine.Engine, query string) *graphql.OperationContext {
	t.Helper()
	op, errs := e.CreateOperationContext(graphql.StartOperationTrace(t.Context()), &graphql.RawParams{Query: query})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return op
}

func TestAQueryIsReadOnce(t *testing.T) {
	e := newEngine()
	first := created(t, e, `{ whoami }`)

	if again := created(t, e, `{ whoami }`); again.Doc != first.Doc {
		t.Error("the same text was parsed again")
	}
	if other := created(t, e, `{ whoami  }`); other.Doc == first.Doc {
		t.Error("another text got the same document")
	}
	for i := range 200 {
		created(t, e, fmt.Sprintf(`{ echo(text: "%d %s") }`, i, strings.Repeat("a", 10_000)))
	}
	if again := created(t, e, `{ whoami }`); again.Doc == first.Doc {
		t.Error("what was not used for long is still kept")
	}
	long := fmt.Sprintf(`{ echo(text: "%s") }`, strings.Repeat("a", 20_000))
	once := created(t, e, long).Doc
	if again := created(t, e, long).Doc; again == once {
		t.Error("a long document is kept")
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	e := newEngine()
	var asking sync.WaitGroup
	for i := range 8 {
		asking.Go(func() {
			for j := range 200 {
				ctx := graphql.StartOperationTrace(t.Context())
				op := created(t, e, fmt.Sprintf(`{ echo(text: "%d %s") }`, (i+j)%150, strings.Repeat("a", 9000)))
				next, ctx := e.DispatchOperation(graphql.WithOperationContext(ctx, op), op)
				if got := next(ctx); len(got.Errors) > 0 {
					t.Error(got.Errors)
				}
			}
		})
	}
	asking.Wait()
}

func TestIntrospectionIsForDevelopment(t *testing.T) {
	const query = `{ __schema { queryType { name } } }`
	if codes := codesOf(t, newEngine(), query); len(codes) != 1 || codes[0] != limit.NoIntrospect.Code() {
		t.Errorf("by default: %v", codes)
	}

	e := newEngine(func(o *engine.Options) {
		o.Limits = limit.Usual()
		o.Limits.Introspection = true
	})
	op := created(t, e, query)
	next, ctx := e.DispatchOperation(graphql.WithOperationContext(t.Context(), op), op)
	if got := next(ctx); len(got.Errors) > 0 || !strings.Contains(string(got.Data), `"name":"Query"`) {
		t.Errorf("in development: %s %v", got.Data, got.Errors)
	}
}

func TestAnyErrorCanBeRefusedWith(t *testing.T) {
	e := newEngine(func(o *engine.Options) { o.NewID = func() string { return "7" } })
	for _, test := range []struct {
		err  error
		code string
		part string
	}{
		{fault.RateLimited.With("retryAfter", 5), "RATE_LIMITED", "retryAfter:5"},
		{fmt.Errorf("wrapped: %w", fault.NotFound), "NOT_FOUND", ""},
		{fault.BadInput.At("mobile"), "BAD_USER_INPUT", "field:mobile"},
		{errors.New("a secret"), "INTERNAL", "id:7"},
		{fault.New("TOKEN_EXPIRED", "Old."), "UNAUTHENTICATED", "reason:TOKEN_EXPIRED"},
		{context.DeadlineExceeded, "UNAVAILABLE", ""},
	} {
		errs := e.Refuse(t.Context(), test.err).Errors

		if engine.Code(errs) != test.code || !strings.Contains(fmt.Sprint(errs[0].Extensions), test.part) {
			t.Errorf("%v: %v", test.err, errs[0].Extensions)
		}
		if strings.Contains(errs[0].Message, "secret") || strings.Contains(errs[0].Message, "wrapped") {
			t.Errorf("%v tells %s", test.err, errs[0].Message)
		}
	}
}

func TestTheVehicleThatLacksAFactIsNamedByItsSealedID(t *testing.T) {
	sealer, err := relay.NewSealer(make([]byte, 32), "Vehicle")
	if err != nil {
		t.Fatal(err)
	}
	owner := &viewer.Viewer{Kind: viewer.Driver, Vehicles: []viewer.Vehicle{{ID: 7, Binding: 4711}}}
	lacking := viewer.LacksAbout(owner, viewer.Verified, 7)
	errs := newEngine().Refuse(relay.WithSealer(t.Context(), sealer), lacking).Errors
	want := map[string]any{
		"code": "FACT_REQUIRED", "fact": "VERIFIED", "nextStep": "VERIFY_VEHICLE", "vehicle": sealer.SealID("Vehicle", 4711),
	}
	if d := cmp.Diff(want, errs[0].Extensions); d != "" {
		t.Error(d)
	}
	if bare := newEngine().Refuse(t.Context(), lacking).Errors[0].Extensions["vehicle"]; bare != "" {
		t.Errorf("without a sealer it is %v", bare)
	}
}

func TestAnExtensionThatPanicsEndsOneRequest(t *testing.T) {
	e := newEngine(func(o *engine.Options) { o.Extend = []graphql.HandlerExtension{panicking{}} })

	if codes := codesOf(t, e, `{ whoami }`); len(codes) != 1 || codes[0] != "INTERNAL" {
		t.Errorf("got %v", codes)
	}
}

type panicking struct{}

func (panicking) ExtensionName() string                   { return "panicking" }
func (panicking) Validate(graphql.ExecutableSchema) error { return nil }
func (panicking) MutateOperationContext(context.Context, *graphql.OperationContext) *gqlerror.Error {
	panic("a secret")
}

func FuzzNoQueryIsRepeatedOrInternal(f *testing.F) {
	e := newEngine(func(o *engine.Options) { o.NewID = func() string { return "fuzz" } })
	for _, query := range []string{
		`{ number(of: "粤B12345") }`, `{ echo(text: 粤B12345`, `query($a: Int = "粤B12345") { number(of: $a) }`, `{ color(of: 粤) }`,
		`mutation { remember(input: {text: "a", color: "粤B12345"}) }`, "{ a: \"\\u粤\" }", `"""粤"""`, `{ items(first: 粤) { edges } }`,
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		ctx := graphql.StartOperationTrace(t.Context())
		op, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query})
		for _, err := range e.DispatchError(graphql.WithOperationContext(ctx, op), errs).Errors {
			if strings.Contains(err.Message, "粤") {
				t.Fatalf("%q is repeated: %s", query, err.Message)
			}
			if err.Extensions["code"] == "INTERNAL" {
				t.Fatalf("%q is an internal error", query)
			}
		}
	})
}

func BenchmarkAKnownQuery(b *testing.B) {
	e := newEngine()
	const query = `query Ask($first: Int) { items(first: $first) { edges { node { number } } } }`
	ctx := graphql.StartOperationTrace(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		params := &graphql.RawParams{Query: query, Variables: map[string]any{"first": int64(1)}}
		if _, errs := e.CreateOperationContext(ctx, params); len(errs) > 0 {
			b.Fatal(errs)
		}
	}
}
