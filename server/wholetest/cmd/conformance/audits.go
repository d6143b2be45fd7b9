package main

import (
	"context"
	"errors"
	"path/filepath"

	"parkbff/server/wholetest/rig"
)

// audits is how many graphql-http 1.23.1 has.
const audits = "61"

// withoutIntrospection are the audits that production does not meet: they ask for `__type`, which it refuses
// (docs/decisions/0001).
const withoutIntrospection = "28B9,2EA1,6A70,D6D5"

// audit holds the server in development against every audit.
func (s scripts) audit(ctx context.Context, house *rig.House) error {
	return s.run(ctx, "node", "audits.mjs", "--url", house.URL()+"/graphql", "--audits", audits)
}

// auditProduction holds a server as in production against them, behind what looks like a proxy that ends TLS.
func (s scripts) auditProduction(ctx context.Context, program rig.Program, folder string) (err error) {
	settings, err := rig.Production(folder)
	if err != nil {
		return err
	}
	house := &rig.House{Program: program, Data: filepath.Join(folder, "production"), Extra: settings}
	if _, err := house.Run(ctx, "migrate"); err != nil {
		return err
	}
	if err := house.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Stop()) }()
	return s.run(ctx, "node", "audits.mjs", "--url", house.URL()+"/graphql", "--audits", audits,
		"--where", "production", "--header", "X-Forwarded-Proto: https", "--except", withoutIntrospection)
}
