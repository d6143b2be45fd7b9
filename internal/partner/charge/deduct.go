package charge

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Plate is a plate as agreements to deduct are bound to it. It prints as "plate".
type Plate struct {
	Text  string // such as 粤B12345
	Color string // as cnid.Color
}

// Format prints no plate.
func (Plate) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "plate") }

// LogValue keeps it out of structured logs.
func (Plate) LogValue() slog.Value { return slog.StringValue("plate") }

// Agreement is how a channel stands to deducting for a plate without its payer's doing anything (免密支付).
type Agreement struct {
	State     AgreementState
	OpenedAt  time.Time
	Reference string // the channel's, where it has one
}

// AgreementState tells whether a channel deducts.
type AgreementState string

// States of an agreement. A blocked one is open, and nothing is deducted just now: its payer has paused it, or owes
// the channel something.
const (
	AgreementNone    AgreementState = "NONE"
	AgreementOpen    AgreementState = "OPEN"
	AgreementBlocked AgreementState = "BLOCKED"
)

// Lot is what a channel knows as one place, where its protocol wants places registered before it deducts there. It
// need not be a lot of ours: a merchant may register itself as one.
type Lot struct {
	Number string // ours: at most 28 letters and digits
	ID     string // the channel's
}

// Entry tells a channel that a car with an agreement has come, where its protocol wants that. What a channel is told
// of a lot is the name that it knows the merchant by, or the place that was registered with it.
type Entry struct {
	Number    string // ours, of the stay at the channel: 26 letters and digits
	Plate     Plate
	LotName   string
	Lot       Lot
	EnteredAt time.Time
	Free      time.Duration // how long parking is free
}

// Deduction is money to be taken without the payer's doing anything.
type Deduction struct {
	Charge Charge // of no way; Payer is what the channel calls them, where it wants that
	Entry  Entry
	// EntryReference is what the channel answered to the entry.
	EntryReference string
	Left           time.Time
}
