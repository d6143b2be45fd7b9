package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/privacy"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Columns that are sealed under an account's key.
const (
	fieldMobile   = "account.mobile"
	fieldRefresh  = "sign_in.refresh"
	fieldDevice   = "sign_in.device_name"
	fieldNickname = "vehicle_binding.nickname"

	// FieldPlate and FieldPayer are read by package agreement too.
	FieldPlate = "vehicle_binding.plate"
	FieldPayer = "agreement.payer"
)

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

// ChangeMobile moves the viewer's account to a mobile that a code sent there proves (R061). Every other
// sign-in of the account ends, on open sockets too: whoever held the old mobile may have made one.
//
// Errors: UNAUTHENTICATED, FORBIDDEN; INVALID_MOBILE; STEP_UP_REQUIRED; CODE_INVALID; RATE_LIMITED while the
// new mobile is locked; MOBILE_TAKEN.
func (s *Service) ChangeMobile(ctx context.Context, mobile, code string) error {
	v, err := entitled(ctx, entitlement.ManageProfile)
	if err != nil {
		return err
	}
	m, err := cnid.ParseMobile(mobile)
	if err != nil {
		return at(err, "mobile")
	}
	if err := s.steppedUp(ctx, v); err != nil {
		return err
	}
	var refusal error
	err = s.write(ctx, "change the mobile", func(ctx context.Context, tx *ent.Tx) error {
		refusal = nil
		if _, err := holdAccount(ctx, tx, v.AccountID); err != nil {
			return err
		}
		good, err := s.redeem(ctx, tx, m, CodeForChangeMobile, code)
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
		if err := s.setMobile(ctx, tx, v.AccountID, m); err != nil {
			return err
		}
		return s.endOthers(ctx, tx, v.AccountID, v.SignInID)
	})
	switch {
	case err != nil:
		return err
	case refusal != nil:
		return refusal
	}
	return s.renew(ctx, v.AccountID, v.SignInID)
}

// SetFullMask switches full masking on or off (R065). On needs FOLLOWED and any vehicle VERIFIED (decision
// 3); off shows again what was hidden, and needs a second factor. What is so already
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
		if _, err := holdAccount(ctx, tx, v.AccountID); err != nil {
			return err
		}
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
	if !on {
		return s.steppedUp(ctx, v)
	}
	return entitlement.Require(v, entitlement.FullMask, 0)
}
