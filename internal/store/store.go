// Package store opens the database, SQLite in the data folder or PostgreSQL, and hands out ent clients.
//
// Reads take Client; writes go through WithTx only (SQLite's readers refuse them). Everything that one
// engine does and the other does not lives here.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"

	entsql "entgo.io/ent/dialect/sql"

	"parkbff/ent"
	_ "parkbff/ent/runtime" // the policies and defaults of the model
	"parkbff/internal/store/stmtcache"
)

// Options say where the data is.
type Options struct {
	// URL of PostgreSQL (postgres://…); empty means SQLite in Dir.
	URL string
	// Replicas are URLs of PostgreSQL servers that follow the one at URL and answer reads.
	Replicas []string
	// Dir is the data folder of SQLite, made when missing. The file is called parkbff.db.
	Dir string
	// Logger may be nil.
	Logger *slog.Logger
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect   string
	isolation sql.IsolationLevel
	log       *slog.Logger

	writer   pool
	reader   pool // of connections to the same database
	replicas *replicas
}

// pool is a set of connections and ent's client on it.
type pool struct {
	db     *sql.DB
	client *ent.Client
}

// Open opens the database that o names. SQLite is made and brought up to date at once. PostgreSQL is not
// called before it is needed, so a server that is away makes Ping fail and not Open; it is brought up to
// date by Migrate. Errors name the wrong option and never its value, which may hold a password.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.URL != "" {
		return openPostgres(o)
	}
	if len(o.Replicas) > 0 {
		return nil, errors.New("store: replicas need a PostgreSQL to follow")
	}
	return openSQLite(ctx, o)
}

func newPool(engine string, c driver.Connector, cache stmtcache.Options, connections int) pool {
	db := sql.OpenDB(stmtcache.Wrap(dialer{c}, cache))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return pool{db, ent.NewClient(ent.Driver(entsql.OpenDB(engine, db)))}
}

// Client answers the client to read with: inside WithTx the transaction's own, else a reader, which on
// PostgreSQL may be a replica that lags behind the last commit by a moment; see ReadYourWrites and Fresh.
func (s *Store) Client(ctx context.Context) *ent.Client {
	if t := s.transactionOf(ctx); t != nil {
		return t.tx.Client()
	}
	if hasWritten(ctx) {
		return s.reader.client
	}
	if replica := s.replicas.next(); replica != nil {
		return replica
	}
	return s.reader.client
}

// Fresh is Client without the replicas: it sees every commit made before the call.
func (s *Store) Fresh(ctx context.Context) *ent.Client {
	if t := s.transactionOf(ctx); t != nil {
		return t.tx.Client()
	}
	return s.reader.client
}

// Dialect is "sqlite3" or "postgres", as ent calls them.
func (s *Store) Dialect() string { return s.dialect }

// Ping asks the database for a sign of life. Replicas are not asked: the store lives without them. It asks by a
// statement, which database/sql repeats on a connection of its own when those it keeps broke meanwhile; a ping of
// database/sql fails once for each of them.
func (s *Store) Ping(ctx context.Context) error {
	for _, p := range []pool{s.writer, s.reader} {
		if _, err := p.db.ExecContext(ctx, "SELECT 1"); err != nil {
			return told("ping", err)
		}
	}
	return nil
}

// Close waits for running statements and closes all connections.
func (s *Store) Close() error {
	s.replicas.close()
	if err := errors.Join(s.writer.db.Close(), s.reader.db.Close()); err != nil {
		return fmt.Errorf("store: close: %w", err)
	}
	return nil
}
