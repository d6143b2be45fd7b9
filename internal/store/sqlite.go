package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"entgo.io/ent/dialect"
	"modernc.org/sqlite"

	"parkbff/internal/store/stmtcache"
)

const (
	fileName   = "parkbff.db"
	minReaders = 4
)

// Settings of every SQLite connection. Times are integers of microseconds, so that they sort and compare
// as they do in PostgreSQL.
const shared = "_pragma=busy_timeout(3000)&_timezone=UTC&_time_integer_format=unix_micro&_inttotime=1"

// Settings of the one connection that writes. With synchronous(FULL) a commit is on the disk before it is
// acknowledged: an observation that a gate was told is recorded survives a power cut. NORMAL would lose
// the last commits of the WAL (https://www.sqlite.org/pragma.html#pragma_synchronous).
const writing = shared + "&_txlock=immediate" +
	"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=journal_size_limit(67108864)"

const reading = shared + "&_pragma=query_only(1)"

func openSQLite(ctx context.Context, o Options) (*Store, error) {
	if o.Dir == "" {
		return nil, errors.New("store: neither a database URL nor a data folder is given")
	}
	path, err := makeFile(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("store: make the database file: %w", err)
	}
	writer, err := sqlitePool(path, writing, 1)
	if err != nil {
		return nil, err
	}
	reader, err := sqlitePool(path, reading, max(minReaders, runtime.GOMAXPROCS(0)))
	if err != nil {
		return nil, errors.Join(err, writer.db.Close())
	}
	s := &Store{
		dialect: dialect.SQLite, isolation: sql.LevelDefault, log: o.Logger,
		writer: writer, reader: reader,
	}
	if err := s.Migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func sqlitePool(path, settings string, connections int) (pool, error) {
	at := url.URL{Path: path}
	connector, err := sqlite.NewConnector("file:" + at.EscapedPath() + "?" + settings)
	if err != nil {
		return pool{}, fmt.Errorf("store: open SQLite: %w", err)
	}
	return newPool(dialect.SQLite, connector, stmtcache.Options{}, connections), nil
}

// makeFile makes the folder and an empty file that nobody else may read; SQLite gives its side files the
// same rights.
func makeFile(dir string) (path string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path = filepath.Join(dir, fileName)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	return path, file.Close()
}
