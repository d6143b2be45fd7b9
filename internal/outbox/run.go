package outbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"parkbff/ent"
	"parkbff/ent/predicate"
	"parkbff/ent/task"
	"parkbff/internal/clock"
	"parkbff/internal/viewer"
)

// due is a task that may be taken up.
type due struct {
	row     int64
	attempt int // how often it has been taken up
	at      time.Time
}

// overdue is after how long a task is done by a replica that finds it in the store, when the queue has brought it to
// nobody: its message may have been given to a replica that died, and a bus that is away, or full, or was killed
// while it wrote, costs time only. A message to a phone is two tasks, one after the other.
const overdue = 10 * time.Second

// id is by what the queue knows one attempt of a task, so that those who find it due together hand it out once.
func (d due) id() string { return fmt.Sprintf("%d.%d.%d", d.row, d.attempt, d.at.UnixMicro()) }

func (d due) payload() []byte { return strconv.AppendInt(nil, d.row, 10) }

// Run hands tasks out and does jobs until ctx ends; then it waits for the jobs at work. Call it once.
func (s *Service) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { s.handOut(ctx) })
	running.Go(func() { s.queue.Consume(ctx, s.parallel, s.take) })
	running.Go(func() { s.catchUp(ctx) })
	running.Wait()
}

// handOut publishes what has just been committed, and now and then what the store says is due. A replica may
// stop between a commit and the publishing, and the bus may be away or full: the sweep makes up for that.
func (s *Service) handOut(ctx context.Context) {
	for {
		pause := s.sweepEvery
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "tasks that are due cannot be handed out; it will be tried again", "error", err)
			pause /= soonerAfterFailure
		}
		if !s.handUntil(ctx, time.After(pause/2+rand.N(pause))) {
			return
		}
	}
}

// handUntil answers false when ctx ends. While the bus refuses, tasks are left to the sweep.
func (s *Service) handUntil(ctx context.Context, sweep <-chan time.Time) bool {
	refused := false
	for {
		select {
		case d := <-s.handed:
			if !refused {
				refused = s.queue.Publish(ctx, d.id(), d.payload()) != nil
			}
		case <-sweep:
			return true
		case <-ctx.Done():
			return false
		}
	}
}

// Sweep hands out the tasks that are due and that nobody holds, the oldest first, at most 500.
func (s *Service) Sweep(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, jobSweep)
	if err := s.count(ctx); err != nil {
		return err
	}
	rows, err := s.store.Fresh(ctx).Task.Query().Where(s.free()...).
		Order(ent.Asc(task.FieldDueAt)).Limit(sweptAtOnce).Select(task.FieldAttempts, task.FieldDueAt).All(ctx)
	if err != nil {
		return fmt.Errorf("find tasks that are due: %w", err)
	}
	for _, row := range rows {
		d := due{row: row.ID, attempt: row.Attempts, at: row.DueAt}
		if err := s.queue.Publish(ctx, d.id(), d.payload()); err != nil {
			return fmt.Errorf("hand out a task: %w", err)
		}
	}
	return nil
}

// count notes how much there is to do.
func (s *Service) count(ctx context.Context) error {
	for state, noted := range map[task.State]*atomic.Int64{
		task.StateWAITING: &s.backlog.waiting, task.StateDEAD: &s.backlog.dead,
	} {
		n, err := s.store.Fresh(ctx).Task.Query().Where(task.StateEQ(state)).Count(ctx)
		if err != nil {
			return fmt.Errorf("count tasks: %w", err)
		}
		noted.Store(int64(n))
	}
	return nil
}

// free holds for tasks that may be taken up now.
func (s *Service) free() []predicate.Task {
	now := s.clock.Now()
	return []predicate.Task{
		task.StateEQ(task.StateWAITING), task.DueAtLTE(now),
		task.Or(task.HeldUntilIsNil(), task.HeldUntilLTE(now)),
	}
}

// catchUp does now and then what the queue has brought to nobody, until ctx ends.
func (s *Service) catchUp(ctx context.Context) {
	every := s.sweepEvery / soonerForOverdue
	for clock.Wait(ctx, every/2+rand.N(every)) == nil {
		if err := s.doOverdue(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "tasks that are overdue cannot be found; it will be tried again", "error", err)
		}
	}
}

// doOverdue does the tasks that are overdue, the oldest first, at most 500. When ctx ends it waits for those at work.
func (s *Service) doOverdue(ctx context.Context) error {
	rows, err := s.store.Fresh(ctx).Task.Query().
		Where(append(s.free(), task.DueAtLTE(s.clock.Now().Add(-overdue)))...).
		Order(ent.Asc(task.FieldDueAt)).Limit(sweptAtOnce).IDs(viewer.AsSystem(ctx, jobSweep))
	if err != nil {
		return fmt.Errorf("find tasks that are overdue: %w", err)
	}
	var working errgroup.Group
	working.SetLimit(s.parallel)
	for _, row := range rows {
		working.Go(func() error {
			if ctx.Err() == nil {
				s.takeUp(context.WithoutCancel(ctx), row)
			}
			return nil
		})
	}
	return working.Wait()
}

// take does the task that a message names, and answers when the message is to come again.
func (s *Service) take(ctx context.Context, payload []byte) (again time.Duration) {
	row, err := strconv.ParseInt(string(payload), 10, 64)
	if err != nil {
		s.log.ErrorContext(ctx, "a message of the work stream names no task")
		return 0
	}
	return s.takeUp(ctx, row)
}

// takeUp does a task, unless it is done, not yet due, or held by another, and answers when to come back to it; zero
// when it is gone, or left to the sweep.
func (s *Service) takeUp(ctx context.Context, row int64) (again time.Duration) {
	ctx = viewer.AsSystem(ctx, jobWork)
	job, kind, err := s.hold(ctx, row)
	if err != nil {
		s.log.WarnContext(ctx, "a task cannot be taken up; it will be tried again", "error", err)
		return firstPause
	}
	if job == nil {
		return s.untilFree(ctx, row)
	}
	pause, err := s.settle(ctx, job, kind, s.do(ctx, job, kind))
	if err != nil {
		s.log.WarnContext(ctx, "what became of a task could not be noted; it will be done again", "error", err)
		return holdTime
	}
	return pause
}

// hold takes up a task for this replica; nil: it is done, dead, not yet due, or held by another.
func (s *Service) hold(ctx context.Context, row int64) (job *Job, kind task.Kind, err error) {
	err = s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
		job = nil
		held, err := tx.Task.Update().Where(append(s.free(), task.ID(row))...).
			AddAttempts(1).SetHeldUntil(s.clock.Now().Add(holdTime)).Save(ctx)
		if err != nil || held == 0 {
			return err
		}
		found, err := tx.Task.Get(ctx, row)
		if err != nil {
			return err
		}
		job, kind = &Job{Row: row, AboutID: found.AboutID, Attempt: found.Attempts}, found.Kind
		return nil
	})
	return job, kind, err
}

// untilFree answers how long a task that could not be taken up is held or not due; zero when it is gone, and
// when that is so long that the sweep will find it.
func (s *Service) untilFree(ctx context.Context, row int64) time.Duration {
	found, err := s.store.Fresh(ctx).Task.Query().Where(task.ID(row), task.StateEQ(task.StateWAITING)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return 0
	case err != nil:
		return firstPause
	}
	free := found.DueAt
	if found.HeldUntil != nil && found.HeldUntil.After(free) {
		free = *found.HeldUntil
	}
	return handedIn(free.Sub(s.clock.Now()))
}

// handedIn answers a pause that is left to the bus, or zero for one that is left to the sweep.
func handedIn(pause time.Duration) time.Duration {
	if pause > handedWithin {
		return 0
	}
	return max(pause, time.Millisecond)
}

func (s *Service) do(ctx context.Context, job *Job, kind task.Kind) (err error) {
	do, known := s.handlers[kind]
	switch {
	case !known:
		return errNoHandler
	case job.Attempt > attempts: // so often the program has died at it
		return Hopeless(errNeverEnded)
	}
	ctx, cancel := context.WithTimeout(ctx, jobTime)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	return do(ctx, *job)
}
