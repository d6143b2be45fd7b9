package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/lib/pq/pqerror"

	"parkbff/internal/store/migrations"
)

const createLedger = `CREATE TABLE IF NOT EXISTS schema_migrations (
	version bigint PRIMARY KEY,
	checksum text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
)`

func (s *Store) runScripts(ctx context.Context) error {
	scripts, err := migrations.All()
	if err != nil {
		return err
	}
	if err := s.makeLedger(ctx); err != nil {
		return fmt.Errorf("make the table schema_migrations: %w", err)
	}
	for _, script := range scripts {
		if err := s.runScript(ctx, script); err != nil {
			return fmt.Errorf("%s: %w", script.Name, err)
		}
	}
	return nil
}

// makeLedger tries twice: of two programs that make the table at once, PostgreSQL refuses one in spite of
// IF NOT EXISTS.
func (s *Store) makeLedger(ctx context.Context) error {
	if _, err := s.writer.db.ExecContext(ctx, createLedger); err == nil {
		return nil
	}
	_, err := s.writer.db.ExecContext(ctx, createLedger)
	return err
}

// runScript first claims the script's version, and the claim is the lock: a second program that claims
// the same version waits until the first has committed, and then finds nothing left to do.
func (s *Store) runScript(ctx context.Context, script migrations.Script) (err error) {
	tx, err := s.writer.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback()
		}
	}()
	claim, err := tx.ExecContext(ctx,
		"INSERT INTO schema_migrations (version, checksum) VALUES ($1, $2) ON CONFLICT (version) DO NOTHING",
		script.Version, script.Checksum)
	if err != nil {
		return err
	}
	claimed, err := claim.RowsAffected()
	if err != nil {
		return err
	}
	if claimed == 0 {
		return errors.Join(tx.Rollback(), s.sameScript(ctx, script))
	}
	if _, err := tx.ExecContext(ctx, script.SQL); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "migrated the database", "script", script.Name)
	return tx.Commit()
}

func (s *Store) sameScript(ctx context.Context, script migrations.Script) error {
	applied, err := s.appliedScripts(ctx)
	if err != nil {
		return err
	}
	if applied[script.Version] != script.Checksum {
		return changedSince(script)
	}
	return nil
}

// appliedScripts answers the checksum of each version that was run.
func (s *Store) appliedScripts(ctx context.Context) (map[int64]string, error) {
	rows, err := s.writer.db.QueryContext(ctx, "SELECT version, checksum FROM schema_migrations")
	if postgresCode(err) == pqerror.UndefinedTable {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return scanApplied(rows)
}

func scanApplied(rows *sql.Rows) (map[int64]string, error) {
	applied := map[int64]string{}
	for rows.Next() {
		var version int64
		var checksum string
		if err := rows.Scan(&version, &checksum); err != nil {
			return nil, err
		}
		applied[version] = checksum
	}
	return applied, rows.Err()
}

func changedSince(script migrations.Script) error {
	return fmt.Errorf("script %s is not the one that was run on this database", script.Name)
}
