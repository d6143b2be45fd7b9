package identity

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/riskevent"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/risk"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// stepUpHolds is for how long a second factor, or the sign-in itself, opens what a thief of a phone must
// not do.
const stepUpHolds = 10 * time.Minute

// SendStepUpCode sends a code to the account's own mobile, for StepUp. Limits and answer are those of
// SendCode. Errors: UNAUTHENTICATED, FORBIDDEN; RATE_LIMITED; UNAVAILABLE.
func (s *Service) SendStepUpCode(ctx context.Context) (expiresIn int, err error) {
	v, err := devicesOf(ctx)
	if err != nil {
		return 0, err
	}
	m, err := s.mobileOf(ctx, s.store.Fresh(ctx), v.AccountID)
	if err != nil {
		return 0, err
	}
	return s.sendCode(ctx, m, CodeForStepUp)
}

// StepUp passes the second factor by the code sent to the account's mobile, and answers until when it holds
// for this sign-in. Errors: UNAUTHENTICATED, FORBIDDEN; CODE_INVALID; RATE_LIMITED while the mobile is locked.
func (s *Service) StepUp(ctx context.Context, code string) (until time.Time, err error) {
	v, err := devicesOf(ctx)
	if err != nil {
		return time.Time{}, err
	}
	now, good := s.clock.Now(), false
	err = s.write(ctx, "step up", func(ctx context.Context, tx *ent.Tx) error {
		m, err := s.mobileOf(ctx, tx.Client(), v.AccountID)
		if err != nil {
			return err
		}
		if good, err = s.redeem(ctx, tx, m, CodeForStepUp, code); err != nil || !good {
			return err // a wrong code is counted, so this commits
		}
		err = tx.SignIn.Update().Where(signin.ID(v.SignInID), signin.RevokedAtIsNil()).SetSteppedUpAt(now).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note the second factor: %w", err)
		}
		return nil
	})
	if err != nil {
		return time.Time{}, err
	}
	outcome := riskevent.OutcomePASSED
	if !good {
		outcome = riskevent.OutcomeFAILED
	}
	s.risks.Note(ctx, risk.Happening{Kind: riskevent.KindSTEP_UP, Outcome: outcome, AccountID: v.AccountID})
	if !good {
		return time.Time{}, CodeInvalid
	}
	return now.Add(stepUpHolds), nil
}

// mobileOf opens the mobile of the viewer's account. Error: NOT_FOUND, for an account that is closed.
func (s *Service) mobileOf(ctx context.Context, db *ent.Client, accountID int64) (cnid.Mobile, error) {
	row, err := db.Account.Query().Where(account.ID(accountID), account.ClosedAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return cnid.Mobile{}, fault.NotFound
	}
	if err != nil {
		return cnid.Mobile{}, fmt.Errorf("read the account: %w", err)
	}
	text, err := s.vault.OpenString(ctx, vault.AccountKey(accountID), fieldMobile, row.Mobile)
	if err != nil {
		return cnid.Mobile{}, err
	}
	return cnid.ParseMobile(text)
}

// steppedUp refuses unless the sign-in, or its second factor, is of the last ten minutes.
// Error: STEP_UP_REQUIRED.
func (s *Service) steppedUp(ctx context.Context, v *viewer.Viewer) error {
	since := s.clock.Now().Add(-stepUpHolds)
	young, err := s.store.Fresh(ctx).SignIn.Query().
		Where(signin.ID(v.SignInID), signin.Or(signin.CreatedAtGT(since), signin.SteppedUpAtGT(since))).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read the sign-in: %w", err)
	}
	if !young {
		return StepUpRequired
	}
	return nil
}

// devicesOf answers the viewer when it may look after its devices. Errors: UNAUTHENTICATED, FORBIDDEN.
func devicesOf(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	return v, entitlement.Require(v, entitlement.ManageDevices, 0)
}
