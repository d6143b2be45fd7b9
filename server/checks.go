package server

import (
	"context"

	"parkbff/server/edge"
)

// check is one thing without which no request can be served.
type check struct {
	name string
	ask  func(ctx context.Context) error
}

func (c check) Name() string                    { return c.name }
func (c check) Ready(ctx context.Context) error { return c.ask(ctx) }

func (h *House) checks() []edge.Check {
	return []edge.Check{
		check{"store", h.Store.Ping},
		check{"schema", h.Store.CheckSchema},
		check{"bus", func(context.Context) error { return h.Bus.Healthy() }},
	}
}
