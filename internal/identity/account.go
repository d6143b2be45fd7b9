package identity

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/privacy"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Columns that are sealed under an account's key.
const (
	fieldMobile   = "account.mobile"
	fieldRefresh  = "sign_in.refresh"
	fieldPlate    = "vehicle_binding.plate"
	fieldNickname = "vehicle_binding.nickname"
)

// stepUp is how young a sign-in must be for what a thief of a phone must not do.
const stepUp = 10 * time.Minute

// Account answers the viewer's account. Error: UNAUTHENTICATED.
func (s *Service) Account(ctx context.Context) (*Account, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	row, err := s.store.Client(ctx).Account.Get(ctx, v.AccountID)
	if ent.IsNotFound(err) || err == nil && row.ClosedAt != nil {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	mobile, err := s.vault.OpenString(ctx, vault.AccountKey(row.ID), fieldMobile, row.Mobile)
	if err != nil {
		return nil, err
	}
	return &Account{
		Row: row.ID, Mobile: privacy.Mobile(mobile), CreatedAt: row.CreatedAt, FullMask: row.FullMask, Told: row.Profile,
	}, nil
}

// ChangeMobile moves the viewer's account to a mobile that a code sent there proves (R061).
// Errors: UNAUTHENTICATED, INVALID_MOBILE, CODE_INVALID, MOBILE_TAKEN.
func (s *Service) ChangeMobile(ctx context.Context, mobile, code string) error {
	v, err := driver(ctx)
	if err != nil {
		return err
	}
	m, err := cnid.ParseMobile(mobile)
	if err != nil {
		return at(err, "mobile")
	}
	var refusal error
	err = s.write(ctx, "change the mobile", func(ctx context.Context, tx *ent.Tx) error {
		refusal = nil
		if _, err := holdAccount(ctx, tx, v.AccountID); err != nil {
			return err
		}
		good, err := s.redeem(ctx, tx, m, code)
		if err != nil {
			return err
		}
		if !good {
			refusal = CodeInvalid
			return nil
		}
		taken, err := tx.Account.Query().Where(account.MobileIndex(s.mobileIndex(m)), account.IDNEQ(v.AccountID)).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for the mobile: %w", err)
		}
		if taken {
			refusal = MobileTaken
			return nil
		}
		return s.setMobile(ctx, tx, v.AccountID, m)
	})
	if err != nil {
		return err
	}
	return refusal
}

// SetFullMask switches full masking on or off (R065). On needs FOLLOWED and any vehicle VERIFIED (decision
// 3); off shows again what was hidden, and needs a sign-in of the last ten minutes. What is so already
// needs nothing.
//
// Errors: UNAUTHENTICATED; FACT_REQUIRED{fact, nextStep}; STEP_UP_REQUIRED.
func (s *Service) SetFullMask(ctx context.Context, on bool) error {
	v, err := driver(ctx)
	if err != nil {
		return err
	}
	if on == v.FullMask {
		return nil
	}
	if err := s.mayMask(ctx, v, on); err != nil {
		return err
	}
	err = s.write(ctx, "set full masking", func(ctx context.Context, tx *ent.Tx) error {
		if err := tx.Account.UpdateOneID(v.AccountID).SetFullMask(on).Exec(ctx); err != nil {
			return fmt.Errorf("set full masking: %w", err)
		}
		s.accountChanged(ctx, v.AccountID)
		return nil
	})
	if err != nil {
		return err
	}
	return s.renew(ctx, v.AccountID, v.SignInID)
}

func (s *Service) mayMask(ctx context.Context, v *viewer.Viewer, on bool) error {
	switch {
	case !on:
		return s.steppedUp(ctx, v)
	case !v.Follows():
		return factRequired(v, viewer.Followed)
	case !v.HasVerified():
		return factRequired(v, viewer.Verified)
	}
	return nil
}

func (s *Service) steppedUp(ctx context.Context, v *viewer.Viewer) error {
	young, err := s.store.Fresh(ctx).SignIn.Query().
		Where(signin.ID(v.SignInID), signin.CreatedAtGT(s.clock.Now().Add(-stepUp))).Exist(ctx)
	if err != nil {
		return fmt.Errorf("read the sign-in: %w", err)
	}
	if !young {
		return StepUpRequired
	}
	return nil
}
