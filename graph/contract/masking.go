package contract

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/directive"
	"parkbff/internal/viewer"
)

// MaskingRule says how one field is masked, and the fact that lifts the mask (R094).
type MaskingRule struct {
	Type    string
	Field   string
	Formula directive.Formula
	Unless  viewer.Fact
}

// MaskingPolicy reads every rule out of the contract, by type and field. It is what the directives obey,
// so it cannot differ from what is done.
func MaskingPolicy() ([]*MaskingRule, error) {
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: string(SDL)})
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	var rules []*MaskingRule
	for _, def := range schema.Types {
		for _, field := range def.Fields {
			if mask := field.Directives.ForName("mask"); mask != nil {
				rules = append(rules, &MaskingRule{
					Type: def.Name, Field: field.Name,
					Formula: directive.Formula(mask.Arguments.ForName("as").Value.Raw),
					Unless:  viewer.Fact(mask.Arguments.ForName("unless").Value.Raw),
				})
			}
		}
	}
	slices.SortFunc(rules, func(a, b *MaskingRule) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Field, b.Field))
	})
	return rules, nil
}
