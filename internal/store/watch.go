package store

import (
	"context"
	"time"

	"entgo.io/ent/dialect"
)

// WatchForeignWrites calls changed whenever another program has written to this store's SQLite file, until
// ctx ends. On PostgreSQL it returns at once: there, programs tell each other over the bus.
//
// It reads PRAGMA data_version, which changes on a connection when any other connection commits
// (https://www.sqlite.org/pragma.html#pragma_data_version). Asked on the one connection through which
// this program writes, it stays still for our own commits. A question that fails counts as a change.
func (s *Store) WatchForeignWrites(ctx context.Context, every time.Duration, changed func()) {
	if s.dialect != dialect.SQLite {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	seen, known := s.dataVersion(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, ok := s.dataVersion(ctx)
		if ctx.Err() == nil && (!ok || !known || now != seen) {
			changed()
		}
		seen, known = now, ok
	}
}

// version is comparable only with others of the same connection, which is replaced after a failure.
type version struct {
	connection any
	number     int64
}

func (s *Store) dataVersion(ctx context.Context) (v version, ok bool) {
	conn, err := s.writer.db.Conn(ctx)
	if err != nil {
		return version{}, false
	}
	defer conn.Close()
	err = conn.Raw(func(inner any) error {
		v.connection = inner
		return nil
	})
	if err != nil {
		return version{}, false
	}
	err = conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v.number)
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "cannot ask SQLite for its data version", "error", err)
	}
	return v, err == nil
}
