// Package clock tells the time, so that tests may set it.
package clock

import "time"

// Shanghai is the zone in which lots keep their hours and tariffs compute (UTC+8, no daylight saving).
// It is fixed, so the program needs no zone file.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Clock tells the time in UTC.
type Clock interface{ Now() time.Time }

// System is the machine's clock, to the microsecond: what the stores keep.
type System struct{}

// Now answers the present instant.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
