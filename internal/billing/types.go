package billing

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent/invoice"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/internal/money"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/privacy"
)

// Order is a payment order with its values opened, for whoever may see it; how much of it is shown is the contract's
// business. Instants are UTC, money is fen.
type Order struct {
	Row         int64
	Kind        paymentorder.Kind
	Stay        *parking.Stay // what it pays for; nil for a voucher
	Lot         *parking.Lot  // of what it pays for; nil for one that was taken away
	LotID       int64
	State       paymentorder.State
	FeeFen      int64 // what the stay costs, beyond what was paid before
	DiscountFen int64 // what vouchers take off
	DueFen      int64
	PaidFen     int64 // what was received for it and kept or given back
	RefundedFen int64 // of that, what was given back or is about to be
	Channel     *money.Channel
	Way         *money.Way
	Deferred    bool // its channel has paid it, and its payer owes it to the channel
	CreatedAt   time.Time
	ExpiresAt   *time.Time // null once it is not open: it tells when it was ordered
	PaidAt      *time.Time

	InvoiceState *invoice.State // null when it stands on no invoice of the viewer's own
}

// VehicleAtHand is the vehicle that facts are tested about.
func (o *Order) VehicleAtHand() int64 {
	if o.Stay == nil {
		return 0
	}
	return o.Stay.VehicleAtHand()
}

// LotAtHand is the lot that facts are tested about.
func (o *Order) LotAtHand() int64 { return o.LotID }

// Plate of the vehicle that is paid for; nil for a voucher.
func (o *Order) Plate() *string {
	if o.Stay == nil {
		return nil
	}
	return &o.Stay.Plate
}

// LotName is the lot's whole name.
func (o *Order) LotName() string {
	if o.Lot == nil {
		return ""
	}
	return o.Lot.Name
}

// MaskedLotName is the lot's name for those who may see half of it.
func (o *Order) MaskedLotName() string {
	if o.Lot == nil {
		return ""
	}
	return o.Lot.HalfName
}

// NameHidden tells whether the viewer has hidden the record.
func (o *Order) NameHidden() bool { return o.Stay != nil && o.Stay.NameHidden() }

// NameVisibility of the clear value.
func (o *Order) NameVisibility() privacy.NameVisibility { return privacy.NameClear }

// CreatedAtPrecision of the clear value.
func (o *Order) CreatedAtPrecision() privacy.Precision { return privacy.PrecisionExact }

// PaidAtPrecision of the clear value.
func (o *Order) PaidAtPrecision() privacy.Precision { return privacy.PrecisionExact }

// Format prints "order" under every verb: its values are personal.
func (Order) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, orderWord) }

// LogValue keeps its values out of structured logs.
func (Order) LogValue() slog.Value { return slog.StringValue(orderWord) }

const orderWord = "order"

// Payment is one attempt to pay an order.
type Payment struct {
	Row       int64
	Number    string // ours; the channel shows it to the payer
	Channel   money.Channel
	State     payment.State
	Fen       int64
	ExpiresAt time.Time
	Launch    *Launch // what the client hands to the channel; nil when there is nothing left to do
}

// Format prints "payment" under every verb.
func (Payment) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "payment") }

// Launch is what a client hands to a channel; see charge.Launch.
type Launch struct {
	Parameters []charge.Parameter
	URL        *string
}

// Format prints "launch" under every verb.
func (Launch) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "launch") }

// LaunchOf is what a client hands to a channel, of what the channel answered.
func LaunchOf(l charge.Launch) *Launch {
	launch := &Launch{Parameters: l.Parameters}
	if l.URL != "" {
		launch.URL = &l.URL
	}
	return launch
}

// Offered is a channel and the ways to it.
type Offered struct {
	Channel money.Channel
	Ways    []money.Way
}
