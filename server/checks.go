package server

import (
	"context"

	"parkbff/server/edge"
)

// check is one thing that the program stands on.
type check struct {
	name  string
	vital bool
	ask   func(ctx context.Context) error
}

func (c check) Name() string                    { return c.name }
func (c check) Ready(ctx context.Context) error { return c.ask(ctx) }
func (c check) Vital() bool                     { return c.vital }

// checks are those of /readyz. Lots are none: they are read before the first request is.
func (h *House) checks() []edge.Check {
	return []edge.Check{
		check{"store", true, h.Store.Ping},
		check{"schema", true, h.Store.CheckSchema},
		check{"bus", false, func(context.Context) error { return h.Bus.Healthy() }},
	}
}
