package serial_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parkbff/graph/gen/serial"
)

// marshalSlice is the shape that both ways of marshalling a list have in common.
type marshalSlice func(ctx context.Context, length int, item func(context.Context, int) graphql.Marshaler) graphql.Array

func stock(ctx context.Context, length int, item func(context.Context, int) graphql.Marshaler) graphql.Array {
	// One worker makes the order of errors comparable.
	return graphql.MarshalSliceConcurrently(ctx, length, 1, false, item)
}

func TestAListIsMarshalledAsGqlgenWould(t *testing.T) {
	for name, panicsAt := range map[string]int{"whole": -1, "panic at the start": 0, "panic at the end": 4} {
		for _, length := range []int{0, 1, 5} {
			t.Run(fmt.Sprintf("%s of %d", name, length), func(t *testing.T) {
				item := func(ctx context.Context, i int) graphql.Marshaler {
					if i == panicsAt {
						panic("spilt")
					}
					return graphql.MarshalString(graphql.GetPath(ctx).String() + " " + strconv.Itoa(i))
				}

				if diff := cmp.Diff(outcome(t, stock, length, item), outcome(t, serial.Marshal, length, item)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func outcome(t *testing.T, marshal marshalSlice, length int, item func(context.Context, int) graphql.Marshaler) string {
	t.Helper()
	ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter, func(_ context.Context, r any) error {
		return gqlerror.WrapIfUnwrapped(errors.New(fmt.Sprint("recovered ", r)))
	})
	var out strings.Builder
	marshal(ctx, length, item).MarshalGQL(&out)
	return out.String() + " " + graphql.GetErrors(ctx).Error()
}

func BenchmarkAListOfTwenty(b *testing.B) {
	item := func(context.Context, int) graphql.Marshaler { return graphql.Null }
	for name, marshal := range map[string]marshalSlice{"serial": serial.Marshal, "stock": stock} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				marshal(b.Context(), 20, item)
			}
		})
	}
}
