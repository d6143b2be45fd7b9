package identity

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/erasure"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/viewer"
)

// minorsRespite is how long a minor's account waits for a guardian before it is erased. The privacy policy
// says "as soon as possible" ((七)3) and PIPL 31 names no days. A week gives a guardian a weekend to answer,
// and is less than the 15 working days within which any erasure must be done (App违法违规收集使用个人信息行为
// 认定方法, 6).
const minorsRespite = 7 * day

// admitBirthday tells whether a birthday may be kept (R141). What a document said of the age counts more: an
// adult's birthday ends only what another birthday began.
//
// Error: GUARDIAN_CONSENT_REQUIRED for a minor's without a guardian's consent; then the transaction must
// commit, since from now on it is known.
func (s *Service) admitBirthday(ctx context.Context, tx *ent.Tx, of *ent.Account, birthday time.Time) error {
	documented := of.Adult != nil
	switch grown := cnid.AgeOn(birthday, s.clock.Now()) >= adulthood; {
	case grown && documented:
		return nil
	case grown:
		return s.trustAdult(ctx, tx, of.ID)
	case of.GuardianConsentedAt != nil:
		return s.noticeMinor(ctx, tx, of)
	case documented && *of.Adult:
		return GuardianConsentRequired
	}
	if err := s.noticeMinor(ctx, tx, of); err != nil {
		return err
	}
	return GuardianConsentRequired
}

// noticeMinor keeps when an account was first known to be a minor's and, without a guardian's consent, by
// when it is erased (R143).
func (s *Service) noticeMinor(ctx context.Context, tx *ent.Tx, of *ent.Account) error {
	now := s.clock.Now()
	if of.MinorSince == nil {
		if err := tx.Account.UpdateOneID(of.ID).SetMinorSince(now).Exec(ctx); err != nil {
			return fmt.Errorf("record the age: %w", err)
		}
	}
	if of.GuardianConsentedAt != nil {
		return nil
	}
	err := tx.Erasure.Create().SetAccountID(of.ID).SetReason(erasure.ReasonMINOR_WITHOUT_CONSENT).
		SetNoticedAt(now).SetDeadline(now.Add(minorsRespite)).
		OnConflictColumns(erasure.FieldAccountID).Ignore().Exec(ctx)
	if err != nil {
		return fmt.Errorf("set the deadline: %w", err)
	}
	return nil
}

// trustAdult ends what followed from an account's having been held for a minor's.
func (s *Service) trustAdult(ctx context.Context, tx *ent.Tx, accountID int64) error {
	if err := tx.Account.UpdateOneID(accountID).ClearMinorSince().Exec(ctx); err != nil {
		return fmt.Errorf("record the age: %w", err)
	}
	return s.stopDeadline(ctx, tx, accountID)
}

func (s *Service) stopDeadline(ctx context.Context, tx *ent.Tx, accountID int64) error {
	_, err := tx.Erasure.Delete().Where(erasure.AccountID(accountID), erasure.ErasedAtIsNil(),
		erasure.ReasonEQ(erasure.ReasonMINOR_WITHOUT_CONSENT)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("stop the deadline: %w", err)
	}
	return nil
}

// GiveGuardianConsent records that a guardian agrees to the viewer's account, proved by a code sent to the
// guardian's mobile (R141). Of the guardian nothing is kept but that, and when.
//
// Errors: UNAUTHENTICATED; INVALID_MOBILE; GUARDIAN_IS_SELF; CODE_INVALID.
func (s *Service) GiveGuardianConsent(ctx context.Context, guardianMobile, code string) error {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.ManageProfile, 0); err != nil {
		return err
	}
	guardian, err := cnid.ParseMobile(guardianMobile)
	if err != nil {
		return at(err, "guardianMobile")
	}
	var refusal error
	err = s.write(ctx, "record a guardian's consent", func(ctx context.Context, tx *ent.Tx) error {
		row, err := holdAccount(ctx, tx, v.AccountID)
		if err != nil {
			return err
		}
		if refusal = nil; equal(row.MobileIndex, s.mobileIndex(guardian)) {
			return GuardianIsSelf
		}
		good, err := s.redeem(ctx, tx, guardian, CodeForGuardianConsent, code)
		if err != nil {
			return err
		}
		if !good {
			refusal = CodeInvalid // a wrong code is counted, so this commits
			return nil
		}
		return s.recordGuardian(ctx, tx, row)
	})
	if err != nil {
		return err
	}
	return refusal
}

func (s *Service) recordGuardian(ctx context.Context, tx *ent.Tx, of *ent.Account) error {
	if of.GuardianConsentedAt == nil {
		if err := tx.Account.UpdateOneID(of.ID).SetGuardianConsentedAt(s.clock.Now()).Exec(ctx); err != nil {
			return fmt.Errorf("record the guardian's consent: %w", err)
		}
	}
	return s.stopDeadline(ctx, tx, of.ID)
}
