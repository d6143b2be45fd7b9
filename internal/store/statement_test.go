package store_test

import (
	"context"
	"slices"
	"testing"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/datakey"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

func TestAStatementIsWrittenOncePerShapeAndRunWithOtherValues(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		written := 0
		owned := store.NewStatements(func(owners int) sql.Querier {
			written++
			among := make([]any, owners)
			for i := range among {
				among[i] = store.Value(i + 1)
			}
			of := sql.Table(datakey.Table)
			return sql.Dialect(s.Dialect()).Select(of.C(datakey.FieldOwner)).From(of).
				Where(sql.And(sql.In(of.C(datakey.FieldOwner), among...), sql.GT(of.C(datakey.FieldID), store.Value(0)), sql.LT(of.C(datakey.FieldID), 4))).
				OrderBy(of.C(datakey.FieldOwner))
		})
		err := s.WithTx(viewer.AsSystem(t.Context(), "test"), func(ctx context.Context, tx *ent.Tx) error {
			for _, owner := range []string{"A", "B", "C", "D"} { // rows 1 to 4
				if err := tx.DataKey.Create().SetOwner(owner).SetWrapped([]byte{1}).Exec(ctx); err != nil {
					return err
				}
			}
			for _, c := range []struct{ values, want []any }{
				{[]any{0, "A", "B"}, []any{"A", "B"}},
				{[]any{1, "A", "B"}, []any{"B"}},
				{[]any{2, "C", "D"}, []any{"C"}},
			} {
				rows, err := owned.Of(2).Query(ctx, tx, c.values...)
				if err != nil {
					return err
				}
				var got []any
				for rows.Next() {
					var owner string
					if err := rows.Scan(&owner); err != nil {
						return err
					}
					got = append(got, owner)
				}
				if err := rows.Err(); err != nil {
					return err
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("with %v: %v, want %v", c.values, got, c.want)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if owned.Of(3); written != 2 {
			t.Errorf("%d statements were written for two shapes", written)
		}
	})
}

func TestAConstantConditionHasNoValues(t *testing.T) {
	if got := store.Constant("postgres", sql.IsNull("a")); got != `"a" IS NULL` {
		t.Errorf("got %s", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a value was lost")
		}
	}()
	store.Constant("postgres", sql.EQ("a", 1))
}
