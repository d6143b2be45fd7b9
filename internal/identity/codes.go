package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"time"

	"parkbff/ent"
	"parkbff/ent/logincode"
	"parkbff/internal/cnid"
	"parkbff/internal/store"
)

const (
	codeDigits   = 6
	codeLife     = 5 * time.Minute
	codeAttempts = 5
	codePause    = time.Minute
	codesPerDay  = 10
)

var codeBound = new(big.Int).Exp(big.NewInt(10), big.NewInt(codeDigits), nil)

// SendCode sends a code to a mobile and answers for how many seconds it is good, for its purpose alone. The code
// sent last is the only one that counts, whatever it is for, and the limits are the mobile's over all purposes.
// Whether the mobile has an account makes no difference to anything here.
//
// Errors: INVALID_MOBILE; RATE_LIMITED within a minute of the last code and after ten in a day, whether or
// not those texts arrived, while the mobile is locked (guesses.go), and for an address that asks too often
// (package pace); UNAVAILABLE when the partner does not answer.
func (s *Service) SendCode(ctx context.Context, mobile string, purpose CodePurpose) (expiresIn int, err error) {
	m, err := cnid.ParseMobile(mobile)
	if err != nil {
		return 0, at(err, "mobile")
	}
	if err := s.paced(ctx, "send a code"); err != nil {
		return 0, err
	}
	return s.sendCode(ctx, m, purpose)
}

func (s *Service) sendCode(ctx context.Context, m cnid.Mobile, purpose CodePurpose) (expiresIn int, err error) {
	code, err := s.drawCode()
	if err != nil {
		return 0, err
	}
	err = s.write(ctx, "send a code", func(ctx context.Context, tx *ent.Tx) error {
		return s.keepCode(ctx, tx, m, purpose, code)
	})
	if err != nil {
		return 0, err
	}
	if err := s.sms.SendCode(ctx, m, purpose, code); err != nil {
		return 0, at(err, "mobile")
	}
	return int(codeLife / time.Second), nil
}

func (s *Service) drawCode() (string, error) {
	n, err := rand.Int(s.random, codeBound)
	if err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	return fmt.Sprintf("%0*d", codeDigits, n), nil
}

// ForgetCodes deletes the codes that no limit looks at any more.
func (s *Service) ForgetCodes(ctx context.Context) error {
	return s.write(ctx, "forget codes", func(ctx context.Context, tx *ent.Tx) error {
		if _, err := tx.LoginCode.Delete().Where(logincode.CreatedAtLTE(s.clock.Now().Add(-day))).Exec(ctx); err != nil {
			return fmt.Errorf("forget codes: %w", err)
		}
		return nil
	})
}

// keepCode writes the hash of a new code, unless the mobile was sent enough. Rows of the mobile that no limit
// looks at any more go at once, or they would count.
func (s *Service) keepCode(ctx context.Context, tx *ent.Tx, m cnid.Mobile, purpose CodePurpose, code string) error {
	now, mobile := s.clock.Now(), s.mobileIndex(m)
	old := tx.LoginCode.Delete().Where(logincode.MobileIndex(mobile), logincode.CreatedAtLTE(now.Add(-day)))
	if _, err := old.Exec(ctx); err != nil {
		return fmt.Errorf("drop old codes: %w", err)
	}
	sent, err := tx.LoginCode.Query().Where(logincode.MobileIndex(mobile)).
		Order(logincode.BySerial(newestFirst)).Limit(codesPerDay).All(ctx)
	if err != nil {
		return fmt.Errorf("read codes: %w", err)
	}
	if wait := max(codeWait(sent, now), lockWait(sent, now)); wait > 0 {
		return rateLimited(wait)
	}
	serial := int64(1)
	if len(sent) > 0 {
		serial = sent[0].Serial + 1
	}
	err = tx.LoginCode.Create().SetMobileIndex(mobile).SetSerial(serial).SetCodeHash(s.codeHash(m, purpose, code)).
		SetCreatedAt(now).SetExpiresAt(now.Add(codeLife)).Exec(ctx)
	if store.IsDuplicate(err) {
		return store.Retry(err) // another code was sent at the same moment: the limit will see it
	}
	if err != nil {
		return fmt.Errorf("keep a code: %w", err)
	}
	return nil
}

// codeWait is how long until another code may be sent, given those of the last day, newest first.
func codeWait(sent []*ent.LoginCode, now time.Time) time.Duration {
	if len(sent) == 0 {
		return 0
	}
	wait := sent[0].CreatedAt.Add(codePause).Sub(now)
	if len(sent) == codesPerDay {
		wait = max(wait, sent[codesPerDay-1].CreatedAt.Add(day).Sub(now))
	}
	return wait
}

// redeem uses up a mobile's code for a purpose. A wrong one is counted, and one that is for another purpose is
// wrong, so the transaction must commit in both cases. Error: RATE_LIMITED while the mobile is locked.
func (s *Service) redeem(ctx context.Context, tx *ent.Tx, m cnid.Mobile, purpose CodePurpose, code string) (good bool, err error) {
	now := s.clock.Now()
	sent, err := tx.LoginCode.Query().Where(logincode.MobileIndex(s.mobileIndex(m))).
		Order(logincode.BySerial(newestFirst)).Limit(codesPerDay).All(ctx)
	if err != nil {
		return false, fmt.Errorf("read codes: %w", err)
	}
	if wait := lockWait(sent, now); wait > 0 {
		return false, rateLimited(wait)
	}
	if len(sent) == 0 {
		return false, nil
	}
	last := sent[0]
	counted, err := tx.LoginCode.Update().
		Where(logincode.ID(last.ID), logincode.AttemptsLT(codeAttempts), logincode.UsedAtIsNil(), logincode.ExpiresAtGT(now)).
		AddAttempts(1).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("count an attempt: %w", err)
	}
	switch right := subtle.ConstantTimeCompare(last.CodeHash, s.codeHash(m, purpose, code)) == 1; {
	case counted == 0:
		return false, nil
	case !right:
		return false, s.lockIfGuessed(ctx, tx, sent, m)
	}
	// The right attempt is not one of those that are counted.
	if err := tx.LoginCode.UpdateOneID(last.ID).SetUsedAt(now).AddAttempts(-1).Exec(ctx); err != nil {
		return false, fmt.Errorf("use up a code: %w", err)
	}
	return true, nil
}

// codeHash is keyed, because a million codes are soon tried, and bound to the purpose and the mobile.
func (s *Service) codeHash(m cnid.Mobile, purpose CodePurpose, code string) []byte {
	return s.vault.Index("login_code", string(purpose)+"|"+m.E164()+"|"+code)
}

func (s *Service) mobileIndex(m cnid.Mobile) []byte { return s.vault.Index("mobile", m.E164()) }
