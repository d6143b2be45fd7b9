package live

import (
	"context"
	"time"

	"parkbff/internal/fault"
)

// Refusals of a sign-in. A transport tells them apart by code: after TokenExpired a client comes back
// with a fresh token, after the other two it must sign in again.
var (
	TokenExpired = fault.New("TOKEN_EXPIRED", "The access token has expired. Renew it.")
	TokenInvalid = fault.New("TOKEN_INVALID", "The access token is not valid.")
	SignInEnded  = fault.New("SIGN_IN_ENDED", "This sign-in has ended. Sign in again.")
)

// Viewer answers who is asking, anew each time it is asked.
type Viewer interface {
	// Context answers ctx with the viewer of this moment. It fails with TokenExpired, TokenInvalid or
	// SignInEnded (by code) when nobody stands behind the connection any more.
	Context(ctx context.Context) (context.Context, error)
}

// Principal is who is behind a connection.
type Principal interface {
	Viewer
	// Subject names the viewer, equal for every token of one viewer and empty for an anonymous one.
	// It is opaque, and never logged.
	Subject() string
	// ExpiresAt is when the token ends; zero means never.
	ExpiresAt() time.Time
	// Ended is closed when the sign-in is revoked; nil means that it cannot be.
	Ended() <-chan struct{}
}

// Authenticate turns the value of an Authorization field ("Bearer …", or empty for an anonymous
// viewer) into a principal. It fails with TokenExpired, TokenInvalid or SignInEnded, by code.
type Authenticate func(ctx context.Context, authorization string) (Principal, error)

// Standing answers why p may no longer be served at now: SignInEnded, TokenExpired, or nil.
func Standing(p Principal, now time.Time) error {
	select {
	case <-p.Ended():
		return SignInEnded
	default:
	}
	if end := p.ExpiresAt(); !end.IsZero() && !now.Before(end) {
		return TokenExpired
	}
	return nil
}
