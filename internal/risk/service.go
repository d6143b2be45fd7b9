package risk

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

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

	mu      sync.Mutex
	blocked map[Happening]time.Time // when each was noted last
}

// New answers a service.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{store: c.Store, clock: c.Clock, log: c.Log, blocked: map[Happening]time.Time{}}
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
//
// What is blocked may be tried without end: of one and the same happening, one a minute is noted.
func (s *Service) Note(ctx context.Context, h Happening) {
	h.Path = withoutQuery(h.Path)
	if h.Outcome == riskevent.OutcomeBLOCKED && !s.due(h) {
		return
	}
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

const (
	notedEvery  = time.Minute
	mostBlocked = 10_000 // happenings remembered at once
)

// due tells whether a happening was not noted within a minute, and remembers that it is now.
func (s *Service) due(h Happening) bool {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, known := s.blocked[h]; known && now.Sub(last) < notedEvery {
		return false
	}
	if len(s.blocked) >= mostBlocked {
		maps.DeleteFunc(s.blocked, func(_ Happening, last time.Time) bool { return now.Sub(last) >= notedEvery })
	}
	if len(s.blocked) >= mostBlocked {
		return false
	}
	s.blocked[h] = now
	return true
}

func withoutQuery(path string) string {
	if at := strings.IndexAny(path, "?#"); at >= 0 {
		return path[:at]
	}
	return path
}
