//go:build linux || darwin

// Package pgtest gives each test an empty, or a freshly migrated, PostgreSQL database of its own.
//
// The server is the one PARKBFF_TEST_DATABASE_URL names, else a private one that lives as long as the
// test process. The command withpg starts one for a whole run of many packages. A machine without
// PostgreSQL fails the test with a word on what to install; nothing is skipped.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// Env names the server to use: a postgres:// URL of a user who may create databases.
const Env = "PARKBFF_TEST_DATABASE_URL"

const patience = 2 * time.Minute

// private is this process's own server, started when first asked for.
var private = sync.OnceValues(Start)

// URL answers an empty database, dropped when the test ends.
func URL(tb testing.TB) string {
	tb.Helper()
	s := theServer(tb)
	name := "parkbff_test_" + strings.ToLower(rand.Text())
	if err := s.exec("CREATE DATABASE " + name); err != nil {
		tb.Fatalf("pgtest: create a database: %v", err)
	}
	return s.lend(tb, name)
}

// Migrated answers a database on which migrate has run, dropped when the test ends.
//
// migrate runs once per server and fingerprint, in a template that is then cloned; the fingerprint must
// change with what migrate does. The template stays on a server named by PARKBFF_TEST_DATABASE_URL, for
// the next run. migrate must have closed its connections when it returns.
func Migrated(tb testing.TB, fingerprint string, migrate func(url string) error) string {
	tb.Helper()
	s := theServer(tb)
	template := fmt.Sprintf("parkbff_template_%x", sha256.Sum256([]byte(fingerprint)))[:48]
	name := "parkbff_test_" + strings.ToLower(rand.Text())
	clone := "CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY FILE_COPY"
	err := s.exec(clone)
	if is(err, pqerror.InvalidCatalogName) {
		if err = s.build(template, migrate); err == nil {
			err = s.exec(clone)
		}
	}
	if err != nil {
		tb.Fatalf("pgtest: clone a migrated database: %v", err)
	}
	return s.lend(tb, name)
}

// server is addressed by its maintenance database.
type server struct{ url *url.URL }

func theServer(tb testing.TB) server {
	tb.Helper()
	raw := os.Getenv(Env)
	if raw == "" {
		cluster, err := private()
		if err != nil {
			tb.Fatal(err)
		}
		raw = cluster.URL
	}
	at, err := url.Parse(raw)
	if err != nil || !strings.HasPrefix(at.Scheme, "postgres") {
		tb.Fatalf("pgtest: %s is not a postgres:// URL", Env)
	}
	return server{at}
}

func (s server) lend(tb testing.TB, name string) string {
	tb.Cleanup(func() {
		if err := s.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			tb.Errorf("pgtest: drop the database: %v", err)
		}
	})
	return s.database(name)
}

func (s server) database(name string) string {
	at := *s.url
	at.Path = "/" + name
	return at.String()
}

// build makes the template under a name of its own and renames it when it is whole, so that nobody clones
// half of one; of several builders at once the first to rename wins.
func (s server) build(template string, migrate func(url string) error) error {
	name := "parkbff_building_" + strings.ToLower(rand.Text())
	if err := s.exec("CREATE DATABASE " + name); err != nil {
		return err
	}
	err := migrate(s.database(name))
	if err == nil {
		err = s.exec("ALTER DATABASE " + name + " RENAME TO " + template)
	}
	if err == nil {
		return nil
	}
	if is(err, pqerror.DuplicateDatabase) {
		err = nil
	}
	return errors.Join(err, s.exec("DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"))
}

// exec opens a connection and closes it again, so that no test finds a goroutine it did not start.
func (s server) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	db, err := sql.Open("postgres", s.url.String())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

func is(err error, code pqerror.Code) bool {
	var refused *pq.Error
	return errors.As(err, &refused) && refused.Code == code
}
