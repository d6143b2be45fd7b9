// Package agreement lets channels take what a car owes without anybody's doing anything (免密支付, R020): a binder of the
// car opens an agreement at a channel, the channel is told when the car comes and goes, and deducts when it leaves.
// The orders and payments of that are package billing's.
package agreement

import (
	"context"
	"io"
	"time"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/billing"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/money"
	"parkbff/internal/outbox"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Channel deducts by agreements. Beside their own errors all calls answer charge.Refused, charge.Declined, and
// fault.Unavailable when nobody knows what became of the call; all may be repeated.
type Channel interface {
	// Agreement tells how the channel stands to a car and a payer.
	Agreement(ctx context.Context, of charge.Plate, payer string) (charge.Agreement, error)
	// Opening answers where a payer opens an agreement, or resumes it.
	Opening(of charge.Plate, payer string) (charge.Launch, error)
	// Enter tells that a car has come, and answers what Deduct and Leave want. charge.Declined may come with it.
	Enter(ctx context.Context, e charge.Entry) (reference string, err error)
	// Deduct takes money. Error also: charge.AlreadyPaid.
	Deduct(ctx context.Context, d charge.Deduction) (charge.Receipt, error)
	// FindDeduction tells what became of a deduction.
	FindDeduction(ctx context.Context, of charge.Named) (charge.Receipt, error)
	// Leave tells that a car has gone.
	Leave(ctx context.Context, e charge.Entry, reference string, left time.Time) error
}

// Offer is a channel and how it deducts: money.PasswordFree, or money.CreditScore where it may pay in advance.
type Offer struct {
	Channel
	Way money.Way
}

// Vehicles are what accounts have bound.
type Vehicles interface {
	// Vehicle answers one of the asking driver's by the row of its binding. Errors: UNAUTHENTICATED, NOT_FOUND.
	Vehicle(ctx context.Context, bindingRow int64) (*identity.Vehicle, error)
}

// Stays are those of cars with agreements.
type Stays interface {
	StaysByRow(ctx context.Context, rows []int64) (map[int64]*parking.Stay, error)
	InArrears(ctx context.Context, vehicleID int64) (bool, error)
	ExpectPasswordFree(ctx context.Context, tx *ent.Tx, vehicleID int64) error
}

// Orders begin deductions.
type Orders interface {
	Collect(ctx context.Context, tx *ent.Tx, c billing.Collection) (begun bool, err error)
}

// Tasks does slow work outside; see outbox.
type Tasks interface {
	Put(ctx context.Context, tx *ent.Tx, kind task.Kind, aboutID, accountID int64) error
	Handle(kind task.Kind, do outbox.Handler)
}

// Config is what a Service is made of. All of it is required; where Offers is empty, nobody deducts here.
type Config struct {
	Store    *store.Store
	Vault    *vault.Vault
	Clock    clock.Clock
	Random   io.Reader
	Vehicles Vehicles
	Payers   billing.Payers
	Stays    Stays
	Tasks    Tasks
	Offers   map[money.Channel]Offer
}

// Service is safe for concurrent use.
type Service struct {
	Config
	orders Orders
}

// New answers a service, which does the outbox's tasks about agreements. It deducts once it has orders.
func New(c Config) *Service {
	s := &Service{Config: c}
	s.Tasks.Handle(task.KindAGREEMENT, s.lookAgain)
	s.Tasks.Handle(task.KindAGREED_ENTRY, s.tellEntry)
	s.Tasks.Handle(task.KindAGREED_EXIT, s.tellExit)
	return s
}

// SetOrders says who begins deductions. It is called once, before anything else.
func (s *Service) SetOrders(o Orders) { s.orders = o }

// Faults of this package.
var (
	NotOffered = fault.New("PASSWORD_FREE_NOT_OFFERED", "Nobody deducts through this channel here.").At("channel")
	InArrears  = fault.New("IN_ARREARS", "The vehicle has unpaid stays: pay them first.").At("vehicleId")
	Held       = fault.New("AGREEMENT_HELD", "Somebody else who has bound the vehicle pays for it through this channel.").At("vehicleId")
)

// The jobs that this package does as the system.
const (
	jobAgree = "agree to deductions"
	jobTell  = "tell a channel of a stay"
	jobTake  = "deduct"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.Store.WithTx(viewer.AsSystem(ctx, job), fn)
}
