package outbox_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"parkbff/ent/task"
	"parkbff/internal/bus"
	"parkbff/internal/outbox"
)

// moody is a queue that takes nothing for a while.
type moody struct {
	*bus.Work
	refusals atomic.Int64
}

func (m *moody) Publish(ctx context.Context, id string, payload []byte) error {
	if m.refusals.Add(-1) >= 0 {
		return errors.New("away")
	}
	return m.Work.Publish(ctx, id, payload)
}

// The test has no patience for a whole pause between two sweeps.
func TestWhatTheBusRefusedIsHandedOutSoonAfterItIsBack(t *testing.T) {
	const sweeps = time.Minute
	eachHouse(t, func(_ *testing.T, h *house) {
		queue := &moody{Work: h.bus.Work()}
		queue.refusals.Store(2) // the first sweep, and what was put
		s := outbox.New(outbox.Config{Store: h.store, Queue: queue, Clock: h.clock, Office: office{h}, SweepEvery: sweeps})
		s.Handle(task.KindNOTICE, func(_ context.Context, job outbox.Job) error {
			h.tried(job.AboutID)
			return nil
		})
		h.put(s, 1)
		h.run(s)
		h.until("the job is done", h.allDone)
	})
}

// forgetful is a queue that loses what it has taken, as servers do that are killed while they write.
type forgetful struct{ *bus.Work }

func (forgetful) Publish(context.Context, string, []byte) error { return nil }

func TestWhatTheQueueHasLostIsDoneFromTheStore(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		replica := func() *outbox.Service {
			s := outbox.New(outbox.Config{
				Store: h.store, Queue: forgetful{h.bus.Work()}, Clock: h.clock, Office: office{h}, SweepEvery: often,
			})
			s.Handle(task.KindNOTICE, func(_ context.Context, job outbox.Job) error {
				h.tried(job.AboutID)
				return nil
			})
			return s
		}
		first, second := replica(), replica()
		h.put(first, 1, 2, 3)
		h.run(first)
		h.run(second)
		h.clock.Pass(9 * time.Second)
		time.Sleep(5 * often)
		if h.triesOf(1) != 0 {
			t.Error("done although the queue may still bring it")
		}
		h.clock.Pass(time.Second)
		h.until("all are done", h.allDone)
		for about := range int64(3) {
			if got := h.triesOf(about + 1); got != 1 {
				t.Errorf("task %d was done %d times", about+1, got)
			}
		}
	})
}
