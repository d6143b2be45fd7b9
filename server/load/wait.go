package load

import (
	"context"
	"time"

	"parkbff/internal/clock"

	"golang.org/x/sync/errgroup"
)

// limited is a group whose functions run a few at a time.
func limited(ctx context.Context, atOnce int) (*errgroup.Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	return group, ctx
}

// sleepUntil returns at a moment, at once when it has passed, or with the error of ctx.
func sleepUntil(ctx context.Context, at time.Time) error {
	if left := time.Until(at); left > 0 {
		return clock.Wait(ctx, left)
	}
	return ctx.Err()
}

const lookEvery = 100 * time.Millisecond

// until looks now and then whether something holds, and answers whether it did in time.
func until(ctx context.Context, within time.Duration, holds func() (bool, error)) (bool, error) {
	for began := time.Now(); ; {
		held, err := holds()
		if held || err != nil {
			return held, err
		}
		if time.Since(began) > within {
			return false, nil
		}
		if err := sleepUntil(ctx, time.Now().Add(lookEvery)); err != nil {
			return false, err
		}
	}
}
