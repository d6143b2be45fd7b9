package outbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/fault"
)

// unexplained is the failure of a task whose error has no code.
const unexplained = "INTERNAL"

// settle notes what became of a job, and answers when its message is to come again.
func (s *Service) settle(ctx context.Context, job *Job, kind task.Kind, err error) (again time.Duration, _ error) {
	if err != nil {
		s.report(ctx, job, kind, err)
	}
	var later *postponed
	var never *hopeless
	switch {
	case err == nil:
		return 0, s.change(ctx, func(ctx context.Context, tx *ent.Tx) error {
			_, err := tx.Task.Delete().Where(task.ID(job.Row)).Exec(ctx)
			return err
		})
	case errors.As(err, &later):
		return handedIn(later.until.Sub(s.clock.Now())), s.update(ctx, job.Row, func(u *ent.TaskUpdate) {
			u.SetDueAt(later.until).AddAttempts(-1)
		})
	case errors.As(err, &never), job.Attempt >= attempts:
		return 0, s.update(ctx, job.Row, func(u *ent.TaskUpdate) {
			u.SetState(task.StateDEAD).SetDiedAt(s.clock.Now()).SetFailure(codeOf(err))
		})
	default:
		pause := backoff(job.Attempt)
		return handedIn(pause), s.update(ctx, job.Row, func(u *ent.TaskUpdate) {
			u.SetDueAt(s.clock.Now().Add(pause)).SetFailure(codeOf(err))
		})
	}
}

// update changes a task and lets go of it.
func (s *Service) update(ctx context.Context, row int64, change func(*ent.TaskUpdate)) error {
	return s.change(ctx, func(ctx context.Context, tx *ent.Tx) error {
		u := tx.Task.Update().Where(task.ID(row)).ClearHeldUntil()
		change(u)
		return u.Exec(ctx)
	})
}

func (s *Service) change(ctx context.Context, change func(ctx context.Context, tx *ent.Tx) error) error {
	if err := s.store.WithTx(ctx, change); err != nil {
		return fmt.Errorf("settle a task: %w", err)
	}
	return nil
}

// report logs what a developer must look at: faults are foreseen, and are told by the task itself.
func (s *Service) report(ctx context.Context, job *Job, kind task.Kind, err error) {
	var p *panicError
	switch {
	case errors.As(err, &p):
		s.log.ErrorContext(ctx, "panic while doing a task", "kind", kind, "task", job.Row, "type", p.kind, "stack", p.stack)
	case codeOf(err) == unexplained && !errors.As(err, new(*postponed)):
		s.log.WarnContext(ctx, "a task failed", "kind", kind, "task", job.Row, "attempt", job.Attempt, "error", err)
	}
}

// backoff doubles from two seconds to a quarter of an hour, give or take a fifth, so that what failed together
// is not tried together.
func backoff(attempt int) time.Duration {
	pause := min(firstPause<<min(attempt-1, 16), maxPause)
	return pause - pause/5 + rand.N(2*pause/5)
}

func codeOf(err error) string {
	if f := fault.As(err); f != nil {
		return f.Code()
	}
	return unexplained
}

// panicError keeps where a panic was raised, but not its value, which may hold a personal one.
type panicError struct{ kind, stack string }

func panicked(p any) error { return &panicError{fmt.Sprintf("%T", p), string(debug.Stack())} }

func (p *panicError) Error() string { return "panic of a " + p.kind }
