// Package stmtcache keeps prepared statements on the connections of a database/sql pool.
//
// It wraps a driver.Connector, below the pool, so that one cache serves plain calls, transactions and a
// pool of a single connection alike. (A cache above the pool needs a second connection to prepare on,
// which a transaction on the only one waits for forever.) Callers use *sql.DB as ever.
package stmtcache

import (
	"context"
	"database/sql/driver"
	"fmt"
)

const (
	defaultSize = 256
	// longest is the longest text kept, in bytes. Beyond it stand bulk inserts whose text differs with
	// every number of rows: they would push out statements that come back.
	longest = 8 << 10
)

// Options of a cache.
type Options struct {
	// Size is how many statements one connection keeps; 0 means 256.
	Size int
	// Stale says that an error means "this prepared statement no longer fits the schema", raised before
	// the statement had any effect. Nil means that the engine never says so.
	Stale func(error) bool
	// EndsWithConnection says that the server drops statements with their connection. They are then not
	// closed one by one, a round trip each, when the connection closes.
	EndsWithConnection bool
}

// Wrap answers a connector whose connections cache their statements.
//
// Statements without arguments pass by the cache, because scripts of several statements cannot be
// prepared. While the rows of one statement are open, its connection refuses a second one with
// ErrRowsOpen on every engine: lib/pq could not serve it, and SQLite would let the mistake pass.
func Wrap(inner driver.Connector, o Options) driver.Connector {
	if o.Size <= 0 {
		o.Size = defaultSize
	}
	if o.Stale == nil {
		o.Stale = func(error) bool { return false }
	}
	return connector{inner: inner, options: o}
}

type connector struct {
	inner   driver.Connector
	options Options
}

// full is what a driver must offer to be cached; lib/pq and modernc.org/sqlite do.
type full interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.QueryerContext
	driver.ExecerContext
}

func (c connector) Driver() driver.Driver { return c.inner.Driver() }

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := opened.(full)
	if !ok {
		_ = opened.Close()
		return nil, fmt.Errorf("stmtcache: a connection of type %T cannot be cached", opened)
	}
	return &conn{full: inner, options: c.options, kept: newLRU(c.options.Size)}, nil
}
