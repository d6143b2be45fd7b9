package relay_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/relay"
	"parkbff/internal/fault"
)

func TestARowIDIsSealedUnderTheTypeOfItsObject(t *testing.T) {
	s := newSealer(t, testKey)
	ctx := onField(relay.WithSealer(t.Context(), s), "Vehicle", "id")

	got := written(t, func(w io.Writer) error { return relay.MarshalRowID(9).MarshalGQLContext(ctx, w) })

	if want := `"` + s.SealID("Vehicle", 9) + `"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestABareRowIDOutsideTheIDFieldIsNotWritten(t *testing.T) {
	sealing := relay.WithSealer(t.Context(), newSealer(t, testKey))
	for name, ctx := range map[string]context.Context{
		"another field":    onField(sealing, "Vehicle", "ownerId"),
		"no field":         sealing,
		"an unsealed type": onField(sealing, "Lot", "id"),
		"no sealer":        onField(t.Context(), "Vehicle", "id"),
	} {
		var out strings.Builder
		if err := relay.MarshalRowID(9).MarshalGQLContext(ctx, &out); err == nil || out.Len() > 0 {
			t.Errorf("%s: wrote %q, error %v", name, out.String(), err)
		}
	}
}

func TestAnAliasedIDIsStillSealed(t *testing.T) {
	s := newSealer(t, testKey)
	ctx := relay.WithSealer(t.Context(), s)
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{
		Object: "Notice",
		Field:  graphql.CollectedField{Field: &ast.Field{Alias: "key", Name: "id"}},
	})

	got := written(t, func(w io.Writer) error { return relay.RowID(3).MarshalGQLContext(ctx, w) })

	if want := `"` + s.SealID("Notice", 3) + `"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnIDOpensAsAnArgumentAndAnswersAsOutput(t *testing.T) {
	s := newSealer(t, testKey)
	ctx := relay.WithSealer(t.Context(), s)
	sealed := s.SealID("Notice", 4)

	var id relay.ID
	if err := id.UnmarshalGQLContext(ctx, sealed); err != nil {
		t.Fatal(err)
	}
	if row, err := id.Of("Notice"); err != nil || row != 4 {
		t.Errorf("opens as row %d, %v", row, err)
	}
	if got := written(t, func(w io.Writer) error { return id.MarshalGQLContext(ctx, w) }); got != `"`+sealed+`"` {
		t.Errorf("got %s, want %s", got, sealed)
	}
}

func TestAForeignIDAndAForgedIDAreBothNotFound(t *testing.T) {
	s := newSealer(t, testKey)
	ctx := relay.WithSealer(t.Context(), s)
	for name, input := range map[string]any{
		"of another type": s.SealID("Vehicle", 4),
		"forged":          "not-an-id",
		"empty":           "",
		"a number":        int64(4),
		"null":            nil,
	} {
		id := relay.ID{Type: "Notice", Row: 1}
		if err := id.UnmarshalGQLContext(ctx, input); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if row, err := id.Of("Notice"); row != 0 || !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: row %d, %v", name, row, err)
		}
	}
}

func TestTheZeroIDNamesNothing(t *testing.T) {
	if _, err := (relay.ID{}).Of(""); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestAnArgumentNeverOpensAsABareRow(t *testing.T) {
	s := newSealer(t, testKey)

	row, err := relay.UnmarshalRowID(relay.WithSealer(t.Context(), s), s.SealID("Vehicle", 4))

	if row != 0 || !errors.Is(err, fault.NotFound) {
		t.Errorf("row %d, %v", row, err)
	}
}

func BenchmarkWritingAnID(b *testing.B) {
	ctx := onField(relay.WithSealer(b.Context(), newSealer(b, testKey)), "Vehicle", "id")
	b.ReportAllocs()
	for b.Loop() {
		if err := relay.RowID(123456789).MarshalGQLContext(ctx, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

func onField(ctx context.Context, object, field string) context.Context {
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{
		Object: object,
		Field:  graphql.CollectedField{Field: &ast.Field{Alias: field, Name: field}},
	})
}

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var out strings.Builder
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
