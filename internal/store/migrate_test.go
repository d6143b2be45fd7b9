package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"parkbff/ent"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/testkit/pgtest"
)

func TestMigratingIsNeededOnceAndHarmlessAfter(t *testing.T) {
	s := testkit.Open(t, store.Options{URL: pgtest.URL(t)})
	ctx := context.Background()
	if err := s.CheckSchema(ctx); !errors.Is(err, store.ErrSchemaBehind) {
		t.Fatalf("got %v", err)
	}
	for range 2 {
		if err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckSchema(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func TestManyProgramsMayMigrateAtOnce(t *testing.T) {
	url := pgtest.URL(t)
	var all sync.WaitGroup
	for range 6 {
		s := testkit.Open(t, store.Options{URL: url})
		all.Go(func() {
			if err := s.Migrate(context.Background()); err != nil {
				t.Error(err)
			}
			if err := s.CheckSchema(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestAScriptChangedAfterItWasRunIsRefused(t *testing.T) {
	s := testkit.Postgres(t)
	mustRun(t, s, "UPDATE schema_migrations SET checksum = 'other'")
	for name, call := range map[string]func(context.Context) error{"Migrate": s.Migrate, "CheckSchema": s.CheckSchema} {
		if err := call(context.Background()); err == nil || !strings.Contains(err.Error(), "is not the one that was run") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestASchemaAheadOfTheProgramIsCurrent(t *testing.T) {
	s := testkit.Postgres(t)
	mustRun(t, s, "INSERT INTO schema_migrations (version, checksum) VALUES (99991231235959, 'later')")
	if err := errors.Join(s.CheckSchema(context.Background()), s.Migrate(context.Background())); err != nil {
		t.Error(err)
	}
}

func TestAnOldSQLiteFileIsBroughtUpToDate(t *testing.T) {
	ctx := context.Background()
	s := testkit.SQLite(t)
	if err := s.CheckSchema(ctx); err != nil {
		t.Fatal(err)
	}
	mustRun(t, s, "DROP TABLE quote_attempts")
	mustRun(t, s, "ALTER TABLE data_keys ADD COLUMN forgotten text NOT NULL DEFAULT ''")
	if err := s.CheckSchema(ctx); !errors.Is(err, store.ErrSchemaBehind) {
		t.Fatalf("got %v", err)
	}
	if err := errors.Join(s.Migrate(ctx), s.CheckSchema(ctx)); err != nil {
		t.Error(err)
	}
}

func mustRun(t *testing.T, s *store.Store, statement string) {
	t.Helper()
	err := s.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
