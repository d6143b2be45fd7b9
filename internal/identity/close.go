package identity

import (
	"context"

	"parkbff/ent"
	"parkbff/ent/erasure"
	"parkbff/internal/entitlement"
	"parkbff/internal/viewer"
)

// CloseAccount ends the viewer's account at once and erases what is personal of it; see erase. Nobody needs
// to pay first: what is owed is owed by the vehicle. The mobile may open another account, which sees nothing
// of this one. The viewer in ctx becomes nobody. What the account has earned by shared bays must be paid to it first,
// from one yuan on.
//
// Errors: UNAUTHENTICATED; STEP_UP_REQUIRED; EarningsOwed.
func (s *Service) CloseAccount(ctx context.Context) error {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.EndAccount, 0); err != nil {
		return err
	}
	if err := s.steppedUp(ctx, v); err != nil {
		return err
	}
	err := s.write(ctx, "close an account", func(ctx context.Context, tx *ent.Tx) error {
		owed, err := owesEarnings(ctx, tx, v.AccountID)
		switch {
		case err != nil:
			return err
		case owed:
			return EarningsOwed
		}
		return s.erase(ctx, tx, v.AccountID, erasure.ReasonACCOUNT_CLOSED)
	})
	if err != nil {
		return err
	}
	viewer.Replace(ctx, viewer.Nobody())
	return nil
}
