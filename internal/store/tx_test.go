package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"parkbff/ent"
	"parkbff/ent/datakey"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

func TestAnErrorRollsBackAndIsWrapped(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		ctx := asSystem()
		err := s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
			return errors.Join(add(ctx, tx, "a"), errWanted)
		})
		if !errors.Is(err, errWanted) || has(t, ctx, s.Client(ctx), "a") {
			t.Errorf("got %v; the row must not be there", err)
		}
	})
}

func TestAFaultIsAnsweredAsItIs(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		err := s.WithTx(asSystem(), func(context.Context, *ent.Tx) error { return fault.NotFound })
		if err != error(fault.NotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAPanicRollsBackAndGoesOn(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		ctx := asSystem()
		func() {
			defer func() {
				if got := recover(); got != "as wanted" {
					t.Errorf("recovered %v", got)
				}
			}()
			_ = s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
				if err := add(ctx, tx, "a"); err != nil {
					t.Error(err)
				}
				panic("as wanted")
			})
		}()
		mustAdd(t, s, "b")
		if has(t, ctx, s.Client(ctx), "a") {
			t.Error("the row of the panicking transaction is there")
		}
	})
}

func TestATransactionSeesItsOwnWritesAndOthersDoNot(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		outside := asSystem()
		err := s.WithTx(outside, func(ctx context.Context, tx *ent.Tx) error {
			if err := add(ctx, tx, "a"); err != nil {
				return err
			}
			if !store.InTx(ctx) || store.InTx(outside) {
				t.Error("InTx is wrong")
			}
			if !has(t, ctx, s.Client(ctx), "a") || !has(t, ctx, s.Fresh(ctx), "a") {
				t.Error("the transaction does not see its own row")
			}
			if has(t, outside, s.Fresh(outside), "a") {
				t.Error("a row was seen before its commit")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestANestedTransactionIsPartOfTheOuter(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		ctx := asSystem()
		err := s.WithTx(ctx, func(ctx context.Context, outer *ent.Tx) error {
			if err := s.WithTx(ctx, func(ctx context.Context, inner *ent.Tx) error {
				if inner != outer {
					t.Error("the inner transaction is another one")
				}
				return add(ctx, inner, "a")
			}); err != nil {
				return err
			}
			return errWanted
		})
		if !errors.Is(err, errWanted) || has(t, ctx, s.Client(ctx), "a") {
			t.Errorf("got %v; the inner row must be gone", err)
		}
	})
}

func TestHooksRunInOrderAfterTheCommitOutsideTheTransaction(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		var ran []string
		hook := func(ctx context.Context, name string) {
			store.AfterCommit(ctx, func() {
				if store.InTx(ctx) || !has(t, ctx, s.Client(ctx), "a") {
					t.Error("a hook ran before the commit")
				}
				ran = append(ran, name)
				store.AfterCommit(ctx, func() { ran = append(ran, name+" at once") })
				if err := s.WithTx(ctx, adds(name)); err != nil {
					t.Error(err)
				}
			})
		}
		err := s.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
			hook(ctx, "first")
			if err := s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
				hook(ctx, "second")
				return add(ctx, tx, "a")
			}); err != nil {
				return err
			}
			hook(ctx, "third")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"first", "first at once", "second", "second at once", "third", "third at once"}
		if diff := cmp.Diff(want, ran); diff != "" {
			t.Error(diff)
		}
	})
}

func TestHooksOfARolledBackTransactionNeverRun(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		_ = s.WithTx(asSystem(), func(ctx context.Context, _ *ent.Tx) error {
			store.AfterCommit(ctx, func() { t.Error("the hook ran") })
			return errWanted
		})
	})
}

func TestAHookOutsideATransactionRunsAtOnce(t *testing.T) {
	ran := false
	store.AfterCommit(context.Background(), func() { ran = true })
	if !ran {
		t.Error("the hook did not run")
	}
}

func TestATransactionIsRepeatedWhenTheDatabaseAsksForIt(t *testing.T) {
	for _, code := range []pqerror.Code{"40001", "40P01", "26000"} {
		testkit.EachStore(t, func(t *testing.T, s *store.Store) {
			ctx := asSystem()
			runs, hooks := 0, 0
			err := s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
				runs++
				store.AfterCommit(ctx, func() { hooks++ })
				if err := add(ctx, tx, "a"); err != nil {
					return err
				}
				if runs < 3 {
					return &pq.Error{Code: code}
				}
				return nil
			})
			if err != nil || runs != 3 || hooks != 1 || !has(t, ctx, s.Client(ctx), "a") {
				t.Errorf("%s: got %v after %d runs with %d hooks", code, err, runs, hooks)
			}
		})
	}
}

func TestEndlessContentionIsUnavailable(t *testing.T) {
	s := testkit.SQLite(t)
	runs := 0
	err := s.WithTx(asSystem(), func(context.Context, *ent.Tx) error {
		runs++
		return &pq.Error{Code: "40001"}
	})
	if !errors.Is(err, fault.Unavailable) || runs != 10 {
		t.Errorf("got %v after %d runs", err, runs)
	}
}

// TestReadThenWriteLosesNothing provokes serialization failures on PostgreSQL: every run reads a number
// and writes the next.
func TestReadThenWriteLosesNothing(t *testing.T) {
	const writers, each = 4, 5
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		mustAdd(t, s, "counter")
		raise := func(ctx context.Context, tx *ent.Tx) error {
			row, err := tx.DataKey.Query().Where(datakey.Owner("counter")).Only(ctx)
			if err != nil {
				return err
			}
			return row.Update().SetWrapped(append(row.Wrapped, '+')).Exec(ctx)
		}
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for range each {
					if err := s.WithTx(asSystem(), raise); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		ctx := asSystem()
		row, err := s.Client(ctx).DataKey.Query().Only(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(row.Wrapped) - len("key"); got != writers*each {
			t.Errorf("counted %d of %d", got, writers*each)
		}
	})
}

func TestADomainMayAskForOneMoreTryAfterAUniqueConflict(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		mustAdd(t, s, "taken")
		runs := 0
		err := s.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
			runs++
			if runs > 1 {
				return nil
			}
			err := add(ctx, tx, "taken")
			if !store.IsDuplicate(err) {
				t.Errorf("not recognised as a duplicate: %v", err)
			}
			return store.Retry(err)
		})
		if err != nil || runs != 2 {
			t.Errorf("got %v after %d runs", err, runs)
		}
	})
}

func TestRetriesEndWithTheDomainsOwnError(t *testing.T) {
	s := testkit.SQLite(t)
	runs := 0
	err := s.WithTx(asSystem(), func(context.Context, *ent.Tx) error {
		runs++
		return store.Retry(errWanted)
	})
	if !errors.Is(err, errWanted) || errors.Is(err, fault.Unavailable) || runs != 10 {
		t.Errorf("got %v after %d runs", err, runs)
	}
}

func TestAnOrdinaryErrorIsNotRepeated(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		mustAdd(t, s, "taken")
		runs := 0
		err := s.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
			runs++
			return add(ctx, tx, "taken")
		})
		if !ent.IsConstraintError(err) || runs != 1 {
			t.Errorf("got %v after %d runs", err, runs)
		}
	})
}

func TestACancelledTransactionLeavesNothing(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		ctx, cancel := context.WithCancel(asSystem())
		runs := 0
		err := s.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
			runs++
			if err := add(ctx, tx, "a"); err != nil {
				return err
			}
			cancel()
			return add(ctx, tx, "b")
		})
		if !errors.Is(err, context.Canceled) || runs != 1 {
			t.Errorf("got %v after %d runs", err, runs)
		}
		mustAdd(t, s, "c")
		ctx = asSystem()
		if has(t, ctx, s.Client(ctx), "a") {
			t.Error("the row of the cancelled transaction is there")
		}
	})
}

func TestAWriterThatWaitsGivesUpWithItsContext(t *testing.T) {
	s := testkit.SQLite(t)
	err := s.WithTx(asSystem(), func(context.Context, *ent.Tx) error {
		ctx, cancel := context.WithCancel(asSystem())
		cancel()
		err := s.WithTx(ctx, adds("b"))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoProgramsOnOneFileWaitForEachOther(t *testing.T) {
	dir := t.TempDir()
	ours, theirs := testkit.Open(t, store.Options{Dir: dir}), testkit.Open(t, store.Options{Dir: dir})
	done := make(chan error)
	err := theirs.WithTx(asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		go func() { done <- ours.WithTx(asSystem(), adds("ours")) }()
		select {
		case err := <-done:
			t.Errorf("the other did not wait: %v", err)
		case <-time.After(30 * time.Millisecond):
		}
		return add(ctx, tx, "theirs")
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Error(err)
	}
}
