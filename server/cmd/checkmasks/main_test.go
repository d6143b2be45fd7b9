package main

import (
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEveryGuardOfTheContractIsFound(t *testing.T) {
	guards, err := guardsOfContract()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range []guard{
		{"ParkingSession", "lotName", "mask"}, {"Notice", "occurredAt", "mask"}, {"Lot", "gates", "requires"},
	} {
		if !slices.Contains(guards, g) {
			t.Errorf("%s is not found", g)
		}
	}
}

func TestTakingAGuardAwayLeavesASoundDirective(t *testing.T) {
	guards, err := guardsOfContract()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range guards {
		source, err := os.ReadFile("../../../graph/directive/" + sources[g.directive].file)
		if err != nil {
			t.Fatal(err)
		}
		changed, err := without(string(source), g)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "changed.go", changed, 0); err != nil {
			t.Errorf("%s: %v", g, err)
		}
		if !strings.Contains(changed, `at.Object == "`+g.typ+`"`) {
			t.Errorf("%s is still there", g)
		}
	}
}

func TestADirectiveThatCannotBeFoundIsAnError(t *testing.T) {
	if _, err := without("package directive", guard{"Lot", "gates", "requires"}); err == nil {
		t.Error("nothing was taken away, and nobody said so")
	}
}
