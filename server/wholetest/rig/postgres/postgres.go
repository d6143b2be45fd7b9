// Package postgres starts database servers for a rig. It stands apart because the program, too, is built with
// the rig, and not with what tests are made of.
package postgres

import (
	"context"
	"errors"

	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

// Start makes and starts a server; Close ends it.
func Start(ctx context.Context) (*rig.Database, error) {
	cluster, err := pgtest.Start()
	if err != nil {
		return nil, err
	}
	d, err := rig.NewDatabase(ctx, cluster.URL, cluster.Stop)
	if err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return d, nil
}
