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
