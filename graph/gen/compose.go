package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/codegen/config"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

const contractHeader = "# The public contract. Composed from graph/schema by `make generate`: edit there, never here.\n"

// A blank line of a description comes out of the formatter indented.
var indentOnly = regexp.MustCompile(`(?m)^[ \t]+$`)

// compose puts SDL files together into one: by file name and then as written, with every `extend`
// folded into its type. Descriptions and directives stay, since the directives state the policy;
// directives that only steer gqlgen go.
//
// It fails when the files make no valid schema, or when the contract does not read back as it.
func compose(sources []*ast.Source) (string, error) {
	sorted := slices.SortedFunc(slices.Values(sources), func(a, b *ast.Source) int {
		return cmp.Compare(a.Name, b.Name)
	})
	document, err := parser.ParseSchemas(append([]*ast.Source{validator.Prelude}, sorted...)...)
	if err != nil {
		return "", fmt.Errorf("reading the SDL: %w", err)
	}
	schema, err := validator.ValidateSchemaDocument(document)
	if err != nil {
		return "", fmt.Errorf("checking the SDL: %w", err)
	}
	contract := contractHeader + strings.Join(paragraphs(document, schema), "")
	if _, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: contract}); err != nil {
		return "", fmt.Errorf("the contract does not read back: %w", err)
	}
	return contract, nil
}

// paragraphs formats one definition at a time, for an empty line between them.
func paragraphs(document *ast.SchemaDocument, schema *ast.Schema) []string {
	var out []string
	say := func(part *ast.SchemaDocument) {
		var text strings.Builder
		formatter.NewFormatter(&text, formatter.WithIndent("  ")).FormatSchemaDocument(part)
		if text.Len() > 0 {
			out = append(out, "\n"+indentOnly.ReplaceAllString(text.String(), ""))
		}
	}
	say(&ast.SchemaDocument{Schema: document.Schema, SchemaExtension: document.SchemaExtension})
	for _, directive := range inOrder(schema.Directives, func(d *ast.DirectiveDefinition) *ast.Position { return d.Position }) {
		if !steersGqlgen(directive.Name) {
			say(&ast.SchemaDocument{Directives: ast.DirectiveDefinitionList{directive}})
		}
	}
	for _, definition := range inOrder(schema.Types, func(d *ast.Definition) *ast.Position { return d.Position }) {
		dropSteering(definition)
		say(&ast.SchemaDocument{Definitions: ast.DefinitionList{definition}})
	}
	return out
}

// inOrder sorts by file name and by place in the file. Sources arrive sorted, so names agree with it.
func inOrder[T any](byName map[string]T, position func(T) *ast.Position) []T {
	all := make([]T, 0, len(byName))
	for _, one := range byName {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b T) int {
		p, q := position(a), position(b)
		return cmp.Or(cmp.Compare(p.Src.Name, q.Src.Name), cmp.Compare(p.Start, q.Start))
	})
	return all
}

// dropSteering takes off a definition the directives that speak to the generator and not to clients.
func dropSteering(definition *ast.Definition) {
	definition.Directives = withoutSteering(definition.Directives)
	for _, field := range definition.Fields {
		field.Directives = withoutSteering(field.Directives)
		for _, argument := range field.Arguments {
			argument.Directives = withoutSteering(argument.Directives)
		}
	}
	for _, value := range definition.EnumValues {
		value.Directives = withoutSteering(value.Directives)
	}
}

func withoutSteering(directives ast.DirectiveList) ast.DirectiveList {
	return slices.DeleteFunc(directives, func(d *ast.Directive) bool { return steersGqlgen(d.Name) })
}

func steersGqlgen(directive string) bool {
	switch directive {
	case config.DirGoModel, config.DirGoField, config.DirGoExtraField, config.DirGoTag, config.DirGoEnum:
		return true
	}
	return false
}
