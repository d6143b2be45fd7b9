package token

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// payload is Claims on the wire: the names of RFC 9068 §2.2, and `sid` of OpenID Connect for the sign-in.
type payload struct {
	jwt.RegisteredClaims
	ClientID string `json:"client_id,omitempty"`
	SignIn   string `json:"sid,omitempty"`
}

// Issue signs a token. An IssuedAt of zero means now; ExpiresAt is required, for gates too. Errors are
// mistakes of the caller or of the set-up: unknown use, no subject, no lifetime, no private key.
func (i *Issuer) Issue(c Claims) (string, error) {
	if c.IssuedAt.IsZero() {
		c.IssuedAt = i.clock.Now()
	}
	typ, known := types[c.Use]
	switch {
	case !known || c.Subject <= 0 || c.SignIn < 0:
		return "", errors.New("token: claims without use or subject")
	case !c.ExpiresAt.After(c.IssuedAt):
		return "", errors.New("token: claims without lifetime")
	case i.signing.Private == nil:
		return "", fmt.Errorf("token: key %q cannot sign", i.signing.ID)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, i.payload(c))
	t.Header["typ"], t.Header["kid"] = typ, i.signing.ID
	raw, err := t.SignedString(i.signing.Private)
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return raw, nil
}

func (i *Issuer) payload(c Claims) payload {
	issued, bearer := jwt.NewNumericDate(c.IssuedAt), i.rows.seal(subject, c.Use, c.Subject)
	p := payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    i.name,
			Audience:  jwt.ClaimStrings{i.audience},
			Subject:   bearer,
			IssuedAt:  issued,
			NotBefore: issued,
			ExpiresAt: jwt.NewNumericDate(c.ExpiresAt),
		},
		ClientID: i.audience, // there is one client: the service's own
	}
	if c.SignIn != 0 {
		p.SignIn = i.rows.seal(signIn, c.Use, c.SignIn)
	}
	p.ID = tokenID(c, p)
	return p
}

// tokenID is the `jti`. It follows from the claims, so that issuing needs no randomness and equal claims
// make equal tokens: one of them cannot be told from the other, nor need it be.
func tokenID(c Claims, p payload) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%s/%d/%d", c.Use, p.Subject, p.SignIn, c.IssuedAt.Unix(), c.ExpiresAt.Unix()))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// claims reads a payload back. Whether it is of this issuer and timely is not asked here.
func (p *payload) claims(use Use, ids rows) (Claims, error) {
	if p.IssuedAt == nil || p.NotBefore == nil || p.ExpiresAt == nil {
		return Claims{}, errors.New("token without times")
	}
	c := Claims{Use: use, IssuedAt: utc(p.IssuedAt), ExpiresAt: utc(p.ExpiresAt)}
	var err error
	if c.Subject, err = ids.open(subject, use, p.Subject); err != nil {
		return Claims{}, err
	}
	if p.SignIn != "" {
		c.SignIn, err = ids.open(signIn, use, p.SignIn)
	}
	return c, err
}

func utc(d *jwt.NumericDate) time.Time { return d.UTC() }
