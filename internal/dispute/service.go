// Package dispute owns complaints about what stays cost: a person says that a charge is wrong, small ones that were
// paid go back at once, and the managers of the lot decide the others by a date.
package dispute

import (
	"context"
	"time"

	"parkbff/ent"
	"parkbff/internal/billing"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/tariff"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

const (
	// decidedWithin is by when a complaint is to be decided, in working days: what Hangzhou's parking appeal promises
	// (domain.md §3).
	decidedWithin = 5
	// instantAgain is how long after a charge went back at once the same account's next one is looked at.
	instantAgain = 90 * 24 * time.Hour
)

// Stays are what is complained about.
type Stays interface {
	Stay(ctx context.Context, row int64) (*parking.Stay, error)
	StaysByRow(ctx context.Context, rows []int64) (map[int64]*parking.Stay, error)
	WriteOff(ctx context.Context, tx *ent.Tx, sessionID int64) (fen int64, err error)
	TellDecided(ctx context.Context, tx *ent.Tx, p parking.Payment) error
}

// Money is what was paid for stays.
type Money interface {
	PaidBy(ctx context.Context, tx *ent.Tx, accountID, sessionID int64) (fen int64, err error)
	GiveBack(ctx context.Context, tx *ent.Tx, g billing.GivingBack) error
}

// Office tells whether the second factor was passed.
type Office interface {
	SteppedUp(ctx context.Context) error
}

// Config is what a Service is made of. All of it is required. InstantFen is up to what amount a charge goes back at
// once; zero: never.
type Config struct {
	Store      *store.Store
	Vault      *vault.Vault
	Clock      clock.Clock
	Stays      Stays
	Money      Money
	Office     Office
	Calendar   tariff.Calendar
	InstantFen int64
}

// Service is safe for concurrent use.
type Service struct{ Config }

// New answers a service.
func New(c Config) *Service { return &Service{c} }

// Faults of this package.
var (
	StayNotOver     = fault.New("STAY_NOT_OVER", "A charge can be disputed once the stay is over.").At("sessionId")
	NothingCharged  = fault.New("NOTHING_CHARGED", "The account has paid nothing for this stay, and nothing is owed.").At("sessionId")
	AlreadyDisputed = fault.New("ALREADY_DISPUTED", "The account has disputed this stay before.").At("sessionId")
	AlreadyDecided  = fault.New("ALREADY_DECIDED", "The dispute has been decided.").At("disputeId")
	InvalidWords    = fault.New("INVALID_WORDS", "Between 1 and 500 printable characters.")
	TooMuch         = fault.New("REFUND_TOO_LARGE", "More than the account has paid for the stay and not got back.").At("returnFen")
)

// The jobs that this package does as the system.
const (
	jobDispute = "dispute a charge"
	jobDecide  = "decide on a disputed charge"
)

func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.Store.WithTx(viewer.AsSystem(ctx, job), fn)
}
