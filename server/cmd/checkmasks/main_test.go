package main

import (
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEveryGuardAndFormulaOfTheContractIsTakenAway(t *testing.T) {
	all := mutations(t)
	for _, want := range []string{
		"@mask on ParkingSession.lotName", "@mask on Notice.occurredAt", "@requires on Lot.gates",
		"formula HIDDEN", "swap VERIFIED for any vehicle", "from the SDL: @mask on ParkingSession.lot",
	} {
		if !slices.ContainsFunc(all, func(m mutation) bool { return m.name == want }) {
			t.Errorf("%q is not tried", want)
		}
	}
}

func TestEverySwitchFindsItsPlaceAndLeavesASoundSource(t *testing.T) {
	for _, file := range []string{maskFile, requiresFile, shownFile, viewerFile, policyFile, parkingFile} {
		source := read(t, file)
		changed, err := switchable(file, source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), file, changed, 0); err != nil || changed == source {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestASwitchWithoutAPlaceIsAnError(t *testing.T) {
	if _, err := switchable(maskFile, "package directive"); err == nil {
		t.Error("nothing can be switched off, and nobody said so")
	}
}

func TestADirectiveIsTakenOutOfTheSDLAndNothingElse(t *testing.T) {
	for _, r := range removals {
		sdl := read(t, r.file)
		without, err := r.from(sdl)
		if err != nil {
			t.Fatal(err)
		}
		mark := "@" + r.guard.directive + "("
		if was, is := strings.Count(sdl, mark), strings.Count(without, mark); is != was-1 {
			t.Errorf("%s: %d of %d are left", r.guard, is, was)
		}
		if _, err := r.from(without); err == nil {
			t.Errorf("%s was taken out twice", r.guard)
		}
	}
}

func TestSamplesOfManyDaysAreWhole(t *testing.T) {
	all, tried := mutations(t), map[string]bool{}
	for day := range 30 {
		sample := sampleOf(all, day)
		if len(sample) != 4 {
			t.Fatalf("%d are tried on day %d", len(sample), day)
		}
		for _, m := range sample {
			tried[m.name] = true
		}
	}
	for _, m := range all {
		if (strings.HasPrefix(m.name, "@") || strings.HasPrefix(m.name, "swap ")) && !tried[m.name] {
			t.Errorf("%s is never in a sample", m.name)
		}
	}
}

func mutations(t *testing.T) []mutation {
	t.Helper()
	all, err := allMutations()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	source, err := os.ReadFile("../../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}
