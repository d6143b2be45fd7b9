package outbox_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/fault"
	"parkbff/internal/outbox"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

var errBusy = fault.New("PARTNER_BUSY", "test")

func succeeds(context.Context, outbox.Job) error { return nil }

func TestATaskIsDoneAtOnceAfterItsCommit(t *testing.T) {
	eachHouse(t, func(_ *testing.T, h *house) {
		s := h.service(never, succeeds)
		h.run(s)
		h.put(s, 1, 2, 3)
		h.until("three tasks are done", h.allDone)
		for about := range int64(3) {
			if got := h.triesOf(about + 1); got != 1 {
				h.t.Errorf("task %d was done %d times", about+1, got)
			}
		}
	})
}

func TestWhatIsRolledBackIsNotDone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(often, succeeds)
		h.run(s)
		undone := errors.New("undone")
		err := h.store.WithTx(t.Context(), func(ctx context.Context, tx *ent.Tx) error {
			if err := s.Put(ctx, tx, task.KindNOTICE, 1, 0); err != nil {
				return err
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		h.put(s, 2)
		h.until("the committed task is done", h.allDone)
		if h.triesOf(1) != 0 {
			t.Error("a task that was rolled back was done")
		}
	})
}

func TestATaskNeedsATransaction(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		if err := h.service(never, succeeds).Put(t.Context(), nil, task.KindNOTICE, 1, 0); err == nil {
			t.Error("a task was put outside a transaction")
		}
	})
}

func TestOneCauseMakesOneTask(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(never, succeeds)
		h.put(s, 1, 1)
		h.put(s, 1)
		if got := len(h.tasks()); got != 1 {
			t.Errorf("%d tasks, want 1", got)
		}
	})
}

// A replica that stops after the commit, or a bus that was away, hands nothing out.
func TestWhatWasNeverHandedOutIsFoundByTheSweep(t *testing.T) {
	eachHouse(t, func(_ *testing.T, h *house) {
		h.put(h.service(never, succeeds), 1, 2)
		h.run(h.service(often, succeeds))
		h.until("another replica has done them", h.allDone)
	})
}

func TestTwoReplicasShareTheWorkAndDoItOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		first, second := h.service(often, succeeds), h.service(often, succeeds)
		h.run(first)
		h.run(second)
		var all []int64
		for about := range int64(200) {
			all = append(all, about+1)
		}
		for half := range slices.Chunk(all, 50) {
			h.put(first, half...)
		}
		h.until("all is done", h.allDone)
		for _, about := range all {
			if got := h.triesOf(about); got != 1 {
				t.Errorf("task %d was done %d times", about, got)
			}
		}
	})
}

func TestWhatFailsIsTriedAgainLaterAndThenDead(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(often, func(context.Context, outbox.Job) error { return errBusy })
		h.run(s)
		h.put(s, 1)
		h.until("the first attempt", func() bool { return h.triesOf(1) == 1 })
		for attempt := 1; !h.dead(); attempt++ {
			h.until("what became of it is noted", func() bool {
				row := h.tasks()[0]
				return row.State == task.StateDEAD || row.Attempts == attempt && row.HeldUntil == nil
			})
			if h.dead() {
				break
			}
			row := h.tasks()[0]
			pause := row.DueAt.Sub(h.clock.Now())
			if pause < time.Second || pause > 20*time.Minute {
				t.Fatalf("attempt %d comes after %s", attempt+1, pause)
			}
			h.clock.Pass(pause)
			h.until("the next attempt", func() bool { return h.triesOf(1) == attempt+1 })
		}
		row := h.tasks()[0]
		if row.Failure != "PARTNER_BUSY" || row.Attempts != 12 || row.DiedAt == nil {
			t.Errorf("dead with %q after %d attempts at %v", row.Failure, row.Attempts, row.DiedAt)
		}
		if passed := h.clock.Now().Sub(noon); passed < 30*time.Minute || passed > 2*time.Hour {
			t.Errorf("given up after %s", passed)
		}
	})
}

func TestWhatIsHopelessIsDeadAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(never, func(context.Context, outbox.Job) error { return outbox.Hopeless(errBusy) })
		h.run(s)
		h.put(s, 1)
		h.until("it is dead", h.dead)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if waiting, dead := s.Backlog(); waiting != 0 || dead != 1 {
			t.Errorf("%d wait and %d are dead", waiting, dead)
		}
		if got := h.triesOf(1); got != 1 {
			t.Errorf("tried %d times", got)
		}
	})
}

func TestAPostponedTaskWaitsAndHasLostNoAttempt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		morning := noon.Add(19 * time.Hour)
		s := h.service(often, func(context.Context, outbox.Job) error {
			if h.clock.Now().Before(morning) {
				return outbox.Postpone(morning)
			}
			return nil
		})
		h.run(s)
		h.put(s, 1)
		h.until("it is put off", func() bool {
			row := h.tasks()[0]
			return row.DueAt.Equal(morning) && row.HeldUntil == nil && row.Attempts == 0
		})
		h.clock.Set(morning)
		h.until("it is done in the morning", h.allDone)
		if got := h.triesOf(1); got != 2 {
			t.Errorf("looked at %d times, want 2", got)
		}
	})
}

// A replica that dies at work leaves its hold behind.
func TestAHoldThatOutlivesItsReplicaEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(often, succeeds)
		h.put(s, 1)
		err := h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
			return tx.Task.Update().AddAttempts(1).SetHeldUntil(noon.Add(time.Minute)).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		h.run(s)
		h.put(s, 2)
		h.until("the other task is done", func() bool { return h.triesOf(2) == 1 })
		if h.triesOf(1) != 0 {
			t.Error("a task that is held was taken up")
		}
		h.clock.Pass(time.Minute)
		h.until("it is done when the hold has ended", h.allDone)
	})
}

func TestATaskAtWhichTheProgramDiesEachTimeIsDeadInTheEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(often, succeeds)
		h.put(s, 1)
		err := h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
			return tx.Task.Update().SetAttempts(12).SetHeldUntil(noon.Add(-time.Second)).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		h.run(s)
		h.until("it is dead", h.dead)
		if h.triesOf(1) != 0 {
			t.Error("it was tried a thirteenth time")
		}
	})
}

func TestAPanicIsAFailureAndTellsNoValue(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(never, func(context.Context, outbox.Job) error { panic("粤B12345") })
		h.run(s)
		h.put(s, 1)
		h.until("it has failed", func() bool { return h.tasks()[0].Failure != "" })
		if got := h.tasks()[0].Failure; got != "INTERNAL" {
			t.Errorf("failure %q", got)
		}
	})
}

func TestStoppingWaitsForTheJobAtWork(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		begun, finished := make(chan struct{}), atomic.Bool{}
		s := h.service(never, func(ctx context.Context, _ outbox.Job) error {
			close(begun)
			time.Sleep(50 * time.Millisecond)
			finished.Store(ctx.Err() == nil)
			return nil
		})
		stop := h.run(s)
		h.put(s, 1)
		<-begun
		stop()
		if !finished.Load() || !h.allDone() {
			t.Error("the job was cut short, or its end was not noted")
		}
	})
}

func TestAdministratorsRetryAndDiscardDeadLetters(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		var healed atomic.Bool
		s := h.service(never, func(context.Context, outbox.Job) error {
			if healed.Load() {
				return nil
			}
			return outbox.Hopeless(errBusy)
		})
		h.run(s)
		h.put(s, 1)
		h.until("it is dead", h.dead)
		row := h.tasks()[0].ID
		admin := staff(t.Context(), 1, viewer.Admin)

		for who, ctx := range map[string]context.Context{
			"nobody": t.Context(), "an officer": staff(t.Context(), steppedUp, viewer.Officer),
		} {
			if _, err := s.DeadLetters(ctx, page.Request{First: 10}); err == nil {
				t.Errorf("%s lists dead letters", who)
			}
			if _, err := s.DeadLetter(ctx, row); err == nil {
				t.Errorf("%s reads a dead letter", who)
			}
			if err := s.Retry(ctx, row); err == nil {
				t.Errorf("%s retries", who)
			}
			if err := s.Discard(ctx, row); err == nil {
				t.Errorf("%s discards", who)
			}
		}
		listed, err := s.DeadLetters(admin, page.Request{First: 10})
		if err != nil || len(listed.Items) != 1 || listed.Items[0].Failure != "PARTNER_BUSY" || listed.Items[0].Attempts != 1 {
			t.Fatalf("listed %+v, %v", listed.Items, err)
		}
		if err := s.Discard(admin, row); !errors.Is(err, errStepUp) {
			t.Errorf("discarded without a second factor: %v", err)
		}
		healed.Store(true)
		h.clock.Pass(time.Second)
		if err := s.Retry(admin, row); err != nil {
			t.Fatal(err)
		}
		h.until("it is done after all", h.allDone)
		if err := s.Retry(admin, row); !errors.Is(err, fault.NotFound) {
			t.Errorf("what is done was retried: %v", err)
		}

		healed.Store(false)
		h.put(s, 2)
		h.until("another is dead", h.dead)
		if err := s.Discard(staff(t.Context(), steppedUp, viewer.Admin), h.tasks()[0].ID); err != nil || !h.allDone() {
			t.Errorf("it was not discarded: %v", err)
		}
	})
}

func TestDeadLettersAreForgottenAfterNinetyDays(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(never, func(_ context.Context, job outbox.Job) error {
			if job.AboutID == 1 {
				return outbox.Hopeless(errBusy)
			}
			return outbox.Postpone(noon.Add(1000 * 24 * time.Hour))
		})
		h.run(s)
		h.put(s, 1, 2)
		h.until("one is dead, the other waits", func() bool {
			states := map[task.State]int{}
			for _, row := range h.tasks() {
				if row.HeldUntil == nil {
					states[row.State]++
				}
			}
			return states[task.StateDEAD] == 1 && states[task.StateWAITING] == 1
		})
		left := func(want int) {
			t.Helper()
			if err := s.ForgetDead(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := len(h.tasks()); got != want {
				t.Errorf("%d tasks, want %d", got, want)
			}
		}
		h.clock.Pass(90 * 24 * time.Hour)
		left(2)
		h.clock.Pass(time.Second)
		left(1)
	})
}

// Whatever fails, whenever replicas stop and come: in the end each task is done, and done again only after an
// attempt whose end nobody noted.
func TestEveryTaskIsDoneInTheEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		about := int64(0)
		rapid.Check(t, func(rt *rapid.T) {
			fails := rapid.SliceOfN(rapid.IntRange(0, 2), 1, 8).Draw(rt, "failures of each task")
			left := map[int64]int{}
			var all []int64
			for _, n := range fails {
				about++
				left[about] = n
				all = append(all, about)
			}
			s := h.service(often, func(_ context.Context, job outbox.Job) error {
				h.mu.Lock()
				defer h.mu.Unlock()
				if left[job.AboutID] > 0 {
					left[job.AboutID]--
					return errBusy
				}
				return nil
			})
			stop := h.run(s)
			defer func() { stop() }()
			h.put(s, all...)
			if rapid.Bool().Draw(rt, "the replica stops") {
				stop()
				stop = h.run(s)
			}
			h.until("all is done", func() bool {
				h.clock.Pass(time.Second)
				return h.allDone()
			})
			for i, about := range all {
				if got := h.triesOf(about); got != fails[i]+1 {
					rt.Errorf("task %d was tried %d times, want %d", about, got, fails[i]+1)
				}
			}
		})
	})
}
