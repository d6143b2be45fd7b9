// Package payout pays the owners of shared bays what they have earned (车位共享业务分润, J(二)2(11)): to which bank card,
// once a day, through the clearing bank, and never twice.
//
// A settlement is written down, with its items and with a task, before the bank is asked, as payments are (decision 0028).
// The bank knows it by its number: whatever is lost on the way, it is asked what became of that number until it says so.
package payout

import (
	"context"
	"io"
	"time"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/billing"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/outbox"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Bank pays to cards. Both calls may be repeated with the number they had. Errors: charge.Refused and charge.Declined,
// which is about the card, and fault.Unavailable when nobody knows what became of the call.
type Bank interface {
	Payout(ctx context.Context, p charge.Payout) (charge.PayoutReceipt, error)
	PayoutStatus(ctx context.Context, of charge.Named) (charge.PayoutReceipt, error)
}

// Books say what was paid out.
type Books interface {
	PaidOut(ctx context.Context, tx *ent.Tx, p billing.PaidOut) error
}

// Owners tells by what name an account owns the bays that it shares.
type Owners interface {
	OwnerName(ctx context.Context, accountID int64) (string, error)
}

// Lots knows lots.
type Lots interface {
	LotByRow(row int64) (*parking.Lot, bool)
}

// Tasks does slow work outside; see outbox.
type Tasks interface {
	Put(ctx context.Context, tx *ent.Tx, kind task.Kind, aboutID, accountID int64) error
	Handle(kind task.Kind, do outbox.Handler)
}

// Config is what a Service is made of. All of it is required but Bank: without one nothing is paid out.
type Config struct {
	Store  *store.Store
	Vault  *vault.Vault
	Clock  clock.Clock
	Random io.Reader
	Bank   Bank
	Books  Books
	Owners Owners
	Lots   Lots
	Tasks  Tasks
}

// Service is safe for concurrent use.
type Service struct{ Config }

// New answers a service, which does the outbox's tasks about payouts.
func New(c Config) *Service {
	s := &Service{c}
	s.Tasks.Handle(task.KindPAYOUT, s.pay)
	return s
}

// Faults of this package.
var (
	NotOffered  = fault.New("PAYOUT_NOT_OFFERED", "Nothing is paid out here.")
	NoSpace     = fault.New("NO_SHARED_SPACE", "The account shares no bay: whose a card must be is not known.")
	InvalidCard = fault.New("INVALID_CARD_NUMBER", "The number of a bank card has 12 to 19 digits, the last of which checks the others.").At("cardNumber")
	InvalidBank = fault.New("INVALID_BANK", "A bank's name has 1 to 60 printable characters.").At("bank")
)

// The jobs that this package does as the system.
const (
	jobSet    = "set a payout account"
	jobRead   = "read what is owed"
	jobSettle = "settle with owners"
	jobPay    = "pay a settlement"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.Store.WithTx(viewer.AsSystem(ctx, job), fn)
}

// tomorrow is when the next day begins in Shanghai, UTC.
func tomorrow(now time.Time) time.Time {
	year, month, day := now.In(clock.Shanghai).Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, clock.Shanghai).UTC()
}
