package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parkbff/ent"
	"parkbff/ent/datakey"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func asSystem() context.Context { return viewer.AsSystem(context.Background(), "test") }

// add writes a row that others can look for by its owner.
func add(ctx context.Context, tx *ent.Tx, owner string) error {
	return tx.DataKey.Create().SetOwner(owner).SetWrapped([]byte("key")).Exec(ctx)
}

func adds(owner string) func(context.Context, *ent.Tx) error {
	return func(ctx context.Context, tx *ent.Tx) error { return add(ctx, tx, owner) }
}

func mustAdd(t *testing.T, s *store.Store, owner string) {
	t.Helper()
	if err := s.WithTx(asSystem(), adds(owner)); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, ctx context.Context, c *ent.Client, owner string) bool {
	t.Helper()
	found, err := c.DataKey.Query().Where(datakey.Owner(owner)).Exist(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestACommittedTransactionIsSeenByReaders(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		mustAdd(t, s, "a")
		if ctx := asSystem(); !has(t, ctx, s.Client(ctx), "a") || !has(t, ctx, s.Fresh(ctx), "a") {
			t.Error("the row is not there")
		}
	})
}

func TestAnInstantIsKeptToTheMicrosecondInUTC(t *testing.T) {
	instant := time.Date(2026, 11, 21, 6, 7, 8, 123456000, time.FixedZone("", 8*3600))
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		ctx := asSystem()
		err := s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
			return tx.QuoteAttempt.Create().SetPlateIndex([]byte("p")).SetLotID(1).SetCreatedAt(instant).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		row, err := s.Client(ctx).QuoteAttempt.Query().Only(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if row.CreatedAt != instant.UTC() {
			t.Errorf("got %#v, want %#v", row.CreatedAt, instant.UTC())
		}
	})
}

func TestSQLiteReadersRefuseToWrite(t *testing.T) {
	s := testkit.SQLite(t)
	ctx := asSystem()
	if err := s.Client(ctx).DataKey.Create().SetOwner("a").SetWrapped([]byte("k")).Exec(ctx); err == nil {
		t.Error("a write outside WithTx was taken")
	}
}

func TestTheDatabaseFileIsNobodyElses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data ?#%")
	mustAdd(t, testkit.Open(t, store.Options{Dir: dir}), "a")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 2 {
		t.Errorf("found %d files; is there no WAL?", len(files))
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has rights %v", file.Name(), info.Mode())
		}
	}
}

func TestWhatIsCommittedSurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	first, err := store.Open(context.Background(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	mustAdd(t, first, "a")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := asSystem()
	if !has(t, ctx, testkit.Open(t, store.Options{Dir: dir}).Client(ctx), "a") {
		t.Error("the row is gone")
	}
}

func TestWrongOptionsAreNamedWithoutTheirPassword(t *testing.T) {
	for name, o := range map[string]store.Options{
		"nothing":                  {},
		"replicas without URL":     {Dir: t.TempDir(), Replicas: []string{"postgres://u:secret@h/db"}},
		"malformed URL":            {URL: "postgres://u:secret@h:port/db"},
		"malformed URL of replica": {URL: "postgres://u@h/db", Replicas: []string{"postgres://u:secret@h:port/db"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(context.Background(), o)
			if err == nil {
				_ = s.Close()
				t.Fatal("taken")
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestPingFindsTheDatabase(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		if err := s.Ping(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

var errWanted = errors.New("as wanted")
