// Package testkit is what the tests of several packages share.
package testkit

import (
	"context"
	"errors"
	"strings"
	"testing"

	"parkbff/internal/store"
	"parkbff/internal/store/migrations"
	"parkbff/internal/testkit/pgtest"
)

// EachStore runs a test on a fresh, migrated store of each engine, as subtests "sqlite" and "postgres".
func EachStore(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite answers a fresh, migrated store in a folder of the test's.
func SQLite(tb testing.TB) *store.Store {
	tb.Helper()
	return Open(tb, store.Options{Dir: tb.TempDir()})
}

// Postgres answers a store on a fresh, migrated database.
func Postgres(tb testing.TB) *store.Store {
	tb.Helper()
	return Open(tb, store.Options{URL: PostgresURL(tb)})
}

// PostgresURL answers the URL of a fresh, migrated database.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	scripts, err := migrations.All()
	if err != nil {
		tb.Fatal(err)
	}
	var fingerprint strings.Builder
	for _, script := range scripts {
		fingerprint.WriteString(script.Checksum)
	}
	return pgtest.Migrated(tb, fingerprint.String(), migrate)
}

// Open opens a store that is closed when the test ends.
func Open(tb testing.TB, o store.Options) *store.Store {
	tb.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func migrate(url string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{URL: url})
	if err != nil {
		return err
	}
	return errors.Join(s.Migrate(ctx), s.Close())
}
