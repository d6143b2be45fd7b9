// Package billing owns orders, payments and refunds: what is owed becomes an order, an order is paid through a
// channel, and every fen that moves is written into the ledger in the transaction that says so.
//
// A channel takes money outside our transactions, so each payment and each refund is written down before the channel
// is asked, together with a task that asks what became of it until that is known. Whatever is lost on the way, calls
// of channels, their call-backs or this process, a payment ends received or closed, and what was received ends kept
// or given back.
package billing

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/invoice"
	"parkbff/ent/task"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/outbox"
	"parkbff/internal/pace"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Till is a channel that takes payments. All calls may be repeated with the number they had. Errors: charge.Refused,
// charge.Declined, charge.AlreadyPaid, and fault.Unavailable when nobody knows what became of the call.
type Till interface {
	// Prepare has a charge made, and answers what its payer's client needs. Asked again it answers alike.
	Prepare(ctx context.Context, c charge.Charge) (charge.Launch, error)
	// Find tells what became of a charge.
	Find(ctx context.Context, of charge.Named) (charge.Receipt, error)
	// Close keeps a charge from being paid. Error also: charge.NotBegun.
	Close(ctx context.Context, of charge.Named) error
	Refund(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error)
	FindRefund(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error)
}

// Offer is a till and the ways to it.
type Offer struct {
	Till Till
	Ways []money.Way
}

// Stays are what is paid for.
type Stays interface {
	OpenOffer(token string) (parking.Offer, error)
	Owed(ctx context.Context, tx *ent.Tx, sessionID int64, at time.Time) (parking.Owed, error)
	Worth(ctx context.Context, tx *ent.Tx, quoted parking.Offer, minutes int) (int64, error)
	Settle(ctx context.Context, tx *ent.Tx, p parking.Payment) (parking.Settled, error)
	LetOut(ctx context.Context, tx *ent.Tx, sessionID int64) error
	Unsettle(ctx context.Context, tx *ent.Tx, sessionID, fen int64) error
	TellRefunded(ctx context.Context, tx *ent.Tx, p parking.Payment) error
	AskToPay(ctx context.Context, tx *ent.Tx, sessionID int64) error
	TellDeclined(ctx context.Context, tx *ent.Tx, p parking.Payment) error
	StaysByRow(ctx context.Context, rows []int64) (map[int64]*parking.Stay, error)
	Stay(ctx context.Context, row int64) (*parking.Stay, error)
	LotByRow(row int64) (*parking.Lot, bool)
}

// Payers tells what a channel calls the viewer. A code is the one-time code of the channel's own app; without one
// the viewer's account must be linked there.
type Payers interface {
	PayerOn(ctx context.Context, channel money.Channel, code string) (string, error)
}

// Agreements are by what channels deduct; see agreement.Service.
type Agreements interface {
	Deduct(ctx context.Context, agreementID, sessionID int64, c charge.Charge) (charge.Receipt, error)
	FindDeduction(ctx context.Context, channel money.Channel, of charge.Named) (charge.Receipt, error)
}

// Office tells whether the viewer is staff of the platform, and whether the second factor was passed.
type Office interface {
	Office(ctx context.Context, role viewer.Role) (*viewer.Viewer, error)
	SteppedUp(ctx context.Context) error
}

// Invoices are what was issued for orders.
type Invoices interface {
	// Refunded hears, in the transaction that says so, that money of an order goes back.
	Refunded(ctx context.Context, tx *ent.Tx, orderID int64) error
	// StatesOf tells how far the invoices of orders have come, of those that stand on one of the viewer's own.
	StatesOf(ctx context.Context, orders []int64) (map[int64]invoice.State, error)
}

// Drawers are where cash lies, each of one shift; see shift.Service.
type Drawers interface {
	// Put puts cash into the drawer of a member of staff, and answers whose shift it is. Error: shift.Required.
	Put(ctx context.Context, tx *ent.Tx, staff, lotID, fen int64) (shiftID int64, err error)
	// Take takes cash out of it. Errors: shift.Required, shift.DrawerTooLow.
	Take(ctx context.Context, tx *ent.Tx, staff, lotID, fen int64) (shiftID int64, err error)
}

// Tasks does slow work outside; see outbox.
type Tasks interface {
	Put(ctx context.Context, tx *ent.Tx, kind task.Kind, aboutID, accountID int64) error
	Handle(kind task.Kind, do outbox.Handler)
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store     *store.Store
	Vault     *vault.Vault
	Clock     clock.Clock
	Random    io.Reader
	Stays     Stays
	Discounts Discounts
	Permits   Permits
	Drawers   Drawers
	Payers    Payers
	Office    Office
	Tasks     Tasks
	Tills     map[money.Channel]Offer
	Log       *slog.Logger
	Invoices  Invoices

	Agreements   Agreements
	Reservations Reservations
	Points       Points
	Mall         Mall
}

// Service is safe for concurrent use.
type Service struct {
	store     *store.Store
	vault     *vault.Vault
	clock     clock.Clock
	random    io.Reader
	stays     Stays
	discounts Discounts
	permits   Permits
	drawers   Drawers
	payers    Payers
	office    Office
	tasks     Tasks
	tills     map[money.Channel]Offer
	log       *slog.Logger
	book      *ledger.Book
	pace      *pace.Pace
	invoices  Invoices

	agreements   Agreements
	reservations Reservations
	points       Points
	mall         Mall
}

// New answers a service, which does the outbox's tasks about payments and refunds.
func New(c Config) *Service {
	s := &Service{
		store: c.Store, vault: c.Vault, clock: c.Clock, random: c.Random, stays: c.Stays, discounts: c.Discounts, permits: c.Permits, invoices: c.Invoices,
		agreements: c.Agreements, drawers: c.Drawers, reservations: c.Reservations, points: c.Points, mall: c.Mall,
		payers: c.Payers, office: c.Office, tasks: c.Tasks, tills: c.Tills, log: c.Log, book: ledger.New(c.Clock), pace: pace.New(c.Clock),
	}
	s.tasks.Handle(task.KindPAYMENT, s.followUp)
	s.tasks.Handle(task.KindREFUND, s.giveBack)
	return s
}

// Offers lists the channels, and the ways to each, in which a stay can be paid for here.
func (s *Service) Offers() []*Offered {
	offered := make([]*Offered, 0, len(s.tills))
	for channel, offer := range s.tills {
		offered = append(offered, &Offered{channel, offer.Ways})
	}
	slices.SortFunc(offered, func(a, b *Offered) int { return cmp.Compare(a.Channel, b.Channel) })
	return offered
}

// Prove goes through the whole ledger; see ledger.Book.Prove.
func (s *Service) Prove(ctx context.Context) (*ledger.Proof, error) {
	return s.book.Prove(ctx, s.store)
}

// Faults of this package.
var (
	PriceChanged         = fault.New("PRICE_CHANGED", "Less is owed than was quoted: ask for a new quote.")
	OrderClosed          = fault.New("ORDER_CLOSED", "The order has expired or was replaced: ask for a new quote.")
	OrderPaid            = fault.New("ORDER_PAID", "The order has been paid.")
	ChannelNotOffered    = fault.New("PAYMENT_CHANNEL_NOT_OFFERED", "Nobody can pay this way here.").At("channel")
	RegistrationRequired = fault.New("REGISTRATION_REQUIRED", "Paying in the app needs an account.")
	PaymentRefused       = fault.New("PAYMENT_REFUSED", "The payment channel did not take the payment: try another.").At("channel")
	TooManyPayments      = fault.New("TOO_MANY_PAYMENTS", "Too many payments of this order are under way: wait until they have expired.")
	AmountDiffers        = fault.New("AMOUNT_DIFFERS", "That is not the amount that is owed.").At("amountFen")
	RefundTooLarge       = fault.New("REFUND_TOO_LARGE", "More than was paid cannot be refunded.").At("amountFen")
	InvalidReason        = fault.New("INVALID_REASON", "A reason has 1 to 200 characters.").At("reason")
)

// Faults of call-backs.
var (
	// UnknownPayment is answered for a payment that is none of ours.
	UnknownPayment = fault.New("UNKNOWN_PAYMENT", "There is no such payment.")
)

// The jobs that this package does as the system.
const (
	jobOrder     = "order"
	jobPay       = "pay"
	jobReceive   = "receive a payment"
	jobFollow    = "follow up a payment"
	jobRefund    = "refund"
	jobRead      = "read orders"
	jobExpire    = "close expired orders"
	jobDeduct    = "deduct"
	jobReconcile = "reconcile"
	jobReserved  = "go on with reservations"
	jobMall      = "end orders of the mall"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, job), fn)
}
