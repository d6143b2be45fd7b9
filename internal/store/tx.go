package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"parkbff/ent"
)

// transaction is what WithTx puts into the context. Like the ent.Tx in it, it belongs to one goroutine.
type transaction struct {
	store *Store
	tx    *ent.Tx
	after []func()
	ended bool
}

type (
	transactionKey struct{}
	writesKey      struct{}
)

// current answers the transaction that ctx is inside, or nil.
func current(ctx context.Context) *transaction {
	t, _ := ctx.Value(transactionKey{}).(*transaction)
	if t == nil || t.ended {
		return nil
	}
	return t
}

func (s *Store) transactionOf(ctx context.Context) *transaction {
	if t := current(ctx); t != nil && t.store == s {
		return t
	}
	return nil
}

// InTx says whether ctx is inside a transaction.
func InTx(ctx context.Context) bool { return current(ctx) != nil }

// WithTx runs fn in a transaction and commits it when fn answers nil. Inside an outer WithTx of the same
// store, fn joins that transaction.
//
// fn is run again, in a new transaction, when the database asks for it (serialization failure, deadlock,
// busy, connection lost before the commit) or fn does (Retry): up to ten times, with pauses of growing
// random length. So fn must have no effect outside the database; such effects go to AfterCommit. A panic
// rolls back and goes on.
//
// Errors: a fault is answered as fn answered it. fault.Unavailable stands for a database that is away,
// full or contended beyond patience, and for a connection lost during the commit: then nobody knows
// whether it took place, so it is not repeated here, and callers that repeat must be idempotent.
// Whatever else is wrapped once.
func (s *Store) WithTx(ctx context.Context, fn func(ctx context.Context, tx *ent.Tx) error) error {
	if outer := s.transactionOf(ctx); outer != nil {
		return fn(ctx, outer.tx)
	}
	for try := 1; ; try++ {
		err := s.once(ctx, fn)
		if err == nil {
			return nil
		}
		if try == tries || ctx.Err() != nil || !repeatable(err) || pause(ctx, try) != nil {
			return explain(ctx, err)
		}
	}
}

func (s *Store) once(ctx context.Context, fn func(ctx context.Context, tx *ent.Tx) error) error {
	tx, err := s.writer.client.BeginTx(ctx, &sql.TxOptions{Isolation: s.isolation})
	if err != nil {
		return err
	}
	t := &transaction{store: s, tx: tx}
	if err := t.run(ctx, fn); err != nil {
		return err
	}
	noteWrite(ctx)
	for _, hook := range t.after {
		hook()
	}
	return nil
}

// run ends the transaction in every case, a panic of fn included.
func (t *transaction) run(ctx context.Context, fn func(ctx context.Context, tx *ent.Tx) error) error {
	defer func() {
		if !t.ended {
			t.ended = true
			// The reason for the roll-back says more than its failure, after which the pool drops
			// the connection and the server the transaction.
			_ = t.tx.Rollback()
		}
	}()
	if err := fn(context.WithValue(ctx, transactionKey{}, t), t.tx); err != nil {
		return err
	}
	t.ended = true
	if err := t.tx.Commit(); err != nil {
		return &commitError{err}
	}
	return nil
}

// AfterCommit runs fn once the transaction that ctx is inside has committed, after those registered
// before it, on the goroutine of WithTx; never when it is rolled back or repeated. Outside a transaction
// fn runs at once.
func AfterCommit(ctx context.Context, fn func()) {
	if t := current(ctx); t != nil {
		t.after = append(t.after, fn)
		return
	}
	fn()
}

// ReadYourWrites answers a context for one request: after the first commit of a WithTx under it, Client
// no longer answers replicas.
func ReadYourWrites(ctx context.Context) context.Context {
	return context.WithValue(ctx, writesKey{}, new(atomic.Bool))
}

func noteWrite(ctx context.Context) {
	if written, ok := ctx.Value(writesKey{}).(*atomic.Bool); ok {
		written.Store(true)
	}
}

func hasWritten(ctx context.Context) bool {
	written, ok := ctx.Value(writesKey{}).(*atomic.Bool)
	return ok && written.Load()
}

// commitError marks a failure of the commit itself.
type commitError struct{ error }

func (e *commitError) Unwrap() error { return e.error }

func isCommit(err error) bool {
	var c *commitError
	return errors.As(err, &c)
}

// explain turns the error of the last try into what callers see.
func explain(ctx context.Context, err error) error {
	if isFault(err) {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("store: transaction: %w", errors.Join(ctx.Err(), err))
	}
	return Unavailable(fmt.Errorf("store: transaction: %w", err))
}
