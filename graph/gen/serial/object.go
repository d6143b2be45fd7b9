package serial

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// Object is one object of an answer while its fields are resolved: a graphql.FieldSet without what
// @defer needs, which no operation may use here (graph/limit refuses it). Stock gqlgen prepares for it
// in every object, at the price of a third of all memory that a page of 20 stays takes.
type Object struct {
	Values   []graphql.Marshaler
	Invalids uint32 // how many fields that may not be null are; raised by goroutines

	fields  []graphql.CollectedField
	delayed []delayed
}

type delayed struct {
	field   int
	resolve func(context.Context) graphql.Marshaler
}

// NewObject answers an object of these fields, without values yet.
func NewObject(fields []graphql.CollectedField) *Object {
	return &Object{fields: fields, Values: make([]graphql.Marshaler, len(fields))}
}

// Concurrently leaves a field to Dispatch.
func (o *Object) Concurrently(field int, resolve func(context.Context) graphql.Marshaler) {
	o.delayed = append(o.delayed, delayed{field, resolve})
}

// Dispatch resolves what was left to it, in a goroutine for each field but the first, and waits.
func (o *Object) Dispatch(ctx context.Context) {
	if len(o.delayed) == 0 {
		return
	}
	var others sync.WaitGroup
	for _, d := range o.delayed[1:] {
		others.Go(func() { o.Values[d.field] = d.resolve(ctx) })
	}
	first := o.delayed[0]
	o.Values[first.field] = first.resolve(ctx)
	others.Wait()
}

// MarshalGQL writes the object. A response name that was collected twice is written once.
func (o *Object) MarshalGQL(w io.Writer) {
	separator := `{"`
	for i := range o.fields {
		if o.isWritten(i) {
			continue
		}
		// A name needs no escaping: the grammar knows letters, digits and underscores only.
		_, _ = io.WriteString(w, separator)
		_, _ = io.WriteString(w, o.fields[i].Alias)
		_, _ = io.WriteString(w, `":`)
		o.Values[i].MarshalGQL(w)
		separator = `,"`
	}
	if len(o.fields) == 0 {
		_, _ = io.WriteString(w, `{`)
	}
	_, _ = io.WriteString(w, `}`)
}

// isWritten tells whether a field before this one bears its name. The limit on selections keeps this
// shorter than a map would be slow.
func (o *Object) isWritten(i int) bool {
	name := o.fields[i].Alias
	return slices.ContainsFunc(o.fields[:i], func(f graphql.CollectedField) bool { return f.Alias == name })
}

// LeafContext is the context of a field without fields of its own; see graphql.NewScalarFieldContext.
func LeafContext(object string, field graphql.CollectedField, isMethod, isResolver bool) (*graphql.FieldContext, error) {
	return &graphql.FieldContext{
		Object: object, Field: field, IsMethod: isMethod, IsResolver: isResolver, Child: noChild,
	}, nil
}

var errNoChild = errors.New("a scalar has no fields")

func noChild(context.Context, graphql.CollectedField) (*graphql.FieldContext, error) {
	return nil, errNoChild
}
