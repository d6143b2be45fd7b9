package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/clock"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// What a Config means by zero.
const (
	// DefaultSweepEvery is how often the store is searched for what is due and was not handed out.
	DefaultSweepEvery = 15 * time.Second
	// DefaultParallel is how many jobs one replica does at a time.
	DefaultParallel = 8
)

const (
	// attempts is how often a task is tried before it is dead: with the pauses between, for about an hour.
	attempts   = 12
	firstPause = 2 * time.Second
	maxPause   = 15 * time.Minute
	// jobTime bounds one attempt; the hold outlasts it, so that no two replicas do one job at once, and the
	// bus gives a message to another replica later still (bus.Work).
	jobTime  = 45 * time.Second
	holdTime = 60 * time.Second
	// handedWithin is the longest pause that is left to the bus. What is due later is found by the sweep.
	handedWithin = time.Minute
	// soonerAfterFailure is by how much sooner a sweep follows one that failed: what is due waits for it.
	soonerAfterFailure = 10
	// soonerForOverdue is how much more often than for what is due the store is searched for what is overdue.
	soonerForOverdue = 3
	// deadKept is how long a dead letter waits for an operator.
	deadKept = 90 * 24 * time.Hour
	// sweptAtOnce bounds one sweep.
	sweptAtOnce = 500
)

// The jobs that this package does as the system.
const (
	jobPut    = "put a task into the outbox"
	jobWork   = "do a task"
	jobSweep  = "look for tasks that are due"
	jobHeal   = "decide on a dead letter"
	jobForget = "forget old dead letters"
)

var (
	errNoTransaction = errors.New("put a task: not inside a transaction")
	errNeverEnded    = errors.New("no attempt has come to an end that was noted")
	errNoHandler     = errors.New("nobody does tasks of this kind")
)

// Queue hands messages to whichever replica is free; see bus.Work.
type Queue interface {
	Publish(ctx context.Context, id string, payload []byte) error
	Consume(ctx context.Context, parallel int, do func(ctx context.Context, payload []byte) (again time.Duration))
}

// Office tells whether the viewer is staff of the platform, and whether the second factor was passed.
type Office interface {
	Office(ctx context.Context, role viewer.Role) (*viewer.Viewer, error)
	SteppedUp(ctx context.Context) error
}

// Config is what a Service is made of. Office may be set later; see SetOffice.
type Config struct {
	Store  *store.Store
	Queue  Queue
	Clock  clock.Clock
	Log    *slog.Logger
	Office Office
	// SweepEvery is the pause between two sweeps, a tenth of it after one that failed; zero means DefaultSweepEvery.
	SweepEvery time.Duration
	// Parallel is how many jobs are done at a time; zero means DefaultParallel.
	Parallel int
}

// Service is safe for concurrent use.
type Service struct {
	store      *store.Store
	queue      Queue
	clock      clock.Clock
	log        *slog.Logger
	office     Office
	sweepEvery time.Duration
	parallel   int
	handlers   map[task.Kind]Handler
	handed     chan due
	backlog    backlog
}

// handedAtOnce is how many tasks may wait to be handed out; what does not fit is found by the sweep.
const handedAtOnce = 4096

// New answers a service. Nothing is done before Run.
func New(c Config) *Service {
	s := &Service{
		store: c.Store, queue: c.Queue, clock: c.Clock, log: c.Log, office: c.Office,
		sweepEvery: c.SweepEvery, parallel: c.Parallel,
		handlers: map[task.Kind]Handler{}, handed: make(chan due, handedAtOnce),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.sweepEvery == 0 {
		s.sweepEvery = DefaultSweepEvery
	}
	if s.parallel == 0 {
		s.parallel = DefaultParallel
	}
	return s
}

// SetOffice says who knows the platform's staff, when that service is made later. Call it before Run.
func (s *Service) SetOffice(office Office) { s.office = office }

// Handle says who does the jobs of a kind. Call it before Run.
func (s *Service) Handle(kind task.Kind, do Handler) { s.handlers[kind] = do }

// Put writes a task in the transaction tx, which ctx must be inside, and hands it out once that has committed.
// AccountID zero: it is nobody's. Of one kind and about one row there is one task: a second is none.
func (s *Service) Put(ctx context.Context, tx *ent.Tx, kind task.Kind, aboutID, accountID int64) error {
	if !store.InTx(ctx) {
		return errNoTransaction
	}
	now := s.clock.Now()
	row := tx.Task.Create().SetKind(kind).SetAboutID(aboutID).SetDueAt(now).SetCreatedAt(now)
	if accountID != 0 {
		row.SetAccountID(accountID)
	}
	id, err := row.OnConflictColumns(task.FieldKind, task.FieldAboutID).Ignore().ID(viewer.AsSystem(ctx, jobPut))
	if err != nil {
		return fmt.Errorf("put a task: %w", err)
	}
	store.AfterCommit(ctx, func() { s.hand(due{row: id, at: now}) })
	return nil
}

// hand never waits: whoever has just committed has a client to answer.
func (s *Service) hand(d due) {
	select {
	case s.handed <- d:
	default:
	}
}

// backlog is how much there was to do at the last sweep.
type backlog struct{ waiting, dead atomic.Int64 }

// Backlog answers how many tasks, of all replicas, waited and were dead when they were last counted: about as
// long ago as a sweep.
func (s *Service) Backlog() (waiting, dead int64) {
	return s.backlog.waiting.Load(), s.backlog.dead.Load()
}
