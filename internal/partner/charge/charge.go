// Package charge is what every party that takes payments for us is asked and answers, whichever it is. They are
// told an amount, a number of ours and what their protocol cannot do without, and nothing of car, lot or stay
// (R104).
package charge

import (
	"encoding/base32"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/money"
)

// Charge is a payment that somebody is to make. It prints as "charge".
type Charge struct {
	Number      string // ours, unique for ever: 26 letters and digits
	Fen         int64
	Description string // what the payer reads at the channel; nothing personal
	Way         money.Way
	Payer       string    // what the channel calls the payer in our app: for MINI_PROGRAM
	Address     string    // the payer's IP address, where the channel wants it
	CreatedAt   time.Time // by our clock; some channels know a charge by it and the number
	ExpiresAt   time.Time // the channel takes no payment after it
}

// Named is how the charge is asked after.
func (c Charge) Named() Named {
	return Named{Number: c.Number, CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt}
}

// Named is what a charge is asked after and closed by: as it was when it was prepared, to the second.
type Named struct {
	Number               string
	CreatedAt, ExpiresAt time.Time
}

// Format prints no payer.
func (Charge) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "charge") }

// LogValue keeps it out of structured logs.
func (Charge) LogValue() slog.Value { return slog.StringValue("charge") }

// Launch is what a client hands to the channel's app or page: parameters, or a URL to go to. With both, the
// parameters are the fields of a form that the payer's browser is to post to the URL, in UTF-8 and urlencoded. It
// prints as "launch".
type Launch struct {
	Parameters []Parameter
	URL        string
}

// Parameter of a launch, in the channel's own name.
type Parameter struct{ Name, Value string }

// Format prints no signature.
func (Launch) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "launch") }

// State is how far a payment has come at its channel.
type State string

// States of payments and refunds at a channel. Of an unknown one the channel has never heard.
const (
	Unknown State = "UNKNOWN"
	Pending State = "PENDING"
	Done    State = "DONE"
	Closed  State = "CLOSED" // it can no longer be paid; of refunds: it failed for good
)

// Receipt is what a channel says of a payment.
type Receipt struct {
	Number      string // ours
	Transaction string // the channel's; empty until it is paid
	State       State
	Fen         int64     // what was charged, whoever bore the channel's own discounts
	PaidAt      time.Time // by the channel's clock, to the second
	Advanced    bool      // the channel has paid in advance, and its user owes it to the channel
	Repaid      bool      // the channel had paid in advance, and its user has repaid it
}

// Refund is money that is to go back. The same number is refunded once.
type Refund struct {
	Number        string // ours, of the refund
	PaymentNumber string // ours, of the payment
	Transaction   string // the channel's, of the payment, as its receipt named it
	Fen           int64
	PaidFen       int64     // the whole payment
	CreatedAt     time.Time // by our clock, of the refund; some channels know it by this and the number
}

// RefundReceipt is what a channel says of a refund.
type RefundReceipt struct {
	Number      string
	Transaction string // the channel's
	State       State
	Fen         int64
	At          time.Time
}

// Line is one movement of a channel's daily statement.
type Line struct {
	Number       string // ours, of the payment
	RefundNumber string // ours; empty: it is a payment
	Transaction  string // the channel's, of the payment
	Fen          int64  // more than zero, whichever way it went
	At           time.Time
}

// Notice is what a channel tells us by calling us, its signature checked: a payment, a refund, or neither, which is
// only to be replied to. Where a channel does not say which amount went back, a refund's is zero: ask the channel.
// Reply is what it wants to hear once we have taken it in.
type Notice struct {
	Payment *Receipt
	Refund  *RefundReceipt
	Reply   Reply
}

// Reply to a channel's call.
type Reply struct {
	Status int
	Media  string
	Body   []byte
}

// Faults of channels. Beside them they answer fault.Unavailable when nobody knows whether a request was taken in:
// ask what became of it before anything else.
var (
	// Refused is answered for a request that no trying again makes right.
	Refused = fault.New("CHARGE_REFUSED", "The payment channel does not take such a request.")
	// Declined is answered where the payer cannot pay this way now: no money, no agreement, a risk.
	Declined = fault.New("CHARGE_DECLINED", "The payment channel declined the payment.")
	// AlreadyPaid is answered to who closes or makes a charge that has been paid.
	AlreadyPaid = fault.New("CHARGE_PAID", "The charge has been paid.")
	// NotBegun is answered to who closes a charge of which the channel has not heard, because its payer has not gone
	// there yet. It cannot be closed, and can be paid until it expires.
	NotBegun = fault.New("CHARGE_NOT_BEGUN", "The payer has not gone to the payment channel yet.")
)

// numberBytes make 26 letters and digits, which every channel takes.
const numberBytes = 16

var numberText = base32.StdEncoding.WithPadding(base32.NoPadding)

// Draw answers a number that was never used, and that tells nothing of time or order.
func Draw(random io.Reader) (string, error) {
	var b [numberBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("draw a number: %w", err)
	}
	return strings.ToLower(numberText.EncodeToString(b[:])), nil
}
