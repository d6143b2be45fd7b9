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

// tests are some of a package's.
type tests struct{ pkg, run string }

// onSQLite runs the subtests of one engine, and tests that have none: guards know nothing of the store.
const onSQLite = "./sqlite"

// Tests that must miss a guard, the quickest first. All but those of the policies and of the masks themselves go
// through the running API.
var (
	matrix     = tests{"server/matrix", onSQLite}
	api        = tests{"server", onSQLite}
	throughAPI = []tests{matrix, api, {"server/twoworld", onSQLite}}
	ofRows     = []tests{{"ent/schema/policy", onSQLite}, matrix, api}
	ofLeaving  = []tests{{"server", "^Test(WhatLeavesShowsWhatTheScreenShows|WhatWasTakenBackMeanwhileIsNotSent)$/sqlite"}}
	ofMasks    = []tests{{"graph", "."}} // what no row lets anybody meet

	// The matrix reads the guards from the contract, so of one that is gone it knows no more.
	ofContract = []tests{{"server", "^TestOneLiveStayAsEveryViewerSeesItOnEveryPath$/sqlite"}, api}
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
		case s.file == leavingFile, s.file == wordsFile:
			killer = ofLeaving
		case s.file == policyFile, s.file == parkingFile, s.file == ownFile:
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
