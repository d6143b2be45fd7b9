package stmtcache_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lib/pq"
	"modernc.org/sqlite"
	"pgregory.net/rapid"

	"parkbff/internal/store/stmtcache"
	"parkbff/internal/testkit/pgtest"
)

func staleOnPostgres(err error) bool {
	return strings.Contains(err.Error(), "cached plan must not change result type")
}

// engine is one of the two drivers, with its statements counted.
type engine struct {
	*sql.DB
	name     string
	prepares *int
	open     *int
}

// eachEngine runs a test with a pool of one connection, whose cache holds two statements.
func eachEngine(t *testing.T, test func(t *testing.T, e engine)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newEngine(t, "sqlite", onSQLite(t), stmtcache.Options{Size: 2})) })
	t.Run("postgres", func(t *testing.T) {
		test(t, newEngine(t, "postgres", onPostgres(t), stmtcache.Options{Size: 2, Stale: staleOnPostgres}))
	})
}

func newEngine(t *testing.T, name string, c driver.Connector, o stmtcache.Options) engine {
	e := engine{name: name, prepares: new(int), open: new(int)}
	e.DB = sql.OpenDB(stmtcache.Wrap(counting{c, e}, o))
	e.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func onSQLite(tb testing.TB) driver.Connector {
	c, err := sqlite.NewConnector(filepath.Join(tb.TempDir(), "test.db"))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func onPostgres(tb testing.TB) driver.Connector {
	c, err := pq.NewConnector(pgtest.URL(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// arg writes the first parameter in the words of the engine.
func (e engine) arg(text string) string {
	if e.name == "postgres" {
		return strings.ReplaceAll(text, "?", "$1")
	}
	return text
}

func (e engine) mustExec(t *testing.T, text string, args ...any) {
	t.Helper()
	if _, err := e.Exec(e.arg(text), args...); err != nil {
		t.Fatal(err)
	}
}

func (e engine) mustRead(t *testing.T, text string, args ...any) int {
	t.Helper()
	var n int
	if err := e.QueryRow(e.arg(text), args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAStatementIsPreparedOnceInsideAndOutsideTransactions(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		e.mustExec(t, "CREATE TABLE things (id int)")
		for range 3 {
			e.mustExec(t, "INSERT INTO things VALUES (?)", 1)
			tx, err := e.Begin()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(e.arg("INSERT INTO things VALUES (?)"), 2); err != nil {
				t.Fatal(err)
			}
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
		}
		if got := e.mustRead(t, "SELECT count(*) FROM things WHERE id < ?", 9); got != 3 {
			t.Errorf("found %d rows, want 3", got)
		}
		if *e.prepares != 2 {
			t.Errorf("prepared %d statements, want 2", *e.prepares)
		}
	})
}

func TestTheStatementUsedLongestAgoMakesRoomAndIsClosed(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		for _, n := range []int{1, 2, 1, 3, 1, 2} {
			if got := e.mustRead(t, fmt.Sprintf("SELECT %d WHERE 1 = ?", n), 1); got != n {
				t.Errorf("got %d, want %d", got, n)
			}
		}
		if *e.prepares != 4 || *e.open != 2 {
			t.Errorf("prepared %d (want 4), open %d (want 2)", *e.prepares, *e.open)
		}
	})
}

func TestClosingTheConnectionClosesItsStatements(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		e.mustRead(t, "SELECT 1 WHERE 1 = ?", 1)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if *e.open != 0 {
			t.Errorf("%d statements are still open", *e.open)
		}
	})
}

func TestAScriptPassesByTheCache(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		e.mustExec(t, "CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO b VALUES (7)")
		if got := e.mustRead(t, "SELECT id FROM b"); got != 7 {
			t.Errorf("got %d", got)
		}
		if *e.prepares != 0 {
			t.Errorf("prepared %d statements", *e.prepares)
		}
	})
}

func TestAVeryLongStatementPassesByTheCache(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		e.mustRead(t, "SELECT 1 WHERE 1 = ? AND 'x' <> '"+strings.Repeat("y", 9000)+"'", 1)
		if *e.prepares != 0 {
			t.Errorf("prepared %d statements", *e.prepares)
		}
	})
}

func TestAChangedTableIsReadAnewOutsideATransaction(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		e.mustExec(t, "CREATE TABLE things (id int); INSERT INTO things VALUES (1)")
		columns := func() int {
			rows, err := e.Query(e.arg("SELECT * FROM things WHERE id = ?"), 1)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			names, err := rows.Columns()
			if err != nil {
				t.Fatal(err)
			}
			return len(names)
		}
		if got := columns(); got != 1 {
			t.Fatalf("got %d columns", got)
		}
		e.mustExec(t, "ALTER TABLE things ADD COLUMN more int")
		if got := columns(); got != 2 {
			t.Errorf("got %d columns after the change", got)
		}
	})
}

func TestAStaleStatementInATransactionFailsOnceAndIsForgotten(t *testing.T) {
	e := newEngine(t, "postgres", onPostgres(t), stmtcache.Options{Stale: staleOnPostgres})
	e.mustExec(t, "CREATE TABLE things (id int)")
	inTx := func() error {
		tx, err := e.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		_, err = tx.Exec("SELECT * FROM things WHERE id = $1", 1)
		return err
	}
	if err := inTx(); err != nil {
		t.Fatal(err)
	}
	e.mustExec(t, "ALTER TABLE things ADD COLUMN more int")
	if err := inTx(); err == nil || !staleOnPostgres(err) {
		t.Fatalf("want a stale statement, got %v", err)
	}
	if err := inTx(); err != nil {
		t.Errorf("the repeated transaction failed: %v", err)
	}
}

func TestASecondStatementWhileRowsAreOpenIsRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		tx, err := e.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		rows, err := tx.Query(e.arg("SELECT 1 WHERE 1 = ?"), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(e.arg("SELECT 2 WHERE 1 = ?"), 1); !errors.Is(err, stmtcache.ErrRowsOpen) {
			t.Errorf("want ErrRowsOpen, got %v", err)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(e.arg("SELECT 2 WHERE 1 = ?"), 1); err != nil {
			t.Error(err)
		}
	})
}

func TestAFailedStatementLeavesTheConnectionUsable(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		e.mustExec(t, "CREATE TABLE things (id int PRIMARY KEY)")
		e.mustExec(t, "INSERT INTO things VALUES (?)", 1)
		if _, err := e.Exec(e.arg("INSERT INTO things VALUES (?)"), 1); err == nil {
			t.Fatal("a duplicate was taken")
		}
		if _, err := e.Exec(e.arg("SELECT nothing FROM nowhere WHERE 1 = ?"), 1); err == nil {
			t.Fatal("nonsense was taken")
		}
		e.mustExec(t, "INSERT INTO things VALUES (?)", 2)
		if got := e.mustRead(t, "SELECT count(*) FROM things WHERE id < ?", 9); got != 2 {
			t.Errorf("found %d rows", got)
		}
	})
}

func TestACancelledStatementLeavesTheConnectionUsable(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := e.ExecContext(ctx, e.arg("SELECT 1 WHERE 1 = ?"), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("want context.Canceled, got %v", err)
		}
		e.mustRead(t, "SELECT 1 WHERE 1 = ?", 1)
	})
}

// TestAnySequenceAnswersWhatTheUncachedDriverAnswers runs arbitrary sequences through a small cache.
func TestAnySequenceAnswersWhatTheUncachedDriverAnswers(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		rapid.Check(t, func(r *rapid.T) {
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, 5), 1, 30).Draw(r, "statements") {
				arg := rapid.IntRange(0, 1000).Draw(r, "argument")
				if got := e.mustRead(t, fmt.Sprintf("SELECT %d + CAST(? AS int)", n), arg); got != n+arg {
					r.Fatalf("got %d, want %d", got, n+arg)
				}
			}
			if *e.open > 2 {
				r.Fatalf("%d statements are open", *e.open)
			}
		})
	})
}
