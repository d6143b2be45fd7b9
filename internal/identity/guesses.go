package identity

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/riskevent"
	"parkbff/internal/cnid"
)

// Every fifteenth wrong attempt of a day, over all codes of a mobile, locks the mobile for an hour, whether
// or not it has an account: no code is sent to it, and none is taken, not even the right one (after NIST
// SP 800-63B-4 section 3.2.2, which asks for a limit over all attempts and not over those at one code).
const (
	guessesPerDay = 15
	lockFor       = time.Hour
)

// lockWait is how long a mobile stays locked, given its codes, newest first.
func lockWait(sent []*ent.LoginCode, now time.Time) time.Duration {
	for _, c := range sent {
		if locks(c) {
			return c.UsedAt.Add(lockFor).Sub(now)
		}
	}
	return 0
}

// locks holds for the code whose guessing locked its mobile, at used_at: one that was rightly used has had
// fewer wrong attempts.
func locks(c *ent.LoginCode) bool { return c.UsedAt != nil && c.Attempts >= codeAttempts }

// lockIfGuessed locks the mobile when the wrong attempt just made at its newest code was one too many since
// it was locked last.
func (s *Service) lockIfGuessed(ctx context.Context, tx *ent.Tx, sent []*ent.LoginCode, m cnid.Mobile) error {
	now := s.clock.Now()
	wrong := 1
	for _, c := range sent {
		if locks(c) || !c.CreatedAt.After(now.Add(-day)) {
			break
		}
		wrong += c.Attempts
	}
	if wrong < guessesPerDay {
		return nil
	}
	if err := tx.LoginCode.UpdateOneID(sent[0].ID).SetUsedAt(now).SetAttempts(codeAttempts).Exec(ctx); err != nil {
		return fmt.Errorf("lock a mobile: %w", err)
	}
	owner, err := tx.Account.Query().Where(account.MobileIndex(s.mobileIndex(m))).FirstID(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return fmt.Errorf("find the account: %w", err)
	}
	s.noteAfter(ctx, riskevent.KindCODE_GUESSED, riskevent.OutcomeBLOCKED, owner)
	return nil
}
