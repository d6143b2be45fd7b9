package store_test

import (
	"context"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"parkbff/ent"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

func TestOpenDeadlinesAndInvitedCoDriversAreFoundByAnIndex(t *testing.T) {
	for index, query := range map[string]string{
		"erasure_deadline":                     `SELECT id FROM erasures WHERE erased_at IS NULL AND deadline <= '2026-11-21' ORDER BY deadline LIMIT 1000`,
		"vehiclebinding_invited_by_account_id": `SELECT id FROM vehicle_bindings WHERE invited_by_account_id = 7`,
	} {
		testkit.EachStore(t, func(t *testing.T, s *store.Store) {
			if plan := planOf(t, s, query); !strings.Contains(plan, index) {
				t.Errorf("%s is not used: %s", index, plan)
			}
		})
	}
}

// An index of open deadlines does not grow with those that are done.
func TestTheIndexOfDeadlinesHoldsOpenOnesAlone(t *testing.T) {
	all := `SELECT id FROM erasures WHERE deadline <= '2026-11-21'`
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		if plan := planOf(t, s, all); strings.Contains(plan, "erasure_deadline") {
			t.Error(plan)
		}
	})
	t.Run("an old SQLite file", func(t *testing.T) {
		s := testkit.SQLite(t)
		mustRun(t, s, "DROP INDEX erasure_deadline")
		mustRun(t, s, "CREATE INDEX erasure_deadline ON erasures (deadline)")
		if err := s.Migrate(context.Background()); err != nil {
			t.Fatal(err)
		}
		if plan := planOf(t, s, all); strings.Contains(plan, "erasure_deadline") {
			t.Error(plan)
		}
	})
}

// planOf answers how the database would go about a query if tables were too large to be read whole.
func planOf(t *testing.T, s *store.Store, query string) string {
	t.Helper()
	var plan strings.Builder
	err := s.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		explain := "EXPLAIN QUERY PLAN "
		if s.Dialect() == dialect.Postgres {
			explain = "EXPLAIN "
			if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
				return err
			}
		}
		rows, err := tx.QueryContext(ctx, explain+query)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		columns, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			line := make([]any, len(columns))
			for i := range line {
				line[i] = new(string)
			}
			if err := rows.Scan(line...); err != nil {
				return err
			}
			plan.WriteString(*line[len(line)-1].(*string) + "\n")
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
