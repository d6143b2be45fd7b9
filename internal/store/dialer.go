package store

import (
	"context"
	"database/sql/driver"
)

// dialer marks the errors of opening a connection, whatever they are made of: refused, not resolved, cut
// while shaking hands, too late. Only when the caller's own time is up is the server not to blame.
type dialer struct{ driver.Connector }

func (d dialer) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := d.Connector.Connect(ctx)
	if err != nil && ctx.Err() == nil {
		return nil, &connectError{err}
	}
	return conn, err
}

type connectError struct{ error }

func (e *connectError) Unwrap() error { return e.error }
