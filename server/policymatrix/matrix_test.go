package policymatrix_test

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/server/policymatrix"
)

func TestEveryFieldThatAStayLeadsToIsMaskedRequiredOrReasoned(t *testing.T) {
	schema, err := policymatrix.Schema()
	if err != nil {
		t.Fatal(err)
	}
	reached := policymatrix.Reached(schema, "ParkingSession", "Notice")
	for _, f := range reached {
		if f.Guard.Kind == policymatrix.Unguarded {
			t.Errorf("%s.%s is reached from a stay, and nothing says to whom it is shown", f.Type, f.Name)
		}
	}
	c := policymatrix.CountOf(reached)
	t.Logf("fields reachable from a stay: %d = masked %d + required %d + reasoned %d", c.All, c.Masked, c.Required, c.Reasoned)
	if c.All == 0 || c.All != c.Masked+c.Required+c.Reasoned {
		t.Errorf("%d fields are not %d masked, %d required and %d reasoned", c.All, c.Masked, c.Required, c.Reasoned)
	}
	for _, name := range []string{"Lot", "Vehicle"} {
		if !slices.ContainsFunc(reached, func(f policymatrix.Field) bool { return f.Type == name }) {
			t.Errorf("a stay does not lead to %s", name)
		}
	}
}

func TestTheDocumentSaysWhatTheProgramDoes(t *testing.T) {
	want, err := policymatrix.Document()
	if err != nil {
		t.Fatal(err)
	}
	printed, err := os.ReadFile("../../docs/policy-matrix.md")
	if err != nil || !bytes.Equal(printed, want) {
		t.Errorf("docs/policy-matrix.md is old: run make generate (%v)", err)
	}
}

const small = `
directive @mask(as: String!, unless: String!) on FIELD_DEFINITION
directive @requires(fact: String!) on FIELD_DEFINITION
directive @clear(why: String!) on FIELD_DEFINITION
type Query { stay: Stay }
type Stay {
  open: Int
  loose: Crew
  car: Car @clear(why: "own")
  lot: Lot @mask(as: "HIDDEN", unless: "VERIFIED")
}
type Lot { name: String  both: Both  staff: Crew @requires(fact: "LOT_STAFF")  stays: [Stay] }
type Crew { count: Int }
type Car { plate: String  both: Both  any: Any }
type Both { x: Int }
union Any = Crew | Both
type Apart { y: Int }`

func TestAFieldGoesByItsOwnGuardOrByTheLaxestEdge(t *testing.T) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "small", Input: small})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]policymatrix.Field{}
	for _, f := range policymatrix.Reached(schema, "Stay") {
		found[f.Type+"."+f.Name] = f
	}
	for name, want := range map[string]struct {
		kind    policymatrix.Kind
		through string
	}{
		"Stay.open":  {policymatrix.Unguarded, ""},
		"Stay.lot":   {policymatrix.Masked, ""},
		"Lot.name":   {policymatrix.Masked, "Stay.lot"},
		"Lot.stays":  {policymatrix.Masked, "Stay.lot"},
		"Lot.staff":  {policymatrix.Required, ""},
		"Car.plate":  {policymatrix.Reasoned, "Stay.car"},
		"Both.x":     {policymatrix.Reasoned, "Stay.car"},
		"Crew.count": {policymatrix.Unguarded, "Stay.loose"},
	} {
		if got := found[name]; got.Guard.Kind != want.kind || got.Through != want.through {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, reached := found["Apart.y"]; reached || len(found) != 13 {
		t.Errorf("%d fields are reached: %v", len(found), found)
	}
}
