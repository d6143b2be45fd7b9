package stmtcache

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// ErrRowsOpen says that a statement was started before the rows of the last one were closed.
var ErrRowsOpen = errors.New("stmtcache: rows of an earlier statement are still open on this connection")

// conn is used by one goroutine at a time, as database/sql promises its drivers.
type conn struct {
	full
	options Options
	kept    *lru
	inTx    bool
	reading bool
}

// prepared is what a driver must offer of a statement to be cached.
type prepared interface {
	driver.Stmt
	driver.StmtQueryContext
	driver.StmtExecContext
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.reading {
		return nil, ErrRowsOpen
	}
	found, err := c.query(ctx, query, args)
	if err != nil {
		return nil, err
	}
	c.reading = true
	return &rows{Rows: found, conn: c}, nil
}

func (c *conn) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if passesBy(query, args) {
		return c.full.QueryContext(ctx, query, args)
	}
	return run(ctx, c, query, func(s prepared) (driver.Rows, error) { return s.QueryContext(ctx, args) })
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.reading {
		return nil, ErrRowsOpen
	}
	if passesBy(query, args) {
		return c.full.ExecContext(ctx, query, args)
	}
	return run(ctx, c, query, func(s prepared) (driver.Result, error) { return s.ExecContext(ctx, args) })
}

func passesBy(query string, args []driver.NamedValue) bool {
	return len(args) == 0 || len(query) > longest
}

// run executes the statement of that text, prepared now or earlier. One that has gone stale is forgotten
// and, outside a transaction, prepared once more; inside, PostgreSQL has already failed the transaction,
// and whoever repeats that finds a fresh statement.
func run[T any](ctx context.Context, c *conn, query string, execute func(prepared) (T, error)) (T, error) {
	out, err := attempt(ctx, c, query, execute)
	if err == nil || !c.options.Stale(err) {
		return out, err
	}
	c.forget(query)
	if c.inTx {
		return out, err
	}
	return attempt(ctx, c, query, execute)
}

func attempt[T any](ctx context.Context, c *conn, query string, execute func(prepared) (T, error)) (T, error) {
	s, err := c.statement(ctx, query)
	if err != nil {
		var none T
		return none, err
	}
	return execute(s)
}

func (c *conn) statement(ctx context.Context, query string) (prepared, error) {
	if s, ok := c.kept.get(query); ok {
		return s, nil
	}
	made, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s, ok := made.(prepared)
	if !ok {
		_ = made.Close()
		return nil, fmt.Errorf("stmtcache: a statement of type %T cannot be cached", made)
	}
	if evicted := c.kept.add(query, s); evicted != nil {
		// A failure to close shows again, and better, in the next use of this connection.
		_ = evicted.Close()
	}
	return s, nil
}

func (c *conn) forget(query string) {
	if s := c.kept.remove(query); s != nil {
		_ = s.Close()
	}
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	inner, err := c.full.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	c.inTx = true
	return tx{inner: inner, conn: c}, nil
}

func (c *conn) Close() error {
	if !c.options.EndsWithConnection {
		c.kept.drain(func(s prepared) { _ = s.Close() })
	}
	return c.full.Close()
}

// Ping, ResetSession, IsValid and CheckNamedValue are the optional parts of a driver, passed on where the
// driver has them and answered with database/sql's own default where it has not.

func (c *conn) Ping(ctx context.Context) error {
	if p, ok := c.full.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

func (c *conn) ResetSession(ctx context.Context) error {
	if r, ok := c.full.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *conn) IsValid() bool {
	if v, ok := c.full.(driver.Validator); ok {
		return v.IsValid()
	}
	return true
}

func (c *conn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.full.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type tx struct {
	inner driver.Tx
	conn  *conn
}

func (t tx) Commit() error {
	t.conn.inTx = false
	return t.inner.Commit()
}

func (t tx) Rollback() error {
	t.conn.inTx = false
	return t.inner.Rollback()
}
