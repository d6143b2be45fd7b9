// Package risk keeps what looked like an attack on an account, on a member of staff or on the service (R086).
package risk

import (
	"time"

	"parkbff/ent/riskevent"
)

// Event is one of them, as an officer sees it. Nothing personal is kept of it.
type Event struct {
	Row        int64
	Kind       riskevent.Kind
	Outcome    riskevent.Outcome
	OccurredAt time.Time
	AccountRow *int64
	Path       *string
}
