package parking

import (
	"time"

	"parkbff/ent/gate"
	"parkbff/ent/gatecommand"
)

// Gate is a machine at a lane of a lot.
type Gate struct {
	Row           int64
	LotID         int64
	Code          string
	Direction     gate.Direction
	OfflinePolicy gate.OfflinePolicy
	LaneCode      string
}

// GateCommand is an order to a gate (P03). It is not to be carried out after ExpiresAt.
type GateCommand struct {
	Row            int64
	Kind           gatecommand.Kind
	Text           *string
	Reason         string
	SentAt         time.Time
	ExpiresAt      time.Time
	AcknowledgedAt *time.Time
	Outcome        *gatecommand.Outcome
}
