// Package policymatrix prints who may do and see what, from the table of services, the catalogue of purposes
// and the contract, so that the document cannot say anything else than the program does.
package policymatrix

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Kind of what guards a field.
type Kind int

// Kinds.
const (
	Unguarded Kind = iota
	Masked
	Required
	Reasoned
)

// laxity orders them, the strictest first.
func (k Kind) laxity() int { return slices.Index([]Kind{Masked, Required, Reasoned, Unguarded}, k) }

// Guard says why a field may be shown: masked unless a fact holds, required to hold a fact, or clear for a
// reason.
type Guard struct {
	Kind Kind
	How  string // the formula; empty unless masked
	Why  string // the fact, or the reason
}

// Field is one field that a stay leads to.
type Field struct {
	Type, Name string
	Guard      Guard
	// Through is the field whose guard this one stands behind, as Type.field; empty for a guard of its own.
	Through string
}

// behind is a guard and the edge that it stands on.
type behind struct {
	guard Guard
	edge  string
}

// reach is what can be reached, with the laxest guard under which each type is.
type reach struct {
	schema *ast.Schema
	types  map[string]behind
}

// Reached answers every field that the roots lead to through fields that answer objects, sorted. A field goes
// by its own directive. One without goes by the edge behind which its type lies: whoever may not pass a masked
// edge gets null and nothing of what lies behind it, and the reason of a clear edge is the reason for all of
// it. A type behind several edges goes by the laxest. A field of a root has no edge to go by: without a
// directive of its own it is Unguarded.
func Reached(schema *ast.Schema, roots ...string) []Field {
	r := reach{schema: schema, types: map[string]behind{}}
	for _, root := range roots {
		r.types[root] = behind{}
	}
	for _, root := range roots {
		r.follow(root)
	}
	var all []Field
	for _, name := range slices.Sorted(maps.Keys(r.types)) {
		for _, f := range fieldsOf(schema.Types[name]) {
			all = append(all, r.field(name, f))
		}
	}
	slices.SortStableFunc(all, func(a, b Field) int {
		return cmp.Or(cmp.Compare(place(roots, a.Type), place(roots, b.Type)), strings.Compare(a.Type, b.Type))
	})
	return all
}

// place puts the roots first.
func place(roots []string, name string) int {
	if i := slices.Index(roots, name); i >= 0 {
		return i
	}
	return len(roots)
}

func (r *reach) follow(name string) {
	for _, f := range fieldsOf(r.schema.Types[name]) {
		here := r.field(name, f)
		edge := here.Through
		if edge == "" {
			edge = name + "." + f.Name
		}
		for _, next := range r.objects(f.Type.Name()) {
			known, met := r.types[next]
			if met && (known.edge == "" || known.guard.Kind.laxity() >= here.Guard.Kind.laxity()) {
				continue
			}
			r.types[next] = behind{here.Guard, edge}
			r.follow(next)
		}
	}
}

// objects are the object types that a field of a type may answer.
func (r *reach) objects(name string) []string {
	def := r.schema.Types[name]
	switch def.Kind {
	case ast.Object:
		return []string{name}
	case ast.Interface, ast.Union:
		var names []string
		for _, possible := range r.schema.GetPossibleTypes(def) {
			names = append(names, possible.Name)
		}
		return names
	}
	return nil
}

func (r *reach) field(name string, f *ast.FieldDefinition) Field {
	if own := guardOf(f); own.Kind != Unguarded {
		return Field{Type: name, Name: f.Name, Guard: own}
	}
	b := r.types[name]
	return Field{Type: name, Name: f.Name, Guard: b.guard, Through: b.edge}
}

func guardOf(f *ast.FieldDefinition) Guard {
	text := func(d *ast.Directive, argument string) string { return d.Arguments.ForName(argument).Value.Raw }
	if d := f.Directives.ForName("mask"); d != nil {
		return Guard{Masked, text(d, "as"), text(d, "unless")}
	}
	if d := f.Directives.ForName("requires"); d != nil {
		return Guard{Kind: Required, Why: text(d, "fact")}
	}
	if d := f.Directives.ForName("clear"); d != nil {
		return Guard{Kind: Reasoned, Why: text(d, "why")}
	}
	return Guard{}
}

func fieldsOf(def *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(slices.Clone(def.Fields), func(f *ast.FieldDefinition) bool { return strings.HasPrefix(f.Name, "__") })
}

// Count of fields by what guards them.
type Count struct{ All, Masked, Required, Reasoned int }

// CountOf counts fields.
func CountOf(fields []Field) Count {
	c := Count{All: len(fields)}
	for _, f := range fields {
		switch f.Guard.Kind {
		case Masked:
			c.Masked++
		case Required:
			c.Required++
		case Reasoned:
			c.Reasoned++
		}
	}
	return c
}
