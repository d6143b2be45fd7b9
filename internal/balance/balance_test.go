package balance_test

import (
	"context"
	"slices"
	"testing"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/internal/balance"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

func TestRowsThatDoNotSayWhatOthersSumToAreFoundInTheirOrder(t *testing.T) {
	jars := balance.Check{
		What: "jar", Why: "its coins sum to", Table: "jars", Word: "filled - spent", Sum: balance.Of("coins", "SUM(fen)", "jar_id"),
	}
	sums := balance.Check{
		What: "jar", Why: "it has coins of one fen, and of two,", Table: "jars",
		Other: balance.Of("coins", "COUNT(*)", "jar_id", sql.EQ("fen", 2)), Sum: balance.Of("coins", "COUNT(*)", "jar_id", sql.EQ("fen", 1)),
	}
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		err := s.WithTx(viewer.AsSystem(t.Context(), "test"), func(ctx context.Context, tx *ent.Tx) error {
			for _, statement := range []string{
				"CREATE TABLE jars (id bigint, filled bigint, spent bigint)",
				"CREATE TABLE coins (id bigint, jar_id bigint, fen bigint)",
				"INSERT INTO jars VALUES (1, 5, 2), (2, 7, 0), (3, 0, 0), (4, 1, 0)",
				"INSERT INTO coins VALUES (1, 1, 1), (2, 1, 2), (3, 2, 2), (4, 2, 2), (5, NULL, 1)",
			} {
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return err
				}
			}
			found, err := balance.Find(ctx, tx, s.Dialect(), jars, sums)
			want := []balance.Offence{
				{"jar", 2, "its coins sum to: 4, and should be 7"},
				{"jar", 4, "its coins sum to: 0, and should be 1"},
				{"jar", 2, "it has coins of one fen, and of two,: 0, and should be 2"},
			}
			if !slices.Equal(found, want) {
				t.Errorf("found %v", found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
