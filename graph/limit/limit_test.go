package limit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"pgregory.net/rapid"

	"parkbff/graph/limit"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
type Query { name: String item: Item all: [Item!]! items(first: Int): Connection! some(first: Int = 5): Connection! tags: [String!] }
type Item { name: String item: Item all: [Item] items(first: Int): Connection! }
type ItemConnection { edges: [Edge!]! nodes: [Item!]! }
type Connection { edges: [Edge!]! nodes: [Item!]! total: Int }
type Edge { node: Item }
`})

func parsed(t interface{ Fatal(...any) }, query string) *ast.QueryDocument {
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func valid(t interface{ Fatal(...any) }, query string) *ast.OperationDefinition {
	doc := parsed(t, query)
	if errs := validator.ValidateWithRules(schema, doc, nil); len(errs) > 0 {
		t.Fatal(errs)
	}
	return doc.Operations[0]
}

// costOf finds the least limit that lets the query pass.
func costOf(t interface{ Fatal(...any) }, query string, variables map[string]any) int {
	op := valid(t, query)
	low, high := 0, 1<<30
	for low < high {
		middle := (low + high) / 2
		if (limit.Limits{Cost: middle}).CheckCost(op, variables) == nil {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

func TestAFieldCostsOneAndAListWhatItMayHold(t *testing.T) {
	for query, want := range map[string]int{
		`{ name }`:              1,
		`{ a: name b: name }`:   2,
		`{ tags }`:              1,
		`{ item { name } }`:     2,
		`{ all { name name } }`: 1 + 10*2,
		`{ items(first: 3) { total edges { node { name } } } }`:       1 + 3*4,
		`{ items(first: 3) { nodes { name } } }`:                      1 + 3*2,
		`{ items { total } }`:                                         1 + 20,
		`{ items(first: null) { total } }`:                            1 + 20,
		`{ some { total } }`:                                          1 + 5,
		`{ some(first: 7) { total } }`:                                1 + 7,
		`{ items(first: -9) { total } }`:                              1 + 1,
		`{ items(first: 2) { nodes { items(first: 3) { total } } } }`: 1 + 2*(1+1+3),
		`{ all { all { name } } }`:                                    1 + 10*(1+10),
		`{ ...F ...F } fragment F on Query { name item { ...G } } fragment G on Item { name }`: 2 * 3,
		`{ ... on Query { name } ... { name } }`:                                               2,
		`{ __schema { types { fields { name } } } __typename }`:                                2,
		`{ name @skip(if: true) }`:                                                             1,
	} {
		if got := costOf(t, query, nil); got != want {
			t.Errorf("%s costs %d, want %d", query, got, want)
		}
	}
}

func TestVariablesAndTheirDefaultsSetTheCost(t *testing.T) {
	const query = `query($n: Int = 4) { items(first: $n) { total } }`
	for _, test := range []struct {
		variables map[string]any
		want      int
	}{
		{nil, 1 + 4},
		{map[string]any{"n": int64(9)}, 1 + 9},
		{map[string]any{"n": json.Number("9")}, 1 + 9},
		{map[string]any{"n": "9"}, 1 + 9},
		{map[string]any{"n": 9}, 1 + 9},
		{map[string]any{"n": 9.0}, 1 + 9},
		{map[string]any{"n": nil}, 1 + 20},
	} {
		if got := costOf(t, query, test.variables); got != test.want {
			t.Errorf("%v cost %d, want %d", test.variables, got, test.want)
		}
	}
}

func TestNoCostOverflows(t *testing.T) {
	nested := strings.Repeat(`items(first: $n) { nodes { `, 14) + `name` + strings.Repeat(` } }`, 14)
	op := valid(t, `query($n: Int) { `+nested+` }`)

	for _, n := range []int64{math.MaxInt64, math.MaxInt32, 100, 10_000_000} {
		err := limit.Usual().CheckCost(op, map[string]any{"n": n})
		if !errors.Is(err, limit.TooExpensive) {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestAFragmentBombIsMeasuredOnce(t *testing.T) {
	var bomb strings.Builder
	for i := range 40 {
		fmt.Fprintf(&bomb, "fragment F%d on Query { name ...F%d ...F%d }\n", i, i+1, i+1)
	}
	query := bomb.String() + "fragment F40 on Query { name }\n{ ...F0 }"

	if err := limit.Usual().CheckCost(valid(t, query), nil); !errors.Is(err, limit.TooExpensive) {
		t.Errorf("cost: %v", err)
	}
	if err := limit.Usual().CheckShape(parsed(t, query)); err != nil {
		t.Errorf("shape: %v", err)
	}
}

func TestAShapeBeyondTheLimitsIsRefused(t *testing.T) {
	nest := func(n int) string { return strings.Repeat("{ item ", n-1) + "{ name" + strings.Repeat(" }", n) }
	for name, test := range map[string]struct {
		query string
		want  error
	}{
		"deep enough":           {nest(15), nil},
		"too deep":              {nest(16), limit.TooDeep},
		"deep by fragments":     {`{ ...A } fragment A on Query ` + nest(15), nil},
		"too deep by fragment":  {`{ item { ...A } } fragment A on Item ` + nest(15), limit.TooDeep},
		"inline is no depth":    {`{ ... { ... ` + nest(15) + ` } }`, nil},
		"a fragment in itself":  {`{ ...A } fragment A on Query { name ...B } fragment B on Query { ...A }`, nil},
		"no such fragment":      {`{ ...A }`, nil},
		"wide":                  {`{` + strings.Repeat(" name", 501) + `}`, limit.TooLarge},
		"aliased":               {`{` + strings.Repeat(" a: name", 501) + `}`, limit.TooLarge},
		"wide in a fragment":    {`{ ...A } fragment A on Query {` + strings.Repeat(" name", 500) + `}`, limit.TooLarge},
		"many operations":       {strings.Repeat("query A { name }\n", 21), limit.TooLarge},
		"directives on a field": {`{ name` + strings.Repeat(" @include(if: true)", 51) + `}`, limit.TooLarge},
		"directives on all": {
			`query($a: Int` + strings.Repeat(" @a", 11) + `)` + strings.Repeat(" @a", 10) + ` { ... ` + strings.Repeat(" @a", 10) +
				` { name } ...F ` + strings.Repeat(" @a", 10) + ` } fragment F on Query ` + strings.Repeat(" @a", 10) + `{ name }`,
			limit.TooLarge,
		},
		"fifty directives":      {`{ name` + strings.Repeat(" @a", 50) + `}`, nil},
		"deferred":              {`{ ... @defer { name } }`, limit.NoDefer},
		"introspection":         {`{ __schema { types { name } } }`, limit.NoIntrospect},
		"of one type":           {`{ item { ...F } } fragment F on Item { a: __type(name: "Item") { name } }`, limit.NoIntrospect},
		"the name of each type": {`{ __typename }`, nil},
	} {
		if err := limit.Usual().CheckShape(parsed(t, test.query)); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func TestIntrospectionPassesWhereItIsOn(t *testing.T) {
	limits := limit.Usual()
	limits.Introspection = true

	if err := limits.CheckShape(parsed(t, `{ __schema { types { name } } }`)); err != nil {
		t.Error(err)
	}
}

func TestAskingForMoreNeverCostsLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inner := rapid.SampledFrom([]string{"name", "all { name }", "items { total }", "item { name all { name } }"}).Draw(t, "inner")
		outer := rapid.SampledFrom([]string{"item { %s }", "all { %s }", "items(first: 3) { nodes { %s } }"}).Draw(t, "outer")
		cost := costOf(t, `{ `+inner+` }`, nil)

		if more := costOf(t, `{ `+fmt.Sprintf(outer, inner)+` }`, nil); more <= cost {
			t.Fatalf("%s under %s costs %d, alone %d", inner, outer, more, cost)
		}
		if twice := costOf(t, `{ `+inner+` b: item { name } }`, nil); twice != cost+2 {
			t.Fatalf("%s and two fields cost %d, alone %d", inner, twice, cost)
		}
	})
}

func FuzzNoDocumentBreaksTheMeasure(f *testing.F) {
	f.Add(`{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }`)
	f.Add(`query($n: Int) { items(first: $n) { total } }`)
	f.Fuzz(func(_ *testing.T, query string) {
		doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, 1000)
		if err != nil || limit.Usual().CheckShape(doc) != nil || len(validator.ValidateWithRules(schema, doc, nil)) > 0 {
			return
		}
		for _, op := range doc.Operations {
			_ = limit.Usual().CheckCost(op, nil)
		}
	})
}

func BenchmarkCheckCost(b *testing.B) {
	op := valid(b, `{ items(first: 20) { edges { node { name item { name } all { name } } } } }`)
	b.ReportAllocs()
	for b.Loop() {
		if err := limit.Usual().CheckCost(op, nil); err != nil {
			b.Fatal(err)
		}
	}
}
