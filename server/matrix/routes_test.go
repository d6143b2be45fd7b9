package matrix_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/contract"
)

// readContract reads the contract once.
var readContract = sync.OnceValues(func() (*ast.Schema, error) {
	return gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(contract.SDL)})
})

// guardedFields are the fields with @mask or @requires, by type.
func guardedFields(schema *ast.Schema) map[string]ast.FieldList {
	guarded := map[string]ast.FieldList{}
	for _, def := range schema.Types {
		for _, field := range def.Fields {
			if field.Directives.ForName("mask") != nil || field.Directives.ForName("requires") != nil {
				guarded[def.Name] = append(guarded[def.Name], field)
			}
		}
	}
	return guarded
}

// hop is one field on a way from the root, and the type of object that it is followed into.
type hop struct {
	owner *ast.Definition
	field *ast.FieldDefinition
	into  *ast.Definition
}

func (h hop) coordinate() string { return h.owner.Name + "." + h.field.Name }

// routes are all ways from a root to objects with guarded fields that meet no type twice.
func (m *matrix) routes(root *ast.Definition, only string) [][]hop {
	var found [][]hop
	var walk func(def *ast.Definition, so []hop)
	walk = func(def *ast.Definition, so []hop) {
		for _, field := range def.Fields {
			if strings.HasPrefix(field.Name, "__") || len(so) == 0 && only != "" && field.Name != only {
				continue
			}
			for _, into := range m.objects(field) {
				if slices.ContainsFunc(so, func(h hop) bool { return h.into == into }) {
					continue
				}
				route := append(slices.Clone(so), hop{def, field, into})
				if m.guarded[into.Name] != nil {
					found = append(found, route)
				}
				walk(into, route)
			}
		}
	}
	walk(root, nil)
	return found
}

// objects are the types of object that a field may answer.
func (m *matrix) objects(field *ast.FieldDefinition) []*ast.Definition {
	def := m.schema.Types[field.Type.Name()]
	if !def.IsCompositeType() {
		return nil
	}
	return m.schema.GetPossibleTypes(def)
}

// operation is one request.
type operation struct {
	way  string
	text string
	vars map[string]any
}

// write writes the operation that goes a route and selects every guarded field at its end. Disguised, every
// field has an alias, and the end stands in a fragment.
func (m *matrix) write(kind string, route []hop, given map[string]any, disguised bool) operation {
	end := route[len(route)-1].into
	selection, fragment := m.selectionOf(end, disguised), ""
	if disguised {
		selection, fragment = "...End", " fragment End on "+end.Name+" { "+selection+" }"
	}
	var declared []string
	for i, h := range slices.Backward(route) {
		if def := m.schema.Types[h.field.Type.Name()]; def.IsAbstractType() {
			selection = "... on " + h.into.Name + " { " + selection + " }"
		}
		var arguments []string
		for _, a := range h.field.Arguments {
			switch {
			case a.Name == "first":
				arguments = append(arguments, "first: 20")
			case i == 0 && given[a.Name] != nil:
				declared = append(declared, "$"+a.Name+": "+a.Type.String())
				arguments = append(arguments, a.Name+": $"+a.Name)
			}
		}
		before := ""
		if i > 0 {
			before = "__typename "
		}
		before += known(h.owner)
		selection = before + alias(h.field.Name, disguised) + brackets(arguments) + " { " + selection + " }"
	}
	return operation{way: spelled(route, disguised), text: kind + brackets(declared) + " { " + selection + " }" + fragment, vars: given}
}

func (m *matrix) selectionOf(def *ast.Definition, disguised bool) string {
	parts := []string{"__typename", known(def)}
	for _, field := range m.guarded[def.Name] {
		target, below, first := m.schema.Types[field.Type.Name()], "", ""
		if field.Arguments.ForName("first") != nil {
			first = "(first: 1)"
		}
		if target.IsCompositeType() {
			below = " { __typename " + known(target) + "}"
		}
		parts = append(parts, alias(field.Name, disguised)+first+below)
	}
	return strings.Join(parts, " ")
}

// known are the fields by which an object is known.
func known(def *ast.Definition) (fields string) {
	for _, name := range []string{"id", "code"} {
		if def.Fields.ForName(name) != nil {
			fields += name + " "
		}
	}
	return fields
}

func spelled(route []hop, disguised bool) string {
	names := make([]string, len(route))
	for i, h := range route {
		names[i] = h.field.Name
	}
	way := strings.Join(names, ".")
	if disguised {
		way += ", disguised"
	}
	return way
}

func alias(name string, disguised bool) string {
	if disguised {
		return "x_" + name + ": " + name
	}
	return name
}

func brackets(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// queries are the operations on every route from the root of queries, once for each value with which its
// first field can be asked.
func (m *matrix) queries(t *testing.T) []operation {
	var ops []operation
	for _, route := range m.routes(m.schema.Query, "") {
		for i, given := range m.given(t, route[0]) {
			ops = append(ops, m.write("query", route, given, false))
			if i == 0 {
				ops = append(ops, m.write("query", route, given, true))
			}
		}
	}
	return ops
}

// given are the sets of arguments with which to ask a field of the root.
func (m *matrix) given(t *testing.T, root hop) []map[string]any {
	for _, a := range root.field.Arguments {
		if !a.Type.NonNull {
			continue
		}
		values, known := m.asks[root.coordinate()+"."+a.Name]
		if !known {
			t.Fatalf("say in asks with which values to ask %s.%s", root.coordinate(), a.Name)
		}
		switch root.coordinate() {
		case "Query.node":
			values = m.idsInto(root.into.Name, values)
		case "Query.nodes":
			values = []any{m.idsInto(root.into.Name, values[0].([]any))}
		}
		var sets []map[string]any
		for _, value := range values {
			sets = append(sets, map[string]any{a.Name: value})
		}
		return sets
	}
	return []map[string]any{nil}
}

// idsInto are the ids that lead into a type, and one that does not: nothing is shown of the others there.
func (m *matrix) idsInto(typ string, ids []any) []any {
	leads := func(id any) bool { return m.records[id.(string)].typ == typ }
	into := slices.DeleteFunc(slices.Clone(ids), func(id any) bool { return !leads(id) })
	astray := slices.DeleteFunc(slices.Clone(ids), leads)
	return append(into, astray[:1]...)
}

// mutation writes one that answers an object with guarded fields, on every route from its payload.
func (m *matrix) mutation(t *testing.T, name string, input any) []operation {
	var ops []operation
	for _, route := range m.routes(m.schema.Mutation, name) {
		var given map[string]any
		for _, argument := range route[0].field.Arguments {
			given = map[string]any{argument.Name: input}
		}
		ops = append(ops, m.write("mutation", route, given, len(ops)%2 == 1))
	}
	if len(ops) == 0 {
		t.Fatalf("%s answers nothing that is guarded", name)
	}
	return ops
}
