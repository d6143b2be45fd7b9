package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"time"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"

	"parkbff/internal/store/stmtcache"
)

const (
	minConnections = 8
	connectWithin  = 5 * time.Second
	idleFor        = 5 * time.Minute
	// liveFor renews connections now and then, so that load spreads over servers that came back.
	liveFor = time.Hour
)

// openPostgres sets repeatable read: of two transactions that change one row, the later is repeated by
// WithTx instead of overwriting what it has not seen, as SQLite's single writer has it. What two
// transactions must not both insert is held by a unique index. Serializable would also catch write skew,
// but aborts unrelated neighbours in an index, which is where observations arrive.
//
// Reads have connections of their own: what is told to thousands at once is read by one statement, which must not
// queue behind every write of a server that is behind.
func openPostgres(o Options) (*Store, error) {
	primary, err := postgresPool(o.URL)
	if err != nil {
		return nil, fmt.Errorf("store: the database URL: %w", err)
	}
	reader, err := postgresPool(o.URL)
	if err != nil {
		return nil, fmt.Errorf("store: the database URL: %w", errors.Join(err, primary.db.Close()))
	}
	s := &Store{
		dialect: dialect.Postgres, isolation: sql.LevelRepeatableRead, log: o.Logger,
		writer: primary, reader: reader,
	}
	var followers []pool
	for i, at := range o.Replicas {
		follower, err := postgresPool(at)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("store: the URL of replica %d: %w", i+1, err), s.Close())
		}
		followers = append(followers, follower)
	}
	s.replicas = newReplicas(followers, o.Logger)
	return s, nil
}

func postgresPool(at string) (pool, error) {
	config, err := pq.NewConfig(at)
	if err != nil {
		return pool{}, withoutURL(err)
	}
	// Binary parameters break ent's JSON columns; the statement cache gives their one round trip.
	config.BinaryParameters = false
	if config.ApplicationName == "" {
		config.ApplicationName = "parkbff"
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectWithin
	}
	if config.Runtime == nil {
		config.Runtime = map[string]string{}
	}
	config.Runtime["timezone"] = "UTC"
	connector, err := pq.NewConnectorConfig(config)
	if err != nil {
		return pool{}, withoutURL(err)
	}
	p := newPool(dialect.Postgres, connector,
		stmtcache.Options{Stale: isStale, EndsWithConnection: true},
		max(minConnections, 4*runtime.GOMAXPROCS(0)))
	p.db.SetConnMaxIdleTime(idleFor)
	p.db.SetConnMaxLifetime(liveFor)
	return p, nil
}

// withoutURL keeps the password of a malformed URL out of the error.
func withoutURL(err error) error {
	var malformed *url.Error
	if errors.As(err, &malformed) {
		return malformed.Err
	}
	return err
}
