package identity

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/riskevent"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/risk"
	"parkbff/internal/store"
)

// bindsPerDay bounds how many plates one account may try: each answer tells whether the plate is protected.
const bindsPerDay = 10

// tries are how often something was tried since a moment.
type tries struct {
	since *time.Time
	n     int
}

// andOne counts one more try, or answers how long to wait when that would be one too many in a day.
func (t tries) andOne(now time.Time, most int) (more tries, wait time.Duration) {
	switch {
	case t.since == nil || !now.Before(t.since.Add(day)):
		return tries{&now, 1}, 0
	case t.n >= most:
		return t, t.since.Add(day).Sub(now)
	}
	return tries{t.since, t.n + 1}, 0
}

// askPlatform is what whoever has a platform or a carrier asked is counted for.
const askPlatform = "ask a platform"

// paced counts that the client's address has something done for it, by whomever. Error: RATE_LIMITED.
func (s *Service) paced(ctx context.Context, what string) error {
	if wait := s.pace.Wait(ctx, what); wait > 0 {
		return rateLimited(wait)
	}
	return nil
}

// countBind counts a plate that the account tries. The account is held. Error: RATE_LIMITED, with which nothing
// of that plate is kept.
func (s *Service) countBind(ctx context.Context, tx *ent.Tx, account *ent.Account) error {
	t, wait := tries{account.BindSince, account.BindTries}.andOne(s.clock.Now(), bindsPerDay)
	if wait > 0 {
		return rateLimited(wait)
	}
	if err := tx.Account.UpdateOneID(account.ID).SetBindSince(*t.since).SetBindTries(t.n).Exec(ctx); err != nil {
		return fmt.Errorf("count a plate: %w", err)
	}
	return nil
}

// notToldToday leaves those binders of a vehicle who have not been told, within a day, that the account
// binds it: binding and unbinding in turn would otherwise fill their notices.
func (s *Service) notToldToday(ctx context.Context, tx *ent.Tx, accountID int64, binders []*ent.VehicleBinding) ([]*ent.VehicleBinding, error) {
	if len(binders) == 0 {
		return nil, nil
	}
	last, err := tx.VehicleBinding.Query().
		Where(vehiclebinding.AccountID(accountID), vehiclebinding.VehicleID(binders[0].VehicleID),
			vehiclebinding.BoundAtGT(s.clock.Now().Add(-day))).
		Order(vehiclebinding.ByID(newestFirst)).First(ctx)
	if ent.IsNotFound(err) {
		return binders, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read earlier bindings: %w", err)
	}
	return slices.DeleteFunc(binders, func(b *ent.VehicleBinding) bool { return b.ID < last.ID }), nil
}

// noteAfter notes a risk once the transaction has committed.
func (s *Service) noteAfter(ctx context.Context, kind riskevent.Kind, outcome riskevent.Outcome, accountID int64) {
	store.AfterCommit(ctx, func() {
		// Not in ctx, which leads back into the transaction.
		s.risks.Note(context.Background(), risk.Happening{Kind: kind, Outcome: outcome, AccountID: accountID})
	})
}
