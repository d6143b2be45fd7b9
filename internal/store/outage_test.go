package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/lib/pq"

	"parkbff/ent"
	"parkbff/ent/datakey"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

func TestFailuresOfTheDatabaseAreUnavailable(t *testing.T) {
	for _, err := range []error{
		driver.ErrBadConn,
		&net.OpError{Op: "read", Err: syscall.ECONNRESET},
		&pq.Error{Code: "08006"},
		&pq.Error{Code: "53100"},
		&pq.Error{Code: "53300"},
		&pq.Error{Code: "57P01"},
		&pq.Error{Code: "57P03"},
		&pq.Error{Code: "58030"},
		&pq.Error{Code: "25006"},
		&pq.Error{Code: "40001"},
	} {
		got := store.Unavailable(fmt.Errorf("wrapped: %w", err))
		if !errors.Is(got, fault.Unavailable) || !errors.Is(got, err) {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestOtherErrorsStayWhatTheyAre(t *testing.T) {
	for _, err := range []error{
		nil,
		errWanted,
		context.Canceled,
		fmt.Errorf("late: %w", context.DeadlineExceeded),
		&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, // of another service
		io.ErrUnexpectedEOF,
		&pq.Error{Code: "23505"},
		&pq.Error{Code: "42P01"},
		fault.NotFound.Because(driver.ErrBadConn),
	} {
		if got := store.Unavailable(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestAFullDiskIsUnavailableAndRoomHealsIt(t *testing.T) {
	s := testkit.SQLite(t)
	limit := func(pages int) {
		t.Helper()
		err := s.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size instead
	var err error
	for i := 0; err == nil && i < 10000; i++ {
		err = s.WithTx(asSystem(), adds(fmt.Sprintf("%04d", i)))
	}
	if !errors.Is(err, fault.Unavailable) {
		t.Fatalf("got %v", err)
	}
	limit(1 << 30)
	mustAdd(t, s, "room")
}

func TestAServerThatDoesNotTakeConnectionsIsUnavailable(t *testing.T) {
	const user = "postgres://u@"
	for name, url := range map[string]string{
		"refuses":    user + refusing(t) + "/db?sslmode=disable",
		"hangs up":   user + listening(t, func(c net.Conn) { _ = c.Close() }) + "/db?sslmode=disable",
		"is silent":  user + listening(t, func(net.Conn) {}) + "/db?sslmode=disable&connect_timeout=1",
		"is unknown": user + "nowhere.invalid/db?sslmode=disable",
	} {
		t.Run(name, func(t *testing.T) {
			s := testkit.Open(t, store.Options{URL: url})
			runs := 0
			err := s.WithTx(asSystem(), func(context.Context, *ent.Tx) error { runs++; return nil })
			if !errors.Is(err, fault.Unavailable) || runs != 0 {
				t.Errorf("WithTx: got %v after %d runs", err, runs)
			}
			if err := s.Ping(asSystem()); !errors.Is(err, fault.Unavailable) {
				t.Errorf("Ping: got %v", err)
			}
		})
	}
}

func TestMigratingAServerThatIsAwayIsUnavailable(t *testing.T) {
	s := testkit.Open(t, store.Options{URL: "postgres://u@" + refusing(t) + "/db?sslmode=disable"})
	for name, call := range map[string]func(context.Context) error{"Migrate": s.Migrate, "CheckSchema": s.CheckSchema} {
		if err := call(asSystem()); !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// refusing answers an address where nobody listens.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// listening answers an address whose connections are treated by treat and closed when the test ends.
func listening(t *testing.T, treat func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			treat(c)
			defer c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return l.Addr().String()
}

func TestAConnectionKilledWithinATransactionRepeatsIt(t *testing.T) {
	s := testkit.Postgres(t)
	runs := 0
	err := s.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		runs++
		if runs == 1 {
			_, _ = tx.ExecContext(ctx, "SELECT pg_terminate_backend(pg_backend_pid())")
		}
		return add(ctx, tx, "a")
	})
	if err != nil || runs != 2 {
		t.Errorf("got %v after %d runs", err, runs)
	}
}

func TestATableChangedUnderARunningProgramIsReadAnew(t *testing.T) {
	s := testkit.Postgres(t)
	mustAdd(t, s, "a")
	runs := 0
	read := func(ctx context.Context, tx *ent.Tx) error {
		runs++
		_, err := tx.DataKey.Query().Where(datakey.Owner("a")).Only(ctx)
		return err
	}
	if err := s.WithTx(asSystem(), read); err != nil {
		t.Fatal(err)
	}
	mustRun(t, s, "ALTER TABLE data_keys ALTER COLUMN owner TYPE text")
	if err := s.WithTx(asSystem(), read); err != nil || runs != 3 {
		t.Errorf("got %v after %d runs", err, runs)
	}
}

func TestADatabaseThatGoesAwayAndReturns(t *testing.T) {
	relay := newRelay(t, testkit.PostgresURL(t))
	s := testkit.Open(t, store.Options{URL: relay.url})
	mustAdd(t, s, "before")

	relay.down()
	ctx := asSystem()
	if err := s.WithTx(ctx, adds("during")); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a write: got %v", err)
	}
	if _, err := s.Client(ctx).DataKey.Query().Count(ctx); !errors.Is(store.Unavailable(err), fault.Unavailable) {
		t.Errorf("a read: got %v", err)
	}

	relay.up()
	mustAdd(t, s, "after")
	if has(t, ctx, s.Client(ctx), "during") {
		t.Error("what was refused is there")
	}
}

func TestAPingOutlivesTheConnectionsThatBroke(t *testing.T) {
	relay := newRelay(t, testkit.PostgresURL(t))
	s, ctx := testkit.Open(t, store.Options{URL: relay.url}), asSystem()
	mustAdd(t, s, "before")
	has(t, ctx, s.Client(ctx), "before") // so that writes and reads have connections

	relay.down()
	relay.up()
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func TestACommitWithoutAnAnswerIsNotRepeated(t *testing.T) {
	relay := newRelay(t, testkit.PostgresURL(t))
	s := testkit.Open(t, store.Options{URL: relay.url})
	mustAdd(t, s, "before")
	runs := 0
	err := s.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		runs++
		relay.swallowAnswerTo("COMMIT")
		return add(ctx, tx, "a")
	})
	if !errors.Is(err, fault.Unavailable) || runs != 1 {
		t.Errorf("got %v after %d runs", err, runs)
	}
	mustAdd(t, s, "after")
}
