package replay

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// patience is how long a server may be away, or ask to be left alone, before a call is given up.
	patience   = 2 * time.Minute
	firstPause = 100 * time.Millisecond
	// mostPause is short, so that little time is lost when the server is back.
	mostPause = 2 * time.Second
	// quietly is how long the server may be away before it is said.
	quietly = time.Second
)

// insist does something that may be done again until it gets an answer. Whatever it sends, the server
// must take twice without harm: the answer may be lost after the work was done.
func (c *client) insist(ctx context.Context, do func(context.Context) error) error {
	begun, pause, said := c.clock.Now(), firstPause, false
	for {
		err := do(ctx)
		if err == nil || !mayPass(err) {
			return err
		}
		wait := max(pause, askedFor(err))
		away := c.clock.Now().Sub(begun)
		if away+wait > patience {
			return fmt.Errorf("given up after %s: %w", away.Round(time.Second), err)
		}
		if !said && away+wait > quietly {
			c.note("waiting: %v", err)
			said = true
		}
		if err := c.clock.Wait(ctx, wait); err != nil {
			return err
		}
		pause = min(2*pause, mostPause)
	}
}

// mayPass holds for what another try may cure. A server that is being stopped may answer INTERNAL.
func mayPass(err error) bool {
	if _, away := errors.AsType[*unreachable](err); away {
		return true
	}
	r, refused := errors.AsType[*refusal](err)
	if !refused {
		return false
	}
	switch r.code {
	case "UNAVAILABLE", "RATE_LIMITED", "INTERNAL":
		return true
	}
	return false
}

func askedFor(err error) time.Duration {
	if r, refused := errors.AsType[*refusal](err); refused {
		return r.retryAfter
	}
	return 0
}
