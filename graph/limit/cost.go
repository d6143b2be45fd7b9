package limit

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/relay"
)

// usualListLength stands for lists that say nothing of their length.
const usualListLength = 10

// CheckCost refuses a validated operation that could make more than Limits.Cost values. A field costs one;
// what stands under a field with an argument `first` counts as often as that says (relay's usual page
// if nothing does), under another list ten times. The lists of a connection itself count once, for
// its `first` has counted them. Aliases are fields of their own; introspection counts its root only,
// because depth and size bound it. Variables are those coerced for this request.
//
// Error: TooExpensive.
func (l Limits) CheckCost(op *ast.OperationDefinition, variables map[string]any) error {
	m := meter{limit: l.Cost, variables: variables}
	if m.set(op.SelectionSet) > l.Cost {
		return over(TooExpensive, l.Cost)
	}
	return nil
}

type meter struct {
	limit     int
	variables map[string]any
	fragments map[*ast.FragmentDefinition]int
}

func (m *meter) set(set ast.SelectionSet) int {
	total := 0
	for _, selection := range set {
		switch at := selection.(type) {
		case *ast.Field:
			total += 1 + m.under(at)
		case *ast.InlineFragment:
			total += m.set(at.SelectionSet)
		case *ast.FragmentSpread:
			total += m.fragment(at.Definition)
		}
		if total > m.limit { // and no further, so that nothing overflows
			return m.limit + 1
		}
	}
	return total
}

func (m *meter) under(field *ast.Field) int {
	if len(field.SelectionSet) == 0 || strings.HasPrefix(field.Name, "__") {
		return 0
	}
	once, times := m.set(field.SelectionSet), m.times(field)
	if once > 0 && times > m.limit/once {
		return m.limit + 1
	}
	return once * times
}

// fragment counts each fragment once, however often it is spread.
func (m *meter) fragment(f *ast.FragmentDefinition) int {
	if f == nil {
		return 0
	}
	cost, known := m.fragments[f]
	if !known {
		cost = m.set(f.SelectionSet)
		if m.fragments == nil {
			m.fragments = map[*ast.FragmentDefinition]int{}
		}
		m.fragments[f] = cost
	}
	return cost
}

func (m *meter) times(field *ast.Field) int {
	if first := field.Definition.Arguments.ForName("first"); first != nil {
		return m.first(field.Arguments.ForName("first"), first.DefaultValue)
	}
	of := field.ObjectDefinition
	if field.Definition.Type.Elem == nil || of != nil && strings.HasSuffix(of.Name, "Connection") {
		return 1
	}
	return usualListLength
}

func (m *meter) first(given *ast.Argument, usual *ast.Value) int {
	value := usual
	if given != nil {
		value = given.Value
	}
	if value == nil {
		return relay.UsuallyPerPage
	}
	read, err := value.Value(m.variables)
	if err != nil {
		return relay.UsuallyPerPage
	}
	return max(1, wholeNumber(read))
}

// wholeNumber reads what the parser or the coercion of variables makes of an Int.
func wholeNumber(v any) int {
	switch n := v.(type) {
	case int64:
		return int(n)
	case int:
		return n
	case float64:
		return int(n)
	case json.Number:
		return wholeNumber(n.String())
	case string:
		if whole, err := strconv.Atoi(n); err == nil {
			return whole
		}
	}
	return relay.UsuallyPerPage
}
