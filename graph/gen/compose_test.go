package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestTheContractFoldsExtensionsAndKeepsTheOrderOfFiles(t *testing.T) {
	got, err := compose(sdl(
		"b.graphql", "\"A lot.\"\ntype Lot { name: String }\nextend type Query { lot: Lot }",
		"a.graphql", "type Query { a: Int }\nextend type Lot { open: Boolean }",
	))
	if err != nil {
		t.Fatal(err)
	}

	want := contractHeader + `
type Query {
  a: Int
  lot: Lot
}

"""
A lot.
"""
type Lot {
  name: String
  open: Boolean
}
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheContractShowsThePolicyAndNotThePlumbing(t *testing.T) {
	got, err := compose(sdl("a.graphql", `
		directive @goField(name: String) on FIELD_DEFINITION
		directive @goModel(model: String) on OBJECT | ENUM
		"Masks."
		directive @mask(as: Mask!, unless: [String!]! = ["VERIFIED"]) repeatable on FIELD_DEFINITION
		enum Mask @goModel(model: "m") { "Nothing." HIDDEN }
		type Query @goModel(model: "q") { a: Int @mask(as: HIDDEN) @goField(name: "b") }`))
	if err != nil {
		t.Fatal(err)
	}

	for _, want := range []string{"  a: Int @mask(as: HIDDEN)\n", "Masks.", "Nothing.", `= ["VERIFIED"]`, "repeatable"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "@go") {
		t.Errorf("plumbing shows in\n%s", got)
	}
}

func TestABlankLineInADescriptionIsBlank(t *testing.T) {
	got, err := compose(sdl("a.graphql", "type Query {\n  \"\"\"\n  One.\n\n  Two.\n  \"\"\"\n  a: Int\n}"))
	if err != nil {
		t.Fatal(err)
	}

	if !strings.Contains(got, "  One.\n\n  Two.\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestTheContractOfTheContractIsTheContract(t *testing.T) {
	once := contentOf(t, "testdata/contract.graphql")

	twice, err := compose(sdl("schema.graphql", once))
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(once, twice); diff != "" {
		t.Error(diff)
	}
}

func TestTheOrderInWhichFilesAreReadDoesNotMatter(t *testing.T) {
	want := contentOf(t, "testdata/contract.graphql")
	for range 10 {
		sources := shopSources(t)
		slices.Reverse(sources)

		got, err := compose(sources)
		if err != nil {
			t.Fatal(err)
		}

		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestBrokenSDLMakesNoContract(t *testing.T) {
	for _, text := range []string{"type Query {", "type Query { a: Nowhere }", "extend type Query { a: Int @unknown }"} {
		if got, err := compose(sdl("a.graphql", text)); err == nil {
			t.Errorf("%s became\n%s", text, got)
		}
	}
}

func TestWhatWasMadeOfAnSDLFileThatIsGoneGoesToo(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"root_", "prelude", "parking", "gone"} {
		if err := os.WriteFile(filepath.Join(folder, name+".generated.go"), nil, readable); err != nil {
			t.Fatal(err)
		}
	}
	byHand := filepath.Join(folder, "doc.go")
	if err := os.WriteFile(byHand, nil, readable); err != nil {
		t.Fatal(err)
	}
	layout := config.ExecConfig{Layout: config.ExecLayoutFollowSchema, DirName: folder}

	if err := removeStale(layout, sdl("graph/schema/parking.graphql", "")); err != nil {
		t.Fatal(err)
	}

	left, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if diff := cmp.Diff([]string{"doc.go", "parking.generated.go", "prelude.generated.go", "root_.generated.go"}, left); diff != "" {
		t.Error(diff)
	}
}

// sdl makes sources of names and texts in turn.
func sdl(namesAndTexts ...string) (sources []*ast.Source) {
	for pair := range slices.Chunk(namesAndTexts, 2) {
		sources = append(sources, &ast.Source{Name: pair[0], Input: pair[1]})
	}
	return sources
}

func shopSources(t *testing.T) (sources []*ast.Source) {
	t.Helper()
	for _, name := range []string{"item.graphql", "root.graphql"} {
		text := contentOf(t, filepath.Join("testdata/shop/schema", name))
		sources = append(sources, &ast.Source{Name: name, Input: text})
	}
	return sources
}
