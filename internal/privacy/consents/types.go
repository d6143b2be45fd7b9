// Package consents keeps what people have agreed to: purpose by purpose, in the version of the policy that
// was shown to them, with a receipt, until they take it back or what it was given for ends (R078, R092).
package consents

import (
	"time"

	"parkbff/ent/consent"
)

// State of a consent.
type State string

// States. An outdated consent was given before its purpose changed, and counts no more.
const (
	Granted   State = "GRANTED"
	Withdrawn State = "WITHDRAWN"
	Ended     State = "ENDED"
	Outdated  State = "OUTDATED"
)

// Consent is one agreement, for one purpose and one version of the policy.
type Consent struct {
	Row           int64
	Purpose       consent.Purpose
	PolicyVersion string
	State         State
	GrantedAt     time.Time
	WithdrawnAt   *time.Time
	EndedAt       *time.Time
	VehicleID     *int64 // the row of the vehicle it was given for
}

// PurposeNotice is what a purpose is, in the words of the policy, and whether the viewer agrees to it.
type PurposeNotice struct {
	Purpose       consent.Purpose
	Name          string
	Description   string
	PolicyVersion string // in which it last changed
	Separate      bool   // PIPL 29
	PerVehicle    bool
	Granted       bool
	Source        string
}
