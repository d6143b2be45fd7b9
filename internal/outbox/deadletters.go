package outbox

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/task"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

// DeadLetters lists what is dead, newest first, for an administrator. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) DeadLetters(ctx context.Context, p page.Request) (page.Of[*DeadLetter], error) {
	if _, err := s.office.Office(ctx, viewer.Admin); err != nil {
		return page.Of[*DeadLetter]{}, err
	}
	query := s.store.Client(ctx).Task.Query().Where(task.StateEQ(task.StateDEAD)).
		Order(ent.Desc(task.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(task.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*DeadLetter]{}, fmt.Errorf("read dead letters: %w", err)
	}
	cut := page.Cut(rows, p.First)
	all := make([]*DeadLetter, len(cut.Items))
	for i, row := range cut.Items {
		all[i] = deadLetterOf(row)
	}
	return page.Of[*DeadLetter]{Items: all, More: cut.More}, nil
}

// DeadLetter answers one by its row, to an administrator. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND.
func (s *Service) DeadLetter(ctx context.Context, row int64) (*DeadLetter, error) {
	if _, err := s.office.Office(ctx, viewer.Admin); err != nil {
		return nil, err
	}
	found, err := s.store.Client(ctx).Task.Query().Where(task.ID(row), task.StateEQ(task.StateDEAD)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read a dead letter: %w", err)
	}
	return deadLetterOf(found), nil
}

// Retry has one tried again, from the first attempt, for an administrator. Errors: UNAUTHENTICATED, FORBIDDEN,
// NOT_FOUND.
func (s *Service) Retry(ctx context.Context, row int64) error {
	if _, err := s.office.Office(ctx, viewer.Admin); err != nil {
		return err
	}
	now := s.clock.Now()
	err := s.decide(ctx, func(ctx context.Context, tx *ent.Tx) (int, error) {
		return tx.Task.Update().Where(task.ID(row), task.StateEQ(task.StateDEAD)).
			SetState(task.StateWAITING).SetAttempts(0).SetDueAt(now).
			ClearDiedAt().ClearFailure().ClearHeldUntil().Save(ctx)
	})
	if err != nil {
		return err
	}
	s.hand(due{row: row, at: now})
	return nil
}

// Discard gives one up, for an administrator with a second factor. Errors: UNAUTHENTICATED, FORBIDDEN,
// STEP_UP_REQUIRED, NOT_FOUND.
func (s *Service) Discard(ctx context.Context, row int64) error {
	if _, err := s.office.Office(ctx, viewer.Admin); err != nil {
		return err
	}
	if err := s.office.SteppedUp(ctx); err != nil {
		return err
	}
	return s.decide(ctx, func(ctx context.Context, tx *ent.Tx) (int, error) {
		return tx.Task.Delete().Where(task.ID(row), task.StateEQ(task.StateDEAD)).Exec(ctx)
	})
}

// ForgetDead deletes what has been dead for longer than notices are kept: what it was about is gone. Replicas may do
// so at the same time.
func (s *Service) ForgetDead(ctx context.Context) error {
	return s.change(viewer.AsSystem(ctx, jobForget), func(ctx context.Context, tx *ent.Tx) error {
		_, err := tx.Task.Delete().Where(task.StateEQ(task.StateDEAD), task.DiedAtLT(s.clock.Now().Add(-deadKept))).Exec(ctx)
		return err
	})
}

// decide changes one dead letter, which another administrator may have decided on already.
func (s *Service) decide(ctx context.Context, change func(ctx context.Context, tx *ent.Tx) (changed int, err error)) error {
	err := s.store.WithTx(viewer.AsSystem(ctx, jobHeal), func(ctx context.Context, tx *ent.Tx) error {
		changed, err := change(ctx, tx)
		if err == nil && changed == 0 {
			return fault.NotFound
		}
		return err
	})
	if err != nil && fault.As(err) == nil {
		return fmt.Errorf("decide on a dead letter: %w", err)
	}
	return err
}

func deadLetterOf(row *ent.Task) *DeadLetter {
	d := &DeadLetter{Row: row.ID, Kind: row.Kind, Failure: row.Failure, Attempts: row.Attempts, CreatedAt: row.CreatedAt}
	if row.DiedAt != nil {
		d.DiedAt = *row.DiedAt
	}
	return d
}
