package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/contract"
)

// guard is one directive on one field of the contract.
type guard struct{ typ, field, directive string }

func (g guard) coordinate() string { return g.typ + "." + g.field }
func (g guard) String() string     { return "@" + g.directive + " on " + g.coordinate() }

// sources of the directives that guard fields, in graph/directive, and the functions they are.
var sources = map[string]struct{ file, function string }{
	"mask":     {"mask.go", "Mask"},
	"requires": {"requires.go", "Requires"},
}

// guardsOfContract are all guards, by coordinate.
func guardsOfContract() ([]guard, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(contract.SDL)})
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	var guards []guard
	for _, def := range schema.Types {
		for _, field := range def.Fields {
			for _, directive := range field.Directives {
				if _, isGuard := sources[directive.Name]; isGuard {
					guards = append(guards, guard{def.Name, field.Name, directive.Name})
				}
			}
		}
	}
	slices.SortFunc(guards, func(x, y guard) int {
		return cmp.Or(cmp.Compare(x.coordinate(), y.coordinate()), cmp.Compare(x.directive, y.directive))
	})
	return guards, nil
}

// without answers the source of a directive with one guard taken away.
func without(source string, g guard) (string, error) {
	head := "func " + sources[g.directive].function + "("
	start := strings.Index(source, head)
	if start < 0 {
		return "", fmt.Errorf("there is no %s) in the source of @%s", head, g.directive)
	}
	body := start + strings.Index(source[start:], "{\n") + len("{\n")
	away := fmt.Sprintf("\tif at := graphql.GetFieldContext(ctx); at != nil && at.Object == %q && at.Field.Name == %q {\n\t\treturn next(ctx)\n\t}\n",
		g.typ, g.field)
	return source[:body] + away + source[body:], nil
}
