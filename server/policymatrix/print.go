package policymatrix

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/contract"
	"parkbff/internal/entitlement"
	"parkbff/internal/language"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/viewer"
)

// roots are the records of a stay.
func roots() []string { return []string{"ParkingSession", "Notice"} }

// newest is a moment at which every version of the policy is in force.
func newest() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// Document answers docs/policy-matrix.md. An error is a contract or a catalogue that cannot be read.
func Document() ([]byte, error) {
	schema, err := Schema()
	if err != nil {
		return nil, err
	}
	catalogue, err := consents.Published()
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	page.WriteString("# Who may do and see what\n\nPrinted by `make generate` from the table of services " +
		"(`internal/entitlement`), the catalogue of purposes (`internal/privacy/consents`) and the contract. " +
		"Sources are sections of 捷停车用户隐私政策.\n\n")
	services(&page)
	purposes(&page, catalogue)
	fields(&page, schema)
	return page.Bytes(), nil
}

// Schema answers the contract.
func Schema() (*ast.Schema, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(contract.SDL)})
	if err != nil {
		return nil, fmt.Errorf("policymatrix: read the contract: %w", err)
	}
	return schema, nil
}

func services(page *bytes.Buffer) {
	page.WriteString("## Services by tier\n\nThe tier is the lowest whose facts include those needed; what decides is " +
		"the facts, about the vehicle at hand (VERIFIED holds of bound vehicles only). `MOVEMENT_TRACK` and " +
		"`THIRD_PARTY_ACCOUNT` are agreed to with the act itself, vehicle by vehicle and link by link.\n\n")
	tiers := viewer.Tiers()
	heads := []string{"service", "name"}
	for _, tier := range tiers {
		heads = append(heads, string(tier))
	}
	table(page, append(heads, "needs", "consents", "source")...)
	for _, e := range entitlement.All(language.Chinese) {
		cells := []string{string(e.Service), e.Name}
		for _, tier := range tiers {
			cells = append(cells, mark(slices.Index(tiers, tier) >= slices.Index(tiers, e.Since)))
		}
		row(page, append(cells, words(e.Needs), words(e.Consents), e.Source)...)
	}
}

func purposes(page *bytes.Buffer, catalogue *consents.Catalogue) {
	page.WriteString("\n## Purposes\n\nA consent counts while it is neither taken back nor ended, and was given in a version " +
		"of the policy not older than the one in which its purpose last changed.\n\n")
	table(page, "purpose", "name", "changed in", "separate", "per vehicle", "source")
	for _, p := range catalogue.Notices(newest(), language.Chinese) {
		row(page, string(p.Purpose), p.Name, p.PolicyVersion, mark(p.Separate), mark(p.PerVehicle), p.Source)
	}
}

func fields(page *bytes.Buffer, schema *ast.Schema) {
	reached := Reached(schema, roots()...)
	own, beyond := split(reached)
	page.WriteString("\n## Fields of a stay\n\nA field goes by its own directive. One without goes by the edge behind which " +
		"its type lies: whoever may not pass a masked edge gets null and nothing behind it, and the reason of a clear " +
		"edge is the reason for all behind it, which is what the account entered itself. A type behind several edges goes by " +
		"the laxest. Staff and gates of the lot at hand see its records clear; full masking and hidden records mask at every " +
		"tier.\n\n")
	fmt.Fprintf(page, "Fields reachable from a stay: %s.\n\n", sum(reached))
	fmt.Fprintf(page, "- of the record itself (%s): %s;\n", strings.Join(roots(), ", "), sum(own))
	fmt.Fprintf(page, "- of what it leads to: %s.\n\n", sum(beyond))
	table(page, "type", "field", "shown", "fact or reason", "by the edge")
	for _, f := range reached {
		row(page, f.Type, f.Name, manner(f.Guard), f.Guard.Why, f.Through)
	}
}

func split(reached []Field) (own, beyond []Field) {
	for _, f := range reached {
		if slices.Contains(roots(), f.Type) {
			own = append(own, f)
		} else {
			beyond = append(beyond, f)
		}
	}
	return own, beyond
}

func sum(fields []Field) string {
	c := CountOf(fields)
	return fmt.Sprintf("%d = masked %d + required %d + reasoned %d", c.All, c.Masked, c.Required, c.Reasoned)
}

func manner(g Guard) string {
	switch g.Kind {
	case Masked:
		return g.How + " unless"
	case Required:
		return "if"
	case Reasoned:
		return "clear"
	}
	return "UNGUARDED"
}

func table(page *bytes.Buffer, heads ...string) {
	row(page, heads...)
	page.WriteString("|" + strings.Repeat("---|", len(heads)) + "\n")
}

func row(page *bytes.Buffer, cells ...string) {
	page.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func mark(holds bool) string {
	if holds {
		return "●"
	}
	return ""
}

func words[T ~string](values []T) string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return strings.Join(all, ", ")
}
