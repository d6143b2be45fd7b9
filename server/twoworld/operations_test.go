package twoworld_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/contract"
)

// operation is one request.
type operation struct {
	field string // of the root
	text  string
	vars  map[string]any
	files map[string][]byte
}

// author writes every operation that the contract allows: for each field of a root type, and for each
// field with arguments that is reached from one, all that can be selected below it, once for each value
// that is worth trying.
type author struct {
	t      *testing.T
	schema *ast.Schema
	met    *acquaintance

	selections map[string]string // that were written already
}

// readContract reads it once: an author is made for every viewer and every look.
var readContract = sync.OnceValues(func() (*ast.Schema, error) {
	return gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(contract.SDL)})
})

func newAuthor(t *testing.T, met *acquaintance) *author {
	t.Helper()
	schema, err := readContract()
	if err != nil {
		t.Fatal(err)
	}
	return &author{t: t, schema: schema, met: met, selections: map[string]string{}}
}

// queries are all operations on Query: each root field with every value of its arguments, and each field
// below with every value of its own.
func (a *author) queries() []operation {
	ops := a.operations(a.schema.Query, "query")
	for _, route := range a.routes() {
		last := route[len(route)-1]
		for _, arguments := range a.argumentSets(last.owner, last.field) {
			ops = append(ops, a.write("query", route, arguments, plain))
		}
	}
	return ops
}

// mutations are all operations on Mutation that end no sign-in, those that take the viewer's own rights away last.
func (a *author) mutations() []operation {
	ops := slices.DeleteFunc(a.operations(a.schema.Mutation, "mutation"), func(op operation) bool {
		return slices.Contains(ending, op.field)
	})
	slices.SortStableFunc(ops, func(x, y operation) int {
		return slices.Index(parting, x.field) - slices.Index(parting, y.field)
	})
	return ops
}

// endings are the operations on one field of Mutation.
func (a *author) endings(field string) []operation {
	return slices.DeleteFunc(a.operations(a.schema.Mutation, "mutation"), func(op operation) bool { return op.field != field })
}

func (a *author) subscriptions() []operation {
	return a.operations(a.schema.Subscription, "subscription")
}

func (a *author) operations(root *ast.Definition, kind string) []operation {
	var ops []operation
	for _, field := range root.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		route := []hop{{root.Name, field}}
		for i, arguments := range a.argumentSets(root.Name, field) {
			ops = append(ops, a.write(kind, route, arguments, plain))
			if i == 0 && kind == "query" {
				ops = append(ops, a.write(kind, route, arguments, disguised))
			}
		}
	}
	return ops
}

// hop is one field on the way from the root.
type hop struct {
	owner string
	field *ast.FieldDefinition
}

// routes are the shortest ways to every field below the root of queries that takes arguments.
func (a *author) routes() [][]hop {
	var found [][]hop
	been := map[string]bool{}
	var waiting [][]hop
	spread := func(def *ast.Definition, so []hop) {
		for _, field := range def.Fields {
			if !strings.HasPrefix(field.Name, "__") {
				waiting = append(waiting, append(slices.Clone(so), hop{def.Name, field}))
			}
		}
	}
	for spread(a.schema.Query, nil); len(waiting) > 0; waiting = waiting[1:] {
		route := waiting[0]
		last := route[len(route)-1]
		if len(route) > 1 && len(last.field.Arguments) > 0 {
			found = append(found, route)
		}
		if def := a.schema.Types[last.field.Type.Name()]; def.Kind == ast.Object && !been[def.Name] {
			been[def.Name] = true
			spread(def, route)
		}
	}
	return found
}

// argumentSets are the sets of arguments to try on a field: the least that it needs, all that it takes,
// and each value of each argument.
func (a *author) argumentSets(owner string, field *ast.FieldDefinition) []map[string]any {
	least, most := map[string]any{}, map[string]any{}
	values := map[string][]any{}
	for _, argument := range field.Arguments {
		tried := a.valuesFor(owner, field, argument)
		values[argument.Name], most[argument.Name] = tried, tried[0]
		if argument.Type.NonNull {
			least[argument.Name] = tried[0]
		}
	}
	sets := []map[string]any{least}
	if len(field.Arguments) > 1 {
		sets = append(sets, most)
	}
	for _, argument := range field.Arguments {
		for _, value := range values[argument.Name] {
			set := maps.Clone(least)
			set[argument.Name] = value
			sets = append(sets, set)
		}
	}
	return sets
}

// valuesFor are the values to try on an argument. To a list all cursors of others are alike, so one of them is enough.
func (a *author) valuesFor(owner string, field *ast.FieldDefinition, argument *ast.ArgumentDefinition) []any {
	if argument.Name == "after" {
		edge := strings.TrimSuffix(field.Type.Name(), "Connection") + "Edge"
		return append(a.met.cursorsOf(edge), "rubbish", "AAAAAAAAAAAAAAAAAAAAAA", "")
	}
	return a.valuesOf(owner+"."+field.Name+"."+argument.Name, argument.Type)
}

// valuesOf are the values to try on an argument or an input field: those of the table of trials, or what
// the type itself allows.
func (a *author) valuesOf(coordinate string, typ *ast.Type) []any {
	if trial, ok := trials[coordinate]; ok {
		return trial(a.met)
	}
	def := a.schema.Types[typ.Name()]
	switch {
	case typ.Elem != nil:
		return []any{a.valuesOf(coordinate+"[]", typ.Elem), []any{}}
	case def.Kind == ast.Enum:
		var all []any
		for _, value := range def.EnumValues {
			all = append(all, value.Name)
		}
		return all
	case def.Kind == ast.InputObject:
		return a.objectsOf(def)
	case def.Name == "Boolean":
		return []any{true, false}
	case def.Name == "ID":
		return append(a.met.someIDs(), "rubbish", "AAAAAAAAAAAAAAAAAAAAAA")
	}
	name := coordinate[strings.LastIndex(coordinate, ".")+1:]
	if trial, ok := trials[name]; ok {
		return trial(a.met)
	}
	a.t.Fatalf("say in trials with which values to try %s", coordinate)
	return nil
}

// objectsOf varies one field of an input at a time.
func (a *author) objectsOf(def *ast.Definition) []any {
	if def.Directives.ForName("oneOf") != nil {
		var each []any
		for _, field := range def.Fields {
			for _, value := range a.valuesOf(def.Name+"."+field.Name, field.Type) {
				each = append(each, map[string]any{field.Name: value})
			}
		}
		return each
	}
	usual := map[string]any{}
	values := map[string][]any{}
	for _, field := range def.Fields {
		values[field.Name] = a.valuesOf(def.Name+"."+field.Name, field.Type)
		usual[field.Name] = values[field.Name][0]
	}
	all := []any{usual}
	for _, field := range def.Fields {
		for _, value := range values[field.Name][1:] {
			varied := maps.Clone(usual)
			varied[field.Name] = value
			all = append(all, varied)
		}
	}
	return all
}

// file is a value of an Upload.
type file []byte

// filesIn takes the files out of variables, as the multipart request has them apart.
func filesIn(path string, value any, found map[string][]byte) any {
	switch v := value.(type) {
	case file:
		found[path] = v
		return nil
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range v {
			kept[key] = filesIn(path+"."+key, inner, found)
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i, inner := range v {
			kept[i] = filesIn(path+"."+strconv.Itoa(i), inner, found)
		}
		return kept
	}
	return value
}
