package engine_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"

	"parkbff/graph/limit"
	"parkbff/server/edge/edgetest"
	"parkbff/server/edge/engine"
)

func newEngine(change ...func(*engine.Options)) *engine.Engine {
	o := engine.Options{Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()}
	for _, f := range change {
		f(&o)
	}
	return engine.New(edgetest.NewSchema(), o)
}

// codesOf answers the codes with which a query is refused, in order.
func codesOf(t testing.TB, e *engine.Engine, query string) []string {
	t.Helper()
	ctx := graphql.StartOperationTrace(t.Context())
	op, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query})
	var codes []string
	for _, err := range e.DispatchError(graphql.WithOperationContext(ctx, op), errs).Errors {
		codes = append(codes, fmt.Sprint(err.Extensions["code"]))
	}
	return codes
}

// floods are queries that would cost much time, memory or answer if they were let in.
func floods() map[string]string {
	var bomb, spreads strings.Builder
	for i := range 80 {
		fmt.Fprintf(&bomb, "fragment F%d on Item { number ...F%d ...F%d }\n", i, (i+1)%80, (i+2)%80)
		fmt.Fprintf(&spreads, " ...S%d", i)
	}
	for i := range 80 {
		fmt.Fprintf(&bomb, "fragment S%d on Item { all { number ...S%d } }\n", i, (i+1)%80)
	}
	return map[string]string{
		"tokens":       `{` + strings.Repeat(" a", 20_000) + `}`,
		"bytes":        `{ echo(text: "` + strings.Repeat("a", 66_000) + `") }`,
		"comments":     strings.Repeat("#\n", 40_000) + `{ whoami }`,
		"fields":       `{ all { all {` + strings.Repeat(" number", 490) + `} } }`,
		"aliases":      `{ all {` + strings.Repeat(" a: all { number }", 160) + `} }`,
		"wrong fields": `{ all {` + strings.Repeat(" nmber", 490) + `} }`,
		"directives":   `{ whoami ` + strings.Repeat("@include(if: true) ", 1500) + `}`,
		"unknown ones": `{ whoami ` + strings.Repeat("@a", 3000) + `}`,
		"nesting":      `{ ` + strings.Repeat("all { ", 400) + `number` + strings.Repeat(" }", 401),
		"more nesting": strings.Repeat("{ a", 5000),
		"list values":  `{ echo(text: ` + strings.Repeat("[", 5000) + `) }`,
		"many values":  `{ number(of: [` + strings.Repeat("1 ", 9000) + `]) }`,
		"variables":    `query(` + strings.Repeat("$a: Int ", 2400) + `) { whoami }`,
		"arguments":    `{ echo(` + strings.Repeat(`a: 1 `, 3000) + `) }`,
		"operations":   strings.Repeat("query A { whoami } ", 1900),
		"bomb":         `{ all { ...F0 } } ` + bomb.String(),
		"spreads":      `{ all {` + spreads.String() + ` } } ` + bomb.String(),
		"lists":        `{ all { all { all { all { all { number } } } } } }`,
		"long pages":   `{ items(first: 1000000000) { edges { node { number } } } }`,
	}
}

func TestAFloodIsRefusedShortlyAndSoon(t *testing.T) {
	e := newEngine()
	for name, query := range floods() {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			codes := codesOf(t, e, query)
			took := time.Since(began)

			if len(codes) == 0 || len(codes) > 10 {
				t.Errorf("%d errors", len(codes))
			}
			t.Logf("%v in %v", codes[:min(1, len(codes))], took)
			if took > time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestAFloodIsRefusedByItsLimit(t *testing.T) {
	e := newEngine()
	queries := floods()
	for name, want := range map[string]error{
		"tokens": limit.TooLarge, "bytes": limit.TooLarge, "comments": limit.TooLarge, "directives": limit.TooLarge, "operations": limit.TooLarge,
		"nesting": limit.TooDeep, "lists": limit.TooExpensive, "long pages": limit.TooExpensive, "aliases": limit.TooExpensive, "fields": limit.TooExpensive,
	} {
		if codes := codesOf(t, e, queries[name]); len(codes) != 1 || !strings.HasPrefix(want.Error(), codes[0]+":") {
			t.Errorf("%s: got %v, want %v", name, codes, want)
		}
	}
}
