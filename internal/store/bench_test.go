package store_test

import (
	"context"
	"fmt"
	"testing"

	"parkbff/ent/datakey"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

func BenchmarkCommit(b *testing.B) {
	eachStore(b, func(b *testing.B, s *store.Store) {
		i := 0
		for b.Loop() {
			i++
			if err := s.WithTx(asSystem(), adds(fmt.Sprint(i))); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkReadOneRow(b *testing.B) {
	eachStore(b, func(b *testing.B, s *store.Store) {
		ctx, cancel := context.WithCancel(asSystem())
		defer cancel()
		if err := s.WithTx(ctx, adds("a")); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := s.Client(ctx).DataKey.Query().Where(datakey.Owner("a")).Only(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func eachStore(b *testing.B, bench func(*testing.B, *store.Store)) {
	b.Run("sqlite", func(b *testing.B) { bench(b, testkit.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { bench(b, testkit.Postgres(b)) })
}
