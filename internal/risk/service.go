package risk

import (
	"context"
	"log/slog"

	"parkbff/ent"
	"parkbff/ent/riskevent"
	"parkbff/internal/clock"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Config is what a Service is made of. Log may be nil.
type Config struct {
	Store *store.Store
	Clock clock.Clock
	Log   *slog.Logger
}

// Service is safe for concurrent use.
type Service struct {
	store *store.Store
	clock clock.Clock
	log   *slog.Logger
}

// New answers a service.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: c.Store, clock: c.Clock, log: c.Log}
}

// Happening is something to be noted. Zero rows and an empty path mean none.
type Happening struct {
	Kind      riskevent.Kind
	Outcome   riskevent.Outcome
	AccountID int64
	StaffID   int64
	Path      string // of a URL, without query and fragment
}

// Note keeps a happening, in a transaction of its own: what is noted often goes with a refusal, whose own
// transaction has been undone. Call it outside transactions. Who is refused is refused whether or not it
// could be kept, so a failure goes to the log and no further.
func (s *Service) Note(ctx context.Context, h Happening) {
	ctx = viewer.AsSystem(context.WithoutCancel(ctx), "note a risk")
	err := s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
		row := tx.RiskEvent.Create().SetKind(h.Kind).SetOutcome(h.Outcome).SetOccurredAt(s.clock.Now()).SetPath(h.Path)
		if h.AccountID != 0 {
			row.SetAccountID(h.AccountID)
		}
		if h.StaffID != 0 {
			row.SetStaffID(h.StaffID)
		}
		return row.Exec(ctx)
	})
	if err != nil {
		s.log.WarnContext(ctx, "a risk was not noted", "kind", h.Kind, "error", err)
	}
}
