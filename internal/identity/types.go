package identity

import (
	"fmt"
	"io"
	"time"

	"parkbff/ent/vehiclebinding"
	"parkbff/internal/cnid"
	"parkbff/internal/vault"
)

// Account is a person known by one mobile, with its values opened for that person.
type Account struct {
	Row       int64
	Mobile    string // masked: the person knows it, and whoever looks over the shoulder need not
	CreatedAt time.Time
	FullMask  bool
	Told      vault.Sealed // what the person told about themselves; see Profile
}

// Vehicle is a vehicle as bound to one account. What the account entered itself is clear to it.
type Vehicle struct {
	Row          int64 // of the binding, so that two accounts cannot compare ids
	VehicleID    int64
	Plate        string
	PlateColor   cnid.Color
	Nickname     *string
	BoundAt      time.Time
	Verified     bool
	CoDriven     bool // bound by its owner's invitation
	Messages     []MessageSetting
	Verification Verification
}

// Format prints "vehicle" whatever the verb: plate and nickname are personal.
func (Vehicle) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "vehicle") }

// Verification is all that is kept of one (R072).
type Verification struct {
	Result    vehiclebinding.Verification
	Reason    *string
	Method    *vehiclebinding.VerificationMethod
	CheckedAt *time.Time
}

// Tokens are what a sign-in hands out.
type Tokens struct {
	Access    string
	Refresh   string
	ExpiresIn int // seconds until Access ends
}

// Format prints "tokens" whatever the verb.
func (Tokens) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "tokens") }
