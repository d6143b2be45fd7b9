// Package clock tells the time, so that tests may set it.
package clock

import (
	"context"
	"time"
)

// Shanghai is the zone in which lots keep their hours and tariffs compute (UTC+8, no daylight saving).
// It is fixed, so the program needs no zone file.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Clock tells the time in UTC.
type Clock interface{ Now() time.Time }

// System is the machine's clock, to the microsecond: what the stores keep.
type System struct{}

// Now answers the present instant.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Wait lets d pass, or answers the error of ctx as soon as that has ended.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
