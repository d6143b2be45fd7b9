package limit

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// CheckShape refuses a parsed document, not yet validated, that is too large or too deep, that introspects
// where that is off, or that defers: a deferred field would outlive its request.
//
// Errors: TooLarge, TooDeep, NoIntrospect, NoDefer.
func (l Limits) CheckShape(doc *ast.QueryDocument) error {
	if len(doc.Operations) > l.Operations {
		return over(TooLarge, l.Operations)
	}
	s := shape{limits: l, fragments: make(map[string]*fragment, len(doc.Fragments))}
	for _, f := range doc.Fragments {
		s.fragments[f.Name] = &fragment{selections: f.SelectionSet}
		s.directed(f.Directives)
		s.written(f.SelectionSet)
	}
	for _, op := range doc.Operations {
		s.directed(op.Directives)
		for _, v := range op.VariableDefinitions {
			s.directed(v.Directives)
		}
		s.written(op.SelectionSet)
	}
	if err := s.err(); err != nil {
		return err
	}
	for _, op := range doc.Operations {
		if s.depth(op.SelectionSet) > l.Depth {
			return over(TooDeep, l.Depth)
		}
	}
	return nil
}

type shape struct {
	limits                 Limits
	fragments              map[string]*fragment
	selections, directives int
	defers, introspects    bool
}

type fragment struct {
	selections ast.SelectionSet
	depth      int
	measuring  bool
	measured   bool
}

func (s *shape) err() error {
	switch {
	case s.selections > s.limits.Selections:
		return over(TooLarge, s.limits.Selections)
	case s.directives > s.limits.Directives:
		return over(TooLarge, s.limits.Directives)
	case s.defers:
		return NoDefer
	case s.introspects && !s.limits.Introspection:
		return NoIntrospect
	}
	return nil
}

func (s *shape) directed(list ast.DirectiveList) {
	s.directives += len(list)
	for _, d := range list {
		s.defers = s.defers || d.Name == "defer"
	}
}

// written counts what stands in the text, each fragment once.
func (s *shape) written(set ast.SelectionSet) {
	s.selections += len(set)
	for _, selection := range set {
		switch at := selection.(type) {
		case *ast.Field:
			s.directed(at.Directives)
			s.introspects = s.introspects || strings.HasPrefix(at.Name, "__") && at.Name != "__typename"
			s.written(at.SelectionSet)
		case *ast.InlineFragment:
			s.directed(at.Directives)
			s.written(at.SelectionSet)
		case *ast.FragmentSpread:
			s.directed(at.Directives)
		}
	}
}

// depth follows fragments, each measured once. A fragment within itself adds nothing here: validation
// refuses it.
func (s *shape) depth(set ast.SelectionSet) int {
	deepest := 0
	for _, selection := range set {
		switch at := selection.(type) {
		case *ast.Field:
			deepest = max(deepest, 1+s.depth(at.SelectionSet))
		case *ast.InlineFragment:
			deepest = max(deepest, s.depth(at.SelectionSet))
		case *ast.FragmentSpread:
			deepest = max(deepest, s.depthOf(s.fragments[at.Name]))
		}
	}
	return deepest
}

func (s *shape) depthOf(f *fragment) int {
	if f == nil || f.measuring {
		return 0
	}
	if !f.measured {
		f.measuring = true
		f.depth = s.depth(f.selections)
		f.measuring, f.measured = false, true
	}
	return f.depth
}
