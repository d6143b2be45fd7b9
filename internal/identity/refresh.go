package identity

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/riskevent"
	"parkbff/ent/signin"
	"parkbff/internal/identity/token"
	"parkbff/internal/vault"
)

// refreshGrace is how long the token before the newest is answered with the newest again: an app whose
// answer got lost asks twice.
const refreshGrace = 10 * time.Second

// refreshToken is a secret all tokens of a sign-in share, and one of its own. Whoever shows the first
// holds, or held, a token of that sign-in; so a token spent long ago is recognised though nothing of it
// was kept.
type refreshToken struct{ family, own string }

func (t refreshToken) text() string       { return t.family + "." + t.own }
func (t refreshToken) hash() []byte       { return token.HashRefresh(t.text()) }
func (t refreshToken) familyHash() []byte { return token.HashRefresh(t.family) }

func parseRefresh(text string) (refreshToken, bool) {
	family, own, ok := strings.Cut(text, ".")
	return refreshToken{family, own}, ok && len(text) <= maxRefresh
}

// maxRefresh bounds what is hashed; ours have 87 bytes.
const maxRefresh = 128

func (s *Service) newFamily() (refreshToken, error) {
	family, err := token.NewRefresh(s.random)
	if err != nil {
		return refreshToken{}, err
	}
	return s.successor(refreshToken{family: family})
}

func (s *Service) successor(of refreshToken) (refreshToken, error) {
	own, err := token.NewRefresh(s.random)
	return refreshToken{of.family, own}, err
}

// Refresh changes a refresh token for new tokens (RFC 9700 section 4.14.2). The token just spent is
// answered with the same successor for ten seconds; any other spent token ends the sign-in, since then two
// hold its tokens and one of them is a thief.
//
// Error: TOKEN_INVALID for every token that is not the newest of a living sign-in.
func (s *Service) Refresh(ctx context.Context, refresh string) (Tokens, error) {
	shown, ok := parseRefresh(refresh)
	if !ok {
		return Tokens{}, token.Invalid
	}
	next, err := s.successor(shown)
	if err != nil {
		return Tokens{}, err
	}
	var of *ent.SignIn
	var answer refreshToken
	err = s.write(ctx, "refresh tokens", func(ctx context.Context, tx *ent.Tx) (err error) {
		if of, err = s.livingFamily(ctx, tx, shown); of == nil || err != nil {
			return err
		}
		switch {
		case equal(shown.hash(), of.RefreshHash):
			answer = next
			return s.rotate(ctx, tx, of, next)
		case equal(shown.hash(), of.PreviousHash) && s.clock.Now().Before(of.RotatedAt.Add(refreshGrace)):
			answer, err = s.newest(ctx, of)
			return err
		}
		stolen := of
		of = nil
		s.noteAfter(ctx, riskevent.KindREFRESH_TOKEN_REUSED, riskevent.OutcomeBLOCKED, stolen.AccountID)
		return s.end(ctx, tx, stolen) // committed, although the answer is a refusal
	})
	if err != nil {
		return Tokens{}, err
	}
	if of == nil {
		return Tokens{}, token.Invalid
	}
	return s.tokens(of.AccountID, of.ID, answer)
}

// livingFamily answers the sign-in a token belongs to, or nil.
func (s *Service) livingFamily(ctx context.Context, tx *ent.Tx, t refreshToken) (*ent.SignIn, error) {
	row, err := tx.SignIn.Query().
		Where(signin.FamilyHash(t.familyHash()), signin.RevokedAtIsNil(), signin.ExpiresAtGT(s.clock.Now())).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the sign-in: %w", err)
	}
	return row, nil
}

func (s *Service) rotate(ctx context.Context, tx *ent.Tx, of *ent.SignIn, next refreshToken) error {
	sealed, err := s.vault.SealString(ctx, vault.AccountKey(of.AccountID), fieldRefresh, next.text())
	if err != nil {
		return err
	}
	now := s.clock.Now()
	err = tx.SignIn.UpdateOneID(of.ID).SetPreviousHash(of.RefreshHash).SetRefreshHash(next.hash()).SetRefresh(sealed).
		SetRotatedAt(now).SetExpiresAt(now.Add(refreshLife)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("rotate the token: %w", err)
	}
	return nil
}

func (s *Service) newest(ctx context.Context, of *ent.SignIn) (refreshToken, error) {
	text, err := s.vault.OpenString(ctx, vault.AccountKey(of.AccountID), fieldRefresh, of.Refresh)
	t, _ := parseRefresh(text)
	return t, err
}

func equal(a, b []byte) bool { return len(b) > 0 && subtle.ConstantTimeCompare(a, b) == 1 }
