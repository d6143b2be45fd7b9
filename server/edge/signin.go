package edge

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"parkbff/graph/relay"
	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Tokens tells what a token says, or fails with token.Expired or token.Invalid.
type Tokens interface {
	Verify(raw string) (token.Claims, error)
}

// Viewers tells who the bearer of a token is now. It fails with a fault TOKEN_INVALID or SIGN_IN_ENDED
// for somebody who is no more.
type Viewers interface {
	Viewer(ctx context.Context, claims token.Claims) (*viewer.Viewer, error)
}

// Endings watches a token that is used for longer than a request, until forget is called: whether it is
// revoked, and, where until is not nil, when it ends before its time. See identity.Service.Stand.
type Endings interface {
	Stand(claims token.Claims) (ended <-chan struct{}, until func() time.Time, forget func())
}

// SignIn puts the viewer of a request into its context, with what seals the ids and cursors shown to
// that viewer. It is safe for concurrent use.
type SignIn struct {
	tokens  Tokens
	viewers Viewers
	sealer  *relay.Sealer
	tags    cipher.Block
	endings Endings
}

// NewSignIn answers a sign-in. The key is the one that ids depend on (vault.Keys.IDKey): cursors are
// bound to a viewer by a tag made with it.
func NewSignIn(tokens Tokens, viewers Viewers, endings Endings, sealer *relay.Sealer, key []byte) (*SignIn, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "parkbff viewer tag v1", 32)
	if err != nil {
		return nil, fmt.Errorf("edge: deriving the key of viewer tags: %w", err)
	}
	tags, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("edge: the key of viewer tags: %w", err)
	}
	return &SignIn{tokens: tokens, viewers: viewers, sealer: sealer, tags: tags, endings: endings}, nil
}

// request signs the sender of a request in. A token that does not hold is an error, never nobody.
func (s *SignIn) request(ctx context.Context, h http.Header) (context.Context, error) {
	values := h["Authorization"]
	if len(values) > 1 {
		return ctx, token.Invalid
	}
	if len(values) == 0 {
		return s.anonymous(ctx), nil
	}
	claims, present, err := s.claims(values[0])
	if err != nil {
		return ctx, err
	}
	if !present {
		return s.anonymous(ctx), nil
	}
	return s.as(ctx, claims)
}

// claims reads the value of an Authorization field (RFC 6750, section 2.1); empty is nobody.
func (s *SignIn) claims(authorization string) (claims token.Claims, present bool, err error) {
	if authorization == "" {
		return token.Claims{}, false, nil
	}
	scheme, raw, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return token.Claims{}, true, token.Invalid
	}
	claims, err = s.tokens.Verify(strings.TrimLeft(raw, " "))
	return claims, true, err
}

func (s *SignIn) anonymous(ctx context.Context) context.Context {
	return s.asking(ctx, viewer.Nobody())
}

func (s *SignIn) as(ctx context.Context, claims token.Claims) (context.Context, error) {
	v, err := s.viewers.Viewer(ctx, claims)
	if err != nil {
		return ctx, store.Unavailable(err)
	}
	return relay.WithViewerTag(s.asking(ctx, v), s.tag(claims)), nil
}

// asking is the context of whatever one viewer asks at once: what it writes, it reads.
func (s *SignIn) asking(ctx context.Context, v *viewer.Viewer) context.Context {
	return relay.WithSealer(viewer.With(store.ReadYourWrites(ctx), v), s.sealer)
}

// ViewerTag answers the tag to which the cursors shown to a viewer are bound.
func (s *SignIn) ViewerTag(v *viewer.Viewer) uint32 {
	switch v.Kind {
	case viewer.Driver:
		return s.tag(token.Claims{Use: token.Access, Subject: v.AccountID})
	case viewer.Gate:
		return s.tag(token.Claims{Use: token.Gate, Subject: v.GateID})
	case viewer.Staff:
		return s.tag(token.Claims{Use: token.Staff, Subject: v.StaffID})
	}
	return 0
}

// tag is equal for every token of one bearer, differs between bearers, and tells nothing of either.
func (s *SignIn) tag(claims token.Claims) uint32 {
	var block [aes.BlockSize]byte
	copy(block[:8], claims.Use)
	binary.BigEndian.PutUint64(block[8:], uint64(claims.Subject))
	s.tags.Encrypt(block[:], block[:])
	return binary.BigEndian.Uint32(block[:4])
}

func isUnauthenticated(err error) bool {
	f := fault.As(err)
	return f != nil && (f.Code() == token.Expired.Code() || f.Code() == token.Invalid.Code() ||
		f.Code() == "SIGN_IN_ENDED" || f.Code() == fault.Unauthenticated.Code())
}

func isUnavailable(err error) bool {
	return errors.Is(err, fault.Unavailable) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled)
}
