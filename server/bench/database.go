//go:build linux

package bench

import (
	"context"
	"errors"
	"os"

	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

// Postgres is the server on which everything is measured.
type Postgres struct {
	maintenance string
	cluster     *pgtest.Cluster // nil: the server is somebody else's
	drops       []func() error
}

// OpenPostgres takes the server that PARKBFF_TEST_DATABASE_URL names, else it starts one.
func OpenPostgres() (*Postgres, error) {
	if at := os.Getenv(pgtest.Env); at != "" {
		return &Postgres{maintenance: at}, nil
	}
	cluster, err := pgtest.Start()
	if err != nil {
		return nil, err
	}
	return &Postgres{cluster: cluster, maintenance: cluster.URL}, nil
}

// Database makes an empty database and answers its URL.
func (p *Postgres) Database(ctx context.Context) (string, error) {
	at, drop, err := rig.MakeDatabase(ctx, p.maintenance, "parkbff_bench")
	if err != nil {
		return "", err
	}
	p.drops = append(p.drops, drop)
	return at, nil
}

// Close drops the databases, or the whole server when it was started here.
func (p *Postgres) Close() error {
	if p.cluster != nil {
		return p.cluster.Stop()
	}
	var errs []error
	for _, drop := range p.drops {
		errs = append(errs, drop())
	}
	return errors.Join(errs...)
}
