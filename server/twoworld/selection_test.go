package twoworld_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// spelling of one and the same question.
type spelling int

const (
	plain     spelling = iota
	disguised          // every field under an alias, and all of it in a fragment
)

// write writes the operation that goes a route, gives the last field its arguments and selects all below.
func (a *author) write(kind string, route []hop, arguments map[string]any, as spelling) operation {
	op := operation{field: route[0].field.Name, vars: map[string]any{}, files: map[string][]byte{}}
	last := route[len(route)-1]
	var declared, given []string
	for _, argument := range last.field.Arguments {
		value, ok := arguments[argument.Name]
		if !ok {
			continue
		}
		declared = append(declared, "$"+argument.Name+": "+argument.Type.String())
		given = append(given, argument.Name+": $"+argument.Name)
		op.vars[argument.Name] = filesIn(argument.Name, value, op.files)
	}
	below := a.selection(last, as)
	text := last.field.Name + inBrackets(given) + below
	if as == disguised {
		text = fmt.Sprintf("x_%s: %s%s", last.field.Name, last.field.Name, inBrackets(given))
		if below != "" {
			text += " { ...Whole }"
		}
	}
	for _, before := range slices.Backward(route[:len(route)-1]) {
		text = before.field.Name + a.leastOf(before) + " { __typename " + text + " }"
	}
	op.text = kind + inBrackets(declared) + " { " + text + " }"
	if as == disguised && below != "" {
		op.text += " fragment Whole on " + last.field.Type.Name() + below
	}
	return op
}

// selection is all below the last field of a route. It is written once, however many values are tried.
func (a *author) selection(last hop, as spelling) string {
	key := fmt.Sprint(last.owner, ".", last.field.Name, as)
	text, ok := a.selections[key]
	if !ok {
		text = a.below(last.field.Type, []string{last.owner}, as)
		a.selections[key] = text
	}
	return text
}

// leastOf are the arguments that a field on the way cannot do without, as literals.
func (a *author) leastOf(h hop) string {
	return inBrackets(a.least(h.owner, h.field))
}

func (a *author) least(owner string, field *ast.FieldDefinition) (given []string) {
	for _, argument := range field.Arguments {
		if argument.Type.NonNull {
			given = append(given, fmt.Sprintf("%s: %q", argument.Name, a.valuesOf(owner+"."+field.Name+"."+argument.Name, argument.Type)[0]))
		}
	}
	return given
}

// below selects everything under a field of a type, but not a type inside itself; empty for a leaf.
func (a *author) below(typ *ast.Type, within []string, as spelling) string {
	def := a.schema.Types[typ.Name()]
	if !def.IsCompositeType() {
		return ""
	}
	within = append(slices.Clone(within), def.Name)
	var parts []string
	if def.IsAbstractType() {
		for _, possible := range a.schema.GetPossibleTypes(def) {
			// Fields of one name may differ in type between the possible types, so each has its alias.
			fields := a.fieldsOf(possible, append(within, possible.Name), possible.Name+"_", as)
			parts = append(parts, "... on "+possible.Name+" { "+strings.Join(fields, " ")+" }")
		}
	} else {
		parts = a.fieldsOf(def, within, "", as)
	}
	return " { __typename " + strings.Join(parts, " ") + " }"
}

func (a *author) fieldsOf(def *ast.Definition, within []string, alias string, as spelling) []string {
	if as == disguised {
		alias += "x_"
	}
	var fields []string
	for _, field := range def.Fields {
		target := a.schema.Types[field.Type.Name()]
		if strings.HasPrefix(field.Name, "__") || slices.Contains(within, target.Name) || dear(def, field, within) {
			continue
		}
		selection := a.below(field.Type, within, as)
		if target.IsCompositeType() && selection == " { __typename  }" {
			continue
		}
		name := field.Name
		if alias != "" {
			name = alias + field.Name + ": " + field.Name
		}
		fields = append(fields, name+inBrackets(append(a.least(def.Name, field), oneScreen(field)...))+selection)
	}
	return fields
}

// oneScreen keeps what hangs below a list of lists from costing more than a request may.
func oneScreen(field *ast.FieldDefinition) []string {
	if field.Arguments.ForName("first") != nil {
		return []string{"first: 3"}
	}
	return nil
}

func inBrackets(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

// dear holds for what would make a document dearer than one may be: the lists of a lot, anywhere but below a lot that is
// asked for.
func dear(def *ast.Definition, field *ast.FieldDefinition, within []string) bool {
	return def.Name == "Lot" && slices.Contains([]string{"permitPlans", "shifts", "chargeDisputes", "reservations", "sharedBays", "mallItems"}, field.Name) && len(within) > 2
}
