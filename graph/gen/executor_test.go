package main

// The two executors under testdata are generated, from the root of the repository, by
//
//	go tool gqlgen generate --config graph/gen/testdata/stock.yml
//	go run ./graph/gen -config graph/gen/testdata/serial.yml -contract graph/gen/testdata/contract.graphql

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/google/go-cmp/cmp"

	serialexec "parkbff/graph/gen/testdata/serial"
	"parkbff/graph/gen/testdata/shop"
	stockexec "parkbff/graph/gen/testdata/stock"
	"parkbff/graph/relay"
)

type (
	stockRoot  struct{ *shop.Shop }
	serialRoot struct{ *shop.Shop }
)

func (r stockRoot) Query() stockexec.QueryResolver         { return r }
func (r stockRoot) Mutation() stockexec.MutationResolver   { return r }
func (r serialRoot) Query() serialexec.QueryResolver       { return r }
func (r serialRoot) Mutation() serialexec.MutationResolver { return r }

func newStock() graphql.ExecutableSchema {
	return stockexec.NewExecutableSchema(stockexec.Config{
		Resolvers:  stockRoot{&shop.Shop{}},
		Directives: stockexec.DirectiveRoot{Shelf: unchanged},
	})
}

func newSerial() graphql.ExecutableSchema {
	return serialexec.NewExecutableSchema(serialexec.Config{
		Resolvers:  serialRoot{&shop.Shop{}},
		Directives: serialexec.DirectiveRoot{Shelf: unchanged},
	})
}

func TestTheSerialExecutorAnswersWhatTheStockOneAnswers(t *testing.T) {
	for name, query := range map[string]string{
		"a list in its order":               `{ items(count: 50) { id name stock parts { name } } }`,
		"an empty list":                     `{ items(count: 0) { name } }`,
		"a list of one":                     `{ items(count: 1) { name exactPrice } }`,
		"a null item":                       `{ possibleItems(count: 12) { name } }`,
		"a failed field":                    `{ items(count: 7) { name price } }`,
		"a failure that takes its item":     `{ possibleItems(count: 7) { name exactPrice } }`,
		"a failure that takes everything":   `{ items(count: 7) { exactPrice } }`,
		"lists in lists":                    `{ shelves(count: 4) { name price parts { price } } }`,
		"an item that panics":               `{ strangers { id ... on Item { name } } items(count: 2) { name } }`,
		"a page and its cursors":            `{ itemPage { edges { cursor node { id name } } pageInfo { hasNextPage startCursor endCursor } } }`,
		"an input in variables":             `query($in: ItemInput) { filtered(input: $in) { name } }`,
		"an input in the text":              `mutation { addItem(input: {name: "axe", parts: [{name: "blade"}]}) { id name } }`,
		"an input that is not there":        `{ filtered { name } }`,
		"the schema itself":                 `{ __schema { types { name fields { name args { name } } } } }`,
		"fragments, aliases and directives": `{ a: items(count: 3) { ...f } b: items(count: 2) { n: name @skip(if: true) id } } fragment f on Item { k: id stock(after: 5) }`,
		"an id that does not open":          `{ node(id: "forged") { id } }`,
	} {
		t.Run(name, func(t *testing.T) {
			variables := map[string]any{"in": map[string]any{"name": "saw", "parts": []any{map[string]any{"name": "tooth"}}}}

			stock, serial := ask(t, newStock(), query, variables), ask(t, newSerial(), query, variables)

			if diff := cmp.Diff(stock, serial); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnItemThatPanicsLeavesAnErrorAtItsPath(t *testing.T) {
	got := ask(t, newSerial(), `{ strangers { id } }`, nil)

	if len(got.Errors) != 1 || !strings.Contains(got.Errors[0], `"path":["strangers",1]`) {
		t.Errorf("got %v", got.Errors)
	}
}

func TestAnIDAndACursorOfOneAnswerAreGoodInTheNext(t *testing.T) {
	first := ask(t, newSerial(), `{ itemPage(first: 2) { edges { node { id } } pageInfo { endCursor } } }`, nil)
	var page struct {
		ItemPage struct {
			Edges    []struct{ Node struct{ ID string } }
			PageInfo struct{ EndCursor string }
		}
	}
	if err := json.Unmarshal([]byte(first.Data), &page); err != nil {
		t.Fatal(err)
	}

	got := ask(t, newSerial(), `query($id: ID!, $after: Cursor) {
		node(id: $id) { id ... on Item { name } }
		itemPage(first: 1, after: $after) { edges { node { name } } }
	}`, map[string]any{"id": page.ItemPage.Edges[1].Node.ID, "after": page.ItemPage.PageInfo.EndCursor})

	want := answer{Data: `{"node":{"id":"` + page.ItemPage.Edges[1].Node.ID + `","name":"item 2"},` +
		`"itemPage":{"edges":[{"node":{"name":"item 3"}}]}}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGoroutinesDoNotRiseWithTheRows(t *testing.T) {
	few, many := mostGoroutines(t, newSerial(), 2), mostGoroutines(t, newSerial(), 500)

	// Fields with a context still run beside each other, one row at a time.
	if many > few+2 {
		t.Errorf("%d goroutines for 2 rows, %d for 500", few, many)
	}
}

func TestTheSerialExecutorIsTheStockOneRewritten(t *testing.T) {
	files, err := filepath.Glob("testdata/stock/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join("testdata/serial", filepath.Base(file)))
		if err != nil {
			t.Fatal(err)
		}

		got, _, err := serialize(text)

		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator makes of it today (error %v)", file, err)
		}
	}
}

func BenchmarkAPageOfTwenty(b *testing.B) {
	for name, schema := range map[string]graphql.ExecutableSchema{"stock": newStock(), "serial": newSerial()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ask(b, schema, `{ items(count: 20) { id name } }`, nil)
			}
		})
	}
}

func unchanged(ctx context.Context, _ any, next graphql.Resolver, _ string) (any, error) {
	return next(ctx)
}

// answer is a response as a client reads it, with the errors in an order that does not depend on which
// goroutine came first.
type answer struct {
	Data   string
	Errors []string
}

func ask(t testing.TB, schema graphql.ExecutableSchema, query string, variables map[string]any) answer {
	t.Helper()
	sealer, err := relay.NewSealer(bytes.Repeat([]byte{7}, 32), "Item")
	if err != nil {
		t.Fatal(err)
	}
	exec := executor.New(schema)
	exec.Use(extension.Introspection{})
	exec.SetRecoverFunc(func(context.Context, any) error { return errors.New("recovered") })

	ctx := graphql.StartOperationTrace(relay.WithSealer(t.Context(), sealer))
	operation, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables})
	if errs != nil {
		t.Fatal(errs)
	}
	respond, ctx := exec.DispatchOperation(ctx, operation)
	response := respond(ctx)
	got := answer{Data: string(response.Data)}
	for _, err := range response.Errors {
		text, err := json.Marshal(err)
		if err != nil {
			t.Fatal(err)
		}
		got.Errors = append(got.Errors, string(text))
	}
	slices.Sort(got.Errors)
	return got
}

func mostGoroutines(t *testing.T, schema graphql.ExecutableSchema, rows int) int {
	t.Helper()
	got := ask(t, schema, `{ items(count: `+strconv.Itoa(rows)+`) { goroutines stock parts { goroutines } } }`, nil)
	var data struct{ Items []struct{ Goroutines int } }
	if err := json.Unmarshal([]byte(got.Data), &data); err != nil {
		t.Fatal(err)
	}
	return data.Items[rows-1].Goroutines
}
