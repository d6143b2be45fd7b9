package outbox_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/bus"
	"parkbff/internal/fault"
	"parkbff/internal/outbox"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

const (
	patience = 20 * time.Second
	// never is a sweep that does not come: what is done was handed out at once.
	never = time.Hour
	often = 20 * time.Millisecond
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is one store and one bus, on which replicas work.
type house struct {
	t     *testing.T
	store *store.Store
	bus   *bus.Bus
	clock *testkit.Clock

	mu    sync.Mutex
	tries map[int64]int // by what the job is about
	news  chan int64
}

func eachHouse(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		b, err := bus.Open(t.Context(), bus.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := b.Close(ctx); err != nil {
				t.Error(err)
			}
		})
		test(t, &house{
			t: t, store: s, bus: b, clock: testkit.NewClock(noon), tries: map[int64]int{}, news: make(chan int64, 10_000),
		})
	})
}

// service answers one that does nothing yet.
func (h *house) service(sweepEvery time.Duration, do outbox.Handler) *outbox.Service {
	s := outbox.New(outbox.Config{
		Store: h.store, Queue: h.bus.Work(), Clock: h.clock, Office: office{h}, SweepEvery: sweepEvery,
	})
	s.Handle(task.KindNOTICE, func(ctx context.Context, job outbox.Job) error {
		defer h.tried(job.AboutID)
		return do(ctx, job)
	})
	return s
}

// run has a replica work until stop is called, or the test ends.
func (h *house) run(s *outbox.Service) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	h.t.Cleanup(stop)
	return stop
}

func (h *house) tried(about int64) {
	h.mu.Lock()
	h.tries[about]++
	h.mu.Unlock()
	h.news <- about
}

func (h *house) triesOf(about int64) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tries[about]
}

func (h *house) put(s *outbox.Service, abouts ...int64) {
	h.t.Helper()
	err := h.store.WithTx(h.t.Context(), func(ctx context.Context, tx *ent.Tx) error {
		for _, about := range abouts {
			if err := s.Put(ctx, tx, task.KindNOTICE, about, 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// until waits for something to hold of the store, looking again whenever a job was done and now and then.
func (h *house) until(what string, holds func() bool) {
	h.t.Helper()
	late := time.After(patience)
	for !holds() {
		select {
		case <-h.news:
		case <-time.After(5 * time.Millisecond):
		case <-late:
			h.t.Fatalf("never came true: %s", what)
		}
	}
}

func (h *house) asSystem() context.Context { return viewer.AsSystem(h.t.Context(), "test") }

func (h *house) tasks() []*ent.Task {
	h.t.Helper()
	all, err := h.store.Fresh(h.asSystem()).Task.Query().All(h.asSystem())
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) allDone() bool { return len(h.tasks()) == 0 }

func (h *house) dead() bool {
	all := h.tasks()
	return len(all) == 1 && all[0].State == task.StateDEAD
}

// office lets administrators in, and those with a second factor discard.
type office struct{ h *house }

func (office) Office(ctx context.Context, role viewer.Role) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	if v.Kind == viewer.Anonymous {
		return nil, fault.Unauthenticated
	}
	if !v.Holds(role) {
		return nil, fault.Forbidden
	}
	return v, nil
}

var errStepUp = fault.New("STEP_UP_REQUIRED", "test")

func (office) SteppedUp(ctx context.Context) error {
	if viewer.Of(ctx).StaffID != steppedUp {
		return errStepUp
	}
	return nil
}

const steppedUp = 7

func staff(ctx context.Context, id int64, roles ...viewer.Role) context.Context {
	return viewer.With(ctx, &viewer.Viewer{Kind: viewer.Staff, StaffID: id, Office: roles})
}
