package ws

import (
	"context"
	"math/rand/v2"
	"time"

	"parkbff/internal/clock"
)

// Drain closes every connection with 1012, so that clients come back to another replica, spread at
// random over Timing.Drain, so that they do not all come at once. It returns when all are gone, or
// with the error of ctx after cutting the rest. No connection is accepted from its start on, and the
// transport cannot be used again.
func (t *Transport) Drain(ctx context.Context) error {
	t.shutRegister()
	conns := t.all()
	rand.Shuffle(len(conns), func(i, j int) { conns[i], conns[j] = conns[j], conns[i] })
	pause := t.options.Timing.Drain / time.Duration(max(len(conns), 1))
	for i, c := range conns {
		if i > 0 {
			_ = clock.Wait(ctx, pause) // after ctx the rest goes without pauses
		}
		c.retire()
	}
	return t.finish(ctx)
}

// finish waits until every goroutine is gone, or cuts the lines when ctx is over: readers, writers and
// operations then end on their own.
func (t *Transport) finish(ctx context.Context) error {
	for t.Connections() > 0 && ctx.Err() == nil {
		_ = clock.Wait(ctx, 10*time.Millisecond) // the loop asks ctx itself
	}
	t.cancel()
	for _, c := range t.all() {
		c.abort()
	}
	gone := make(chan struct{})
	go func() {
		t.running.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
