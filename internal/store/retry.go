package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"parkbff/internal/clock"
)

const (
	tries    = 10
	minPause = 2 * time.Millisecond
	maxPause = 250 * time.Millisecond
)

// Retry marks an error of a WithTx function with "run me once more": for a unique conflict with another
// transaction, whose row the next run will find. When the tries are used up, WithTx answers err.
func Retry(err error) error { return &retry{err} }

// ChangedOne asks for another try when a conditional update found its row changed by somebody else. It takes what the
// update answered, and what it was for.
func ChangedOne(n int, err error, doing string) error {
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", doing, err)
	case n != 1:
		return Retry(fmt.Errorf("%s: it has changed meanwhile", doing))
	}
	return nil
}

type retry struct{ error }

func (r *retry) Unwrap() error { return r.error }

// repeatable says whether the transaction that failed with err left nothing behind and may succeed when
// run again.
func repeatable(err error) bool {
	var asked *retry
	switch {
	case errors.As(err, &asked), isContention(err), isStale(err):
		return true
	case isCommit(err):
		return false
	default:
		return isLost(err)
	}
}

// pause waits before the next try, for a random time up to a bound that doubles, so that transactions
// that met once do not meet again.
func pause(ctx context.Context, try int) error {
	bound := min(minPause<<try, maxPause)
	return clock.Wait(ctx, rand.N(bound))
}
