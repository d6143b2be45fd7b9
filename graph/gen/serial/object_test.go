package serial_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/gen/serial"
)

func named(aliases ...string) []graphql.CollectedField {
	fields := make([]graphql.CollectedField, len(aliases))
	for i, alias := range aliases {
		fields[i].Field = &ast.Field{Alias: alias}
	}
	return fields
}

func TestAnObjectIsWrittenAsGqlgenWould(t *testing.T) {
	for _, aliases := range [][]string{nil, {"id"}, {"id", "name"}, {"id", "id"}, {"a", "b", "a", "c", "b"}} {
		fields := named(aliases...)
		ours, stock := serial.NewObject(fields), graphql.NewFieldSet(fields)
		for i := range fields {
			number := func(context.Context) graphql.Marshaler { return graphql.MarshalInt(i) }
			if i%2 == 0 {
				ours.Values[i], stock.Values[i] = number(t.Context()), number(t.Context())
				continue
			}
			ours.Concurrently(i, number)
			stock.Concurrently(i, number)
		}
		ours.Dispatch(t.Context())
		stock.Dispatch(t.Context())

		var got, want strings.Builder
		ours.MarshalGQL(&got)
		stock.MarshalGQL(&want)

		if got.String() != want.String() {
			t.Errorf("%v is written %s, want %s", aliases, &got, &want)
		}
	}
}

func TestTheFieldsOfAnObjectAreResolvedAtOnce(t *testing.T) {
	object := serial.NewObject(named("a", "b", "c"))
	met := make(chan struct{})
	for i := range object.Values {
		object.Concurrently(i, func(context.Context) graphql.Marshaler {
			if i == 0 {
				close(met)
			}
			<-met
			return graphql.Null
		})
	}

	object.Dispatch(t.Context()) // or nobody would come back

	for i, value := range object.Values {
		if value != graphql.Null {
			t.Errorf("field %d is %v", i, value)
		}
	}
}

func TestALeafHasNoFields(t *testing.T) {
	field := named("price")[0]

	ours, err := serial.LeafContext("Item", field, true, false)
	if err != nil {
		t.Fatal(err)
	}

	if child, err := ours.Child(t.Context(), field); child != nil || err == nil {
		t.Errorf("answers %v, %v", child, err)
	}
	if ours.Object != "Item" || ours.Field.Alias != "price" || !ours.IsMethod || ours.IsResolver {
		t.Errorf("the context is of %s.%s", ours.Object, ours.Field.Alias)
	}
}

func BenchmarkAnObjectOfNine(b *testing.B) {
	names := make([]string, 9)
	for i := range names {
		names[i] = "field" + strconv.Itoa(i)
	}
	fields := named(names...)
	var out strings.Builder
	b.ReportAllocs()
	for b.Loop() {
		object := serial.NewObject(fields)
		for i := range fields {
			object.Values[i] = graphql.Null
		}
		out.Reset()
		object.MarshalGQL(&out)
	}
}
