package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"entgo.io/ent/dialect"

	"parkbff/ent/migrate"
	"parkbff/internal/store/migrations"
)

// ErrSchemaBehind says that the database lacks what this program needs.
var ErrSchemaBehind = errors.New("store: the database's schema is behind this program; migrate it first")

// Migrate brings the schema up to date. It may run on several replicas of the program at once.
//
// PostgreSQL runs the versioned scripts it has not run yet, each in a transaction of its own. SQLite is
// compared with the model and changed where it differs; columns the model lacks stay, so that an older
// program opened on newer data loses nothing.
func (s *Store) Migrate(ctx context.Context) error {
	var err error
	if s.dialect == dialect.SQLite {
		err = s.writer.client.Schema.Create(ctx, migrate.WithDropIndex(true))
	} else {
		err = s.runScripts(ctx)
	}
	if err != nil {
		return told("migrate", err)
	}
	return nil
}

// CheckSchema answers ErrSchemaBehind when Migrate has work to do. A schema ahead of this program is
// current: during a rollout the old program runs beside the new one.
func (s *Store) CheckSchema(ctx context.Context) error {
	missing, err := s.missing(ctx)
	if err != nil {
		return told("check the schema", err)
	}
	if missing != "" {
		return fmt.Errorf("%w: %s", ErrSchemaBehind, missing)
	}
	return nil
}

func (s *Store) missing(ctx context.Context) (string, error) {
	if s.dialect == dialect.SQLite {
		return s.drift(ctx)
	}
	scripts, err := migrations.All()
	if err != nil {
		return "", err
	}
	applied, err := s.appliedScripts(ctx)
	if err != nil {
		return "", err
	}
	var names []string
	for _, script := range scripts {
		checksum, ok := applied[script.Version]
		if !ok {
			names = append(names, script.Name)
		} else if checksum != script.Checksum {
			return "", changedSince(script)
		}
	}
	return strings.Join(names, ", "), nil
}

// drift answers the statements that would make the database equal to the model, or nothing.
func (s *Store) drift(ctx context.Context) (string, error) {
	var statements bytes.Buffer
	err := s.writer.client.Schema.WriteTo(ctx, &statements, migrate.WithDropIndex(true))
	return strings.TrimSpace(statements.String()), err
}
