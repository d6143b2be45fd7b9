package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/contract"
)

// guard is one directive on one field of the contract.
type guard struct{ typ, field, directive string }

func (g guard) coordinate() string { return g.typ + "." + g.field }
func (g guard) String() string     { return "@" + g.directive + " on " + g.coordinate() }

// directives that guard fields.
var directives = []string{"mask", "requires"}

// readContract answers all guards, by coordinate, and all formulas.
func readContract() (guards []guard, formulas []string, err error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(contract.SDL)})
	if err != nil {
		return nil, nil, fmt.Errorf("read the contract: %w", err)
	}
	for _, def := range schema.Types {
		for _, field := range def.Fields {
			for _, directive := range field.Directives {
				if slices.Contains(directives, directive.Name) {
					guards = append(guards, guard{def.Name, field.Name, directive.Name})
				}
			}
		}
	}
	slices.SortFunc(guards, func(x, y guard) int {
		return cmp.Or(cmp.Compare(x.coordinate(), y.coordinate()), cmp.Compare(x.directive, y.directive))
	})
	for _, value := range schema.Types["MaskFormula"].EnumValues {
		formulas = append(formulas, value.Name)
	}
	return guards, formulas, nil
}

// Packages whose tests must miss a guard, the quickest first. All but the policies' and the masks' own go
// through the running API.
var (
	throughAPI = []string{"server/matrix", "server", "server/twoworld"}
	ofRows     = []string{"ent/schema/policy", "server/matrix", "server"}
	ofMasks    = []string{"graph"}                   // what no row lets anybody meet
	ofContract = []string{"server", "server/matrix"} // a matrix of the contract alone would know of no mask
)

// allMutations are what can be taken away.
func allMutations() ([]mutation, error) {
	guards, formulas, err := readContract()
	if err != nil {
		return nil, err
	}
	var all []mutation
	for _, g := range guards {
		all = append(all, mutation{name: g.String(), killer: throughAPI})
	}
	for _, formula := range formulas {
		all = append(all, mutation{name: "formula " + formula, killer: throughAPI})
	}
	for _, s := range switches {
		if s.name == "" {
			continue
		}
		killer := throughAPI
		switch {
		case s.file == policyFile:
			killer = ofRows
		case s.name == masksLot:
			killer = ofMasks
		}
		all = append(all, mutation{name: s.name, killer: killer})
	}
	for _, r := range removals {
		all = append(all, mutation{name: "from the SDL: " + r.guard.String(), killer: ofContract, remove: &r})
	}
	return all, nil
}
