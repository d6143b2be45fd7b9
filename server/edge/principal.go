package edge

import (
	"context"
	"runtime"
	"strconv"
	"time"

	"parkbff/internal/identity/token"
	"parkbff/server/live"
)

var _ live.Authenticate = (*SignIn)(nil).Authenticate

// Authenticate is the sign-in of a connection that outlives a request. It is a live.Authenticate: the
// viewer is asked for once now, so that a hopeless token is refused at once, and then for every event.
func (s *SignIn) Authenticate(ctx context.Context, authorization string) (live.Principal, error) {
	claims, present, err := s.claims(authorization)
	if err != nil {
		return nil, err
	}
	if !present {
		return nobody{s}, nil
	}
	p := s.bearer(claims)
	if _, err := p.Context(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// bearer watches for the end of the sign-in for as long as anyone holds the principal: connections drop
// theirs when they close or renew it, and have nothing to call.
func (s *SignIn) bearer(claims token.Claims) *bearer {
	p := &bearer{signIn: s, claims: claims}
	var forget func()
	p.ended, p.until, forget = s.endings.Stand(claims)
	runtime.AddCleanup(p, func(forget func()) { forget() }, forget)
	return p
}

type bearer struct {
	signIn *SignIn
	claims token.Claims
	ended  <-chan struct{}
	until  func() time.Time // nil: the token's own end is its only one
}

func (p *bearer) Context(ctx context.Context) (context.Context, error) {
	return p.signIn.as(ctx, p.claims)
}

func (p *bearer) Subject() string {
	return string(p.claims.Use) + strconv.FormatInt(p.claims.Subject, 36)
}

func (p *bearer) ExpiresAt() time.Time {
	if p.until != nil {
		if until := p.until(); !until.IsZero() && until.Before(p.claims.ExpiresAt) {
			return until
		}
	}
	return p.claims.ExpiresAt
}

func (p *bearer) Ended() <-chan struct{} { return p.ended }

type nobody struct{ signIn *SignIn }

func (p nobody) Context(ctx context.Context) (context.Context, error) {
	return p.signIn.anonymous(ctx), nil
}

func (nobody) Subject() string        { return "" }
func (nobody) ExpiresAt() time.Time   { return time.Time{} }
func (nobody) Ended() <-chan struct{} { return nil }
