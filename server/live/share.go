package live

import (
	"context"
	"reflect"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/internal/language"
)

// keptRenderings are those that were asked for last. A burst of changes has few more distinct documents.
const keptRenderings = 1024

// largestKept bounds the bytes of a request that is shared, and those of a result that is kept: whoever makes up
// documents must not fill the memory.
const largestKept = 8 << 10

// likeness is what subscribers must have in common to be told an event by the same bytes. The viewer is no
// part of it: only documents that show everyone the same are shared.
type likeness struct {
	event     any
	document  document
	variables string
	language  language.Language
}

// rendering is an execution for several.
type rendering struct {
	done   chan struct{} // closed when result is known
	result []byte        // nil: of no use to others
}

// sharing remembers the last renderings. The zero value is ready.
type sharing struct {
	mu     sync.Mutex
	known  map[likeness]*rendering
	oldest int
	order  []likeness // a ring, once it is full
}

// find answers the rendering of something; mine means that the caller has to make it.
func (s *sharing) find(of likeness) (found *rendering, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found = s.known[of]; found != nil {
		return found, false
	}
	if s.known == nil {
		s.known = map[likeness]*rendering{}
	}
	if len(s.order) < keptRenderings {
		s.order = append(s.order, of)
	} else {
		delete(s.known, s.order[s.oldest])
		s.order[s.oldest] = of
		s.oldest = (s.oldest + 1) % keptRenderings
	}
	found = &rendering{done: make(chan struct{})}
	s.known[of] = found
	return found, true
}

// forget lets the next one try who wants a rendering that came to nothing, or is not to be kept.
func (s *sharing) forget(of likeness) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, of)
}

// share answers the result of an execution for this event, made for this subscriber or for another, or nil
// when there is none that can be shared: then the subscriber needs its own. That the viewer may still be
// served is asked anew for each.
func (o *Operation) share(ctx context.Context, alike Shared) ([]byte, error) {
	if _, err := o.who.Context(ctx); err != nil {
		return nil, err
	}
	of := likeness{alike.Key, o.request.document, o.request.variables, language.Of(ctx)}
	found, mine := o.runner.shared.find(of)
	if mine {
		defer func() { // after a panic, too
			if found.result == nil || len(found.result) > largestKept {
				o.runner.shared.forget(of)
			}
			close(found.done)
		}()
		var err error
		found.result, err = o.render(ctx, alike)
		return found.result, err
	}
	select {
	case <-found.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if found.result != nil {
		o.runner.meter.shared.Inc()
	}
	return found.result, nil
}

// render makes what others wait for, or nil: a refusal, or a result with errors, is nobody's but its own.
func (o *Operation) render(ctx context.Context, alike Shared) ([]byte, error) {
	got, err := o.executed(ctx, alike.Event)
	if err != nil || !got.clean || len(got.results) != 1 {
		return nil, err
	}
	return got.results[0], nil
}

// isShareable holds for a document that shows the same to everyone: only fields of objects without arguments,
// without a resolver, and without a directive that asks who is asking. Nothing unknown is shared.
func (r *Runner) isShareable(op *graphql.OperationContext) bool {
	if r.resolved == nil {
		return false
	}
	root, ok := rootOf(op)
	return ok && len(root.Definition.Directives) == 0 && r.showsAllTheSame(op.Operation.SelectionSet, true)
}

func (r *Runner) showsAllTheSame(selection ast.SelectionSet, atRoot bool) bool {
	for _, one := range selection {
		same := false
		switch one := one.(type) {
		case *ast.Field:
			same = isPlain(one.Directives) && (atRoot || r.isOpen(one)) && r.showsAllTheSame(one.SelectionSet, false)
		case *ast.InlineFragment:
			same = isPlain(one.Directives) && r.showsAllTheSame(one.SelectionSet, atRoot)
		case *ast.FragmentSpread:
			same = isPlain(one.Directives) && r.showsAllTheSame(one.Definition.SelectionSet, atRoot)
		}
		if !same {
			return false
		}
	}
	return true
}

// isOpen holds for a field that is read from its object, whoever asks.
func (r *Runner) isOpen(f *ast.Field) bool {
	if f.Name == "__typename" {
		return true
	}
	if f.ObjectDefinition.Kind != ast.Object || len(f.Definition.Arguments) > 0 {
		return false
	}
	for _, directive := range f.Definition.Directives {
		if directive.Name != "clear" && directive.Name != "deprecated" {
			return false
		}
	}
	return !r.resolved(f.ObjectDefinition.Name, f.Name)
}

// isPlain holds for directives of a document that depend on its variables alone.
func isPlain(directives ast.DirectiveList) bool {
	for _, directive := range directives {
		if directive.Name != "include" && directive.Name != "skip" {
			return false
		}
	}
	return true
}

// ResolvedBy tells which fields have a resolver, from the type of the executor's ResolverRoot: its methods
// are the objects that have any, and the methods of what they answer are those fields.
func ResolvedBy(root reflect.Type) func(object, field string) bool {
	resolved := map[string]bool{}
	for object := range root.Methods() {
		for field := range object.Type.Out(0).Methods() {
			resolved[fieldName(object.Name, field.Name)] = true
		}
	}
	return func(object, field string) bool { return resolved[fieldName(object, field)] }
}

// fieldName is without case: Go's names and the contract's differ by it alone.
func fieldName(object, field string) string { return strings.ToLower(object + "." + field) }
