package parking

import (
	"parkbff/ent/observation"
)

// Barrier is what a gate is told.
type Barrier struct {
	Decision    observation.Decision
	Reason      observation.Reason
	DisplayText string // for the lane's screen, Chinese
}

// Outcome is what became of an observation. Stay is nil for an exit without a known entry: the
// observation waits, and the entry that comes later finds it.
type Outcome struct {
	Stay      *Stay
	Barrier   Barrier
	Duplicate bool
}
