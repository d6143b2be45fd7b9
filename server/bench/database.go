//go:build linux

package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"parkbff/internal/testkit/pgtest"
)

// Postgres is the server on which everything is measured.
type Postgres struct {
	maintenance *url.URL
	cluster     *pgtest.Cluster // nil: the server is somebody else's
	made        []string
}

// OpenPostgres takes the server that PARKBFF_TEST_DATABASE_URL names, else it starts one.
func OpenPostgres() (*Postgres, error) {
	p := &Postgres{}
	at := os.Getenv(pgtest.Env)
	if at == "" {
		cluster, err := pgtest.Start()
		if err != nil {
			return nil, err
		}
		p.cluster, at = cluster, cluster.URL
	}
	var err error
	if p.maintenance, err = url.Parse(at); err != nil {
		return nil, errors.Join(errors.New(pgtest.Env+" cannot be read"), p.Close())
	}
	return p, nil
}

// Database makes an empty database and answers its URL.
func (p *Postgres) Database(ctx context.Context) (string, error) {
	name := "parkbff_bench_" + strings.ToLower(rand.Text())
	if err := p.exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	p.made = append(p.made, name)
	at := *p.maintenance
	at.Path = "/" + name
	return at.String(), nil
}

// Close drops the databases, or the whole server when it was started here.
func (p *Postgres) Close() error {
	if p.cluster != nil {
		return p.cluster.Stop()
	}
	var errs []error
	for _, name := range p.made {
		errs = append(errs, p.exec(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"))
	}
	return errors.Join(errs...)
}

func (p *Postgres) exec(ctx context.Context, statement string) error {
	db, err := sql.Open("postgres", p.maintenance.String())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}
