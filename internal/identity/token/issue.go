package token

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
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
	issued := jwt.NewNumericDate(c.IssuedAt)
	p := payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    i.name,
			Audience:  jwt.ClaimStrings{i.audience},
			Subject:   strconv.FormatInt(c.Subject, 10),
			IssuedAt:  issued,
			NotBefore: issued,
			ExpiresAt: jwt.NewNumericDate(c.ExpiresAt),
			ID:        tokenID(c),
		},
		ClientID: i.audience, // there is one client: the service's own
	}
	if c.SignIn != 0 {
		p.SignIn = strconv.FormatInt(c.SignIn, 10)
	}
	return p
}

// tokenID is the `jti`. It follows from the claims, so that issuing needs no randomness and equal claims
// make equal tokens: one of them cannot be told from the other, nor need it be.
func tokenID(c Claims) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d/%d/%d", c.Use, c.Subject, c.SignIn, c.IssuedAt.Unix(), c.ExpiresAt.Unix()))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// claims reads a payload back. Whether it is of this issuer and timely is not asked here.
func (p *payload) claims(use Use) (Claims, error) {
	if p.IssuedAt == nil || p.NotBefore == nil || p.ExpiresAt == nil {
		return Claims{}, errors.New("token without times")
	}
	c := Claims{Use: use, IssuedAt: utc(p.IssuedAt), ExpiresAt: utc(p.ExpiresAt)}
	var err error
	if c.Subject, err = rowID(p.Subject); err != nil {
		return Claims{}, err
	}
	if p.SignIn != "" {
		c.SignIn, err = rowID(p.SignIn)
	}
	return c, err
}

func utc(d *jwt.NumericDate) time.Time { return d.UTC() }

func rowID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != text {
		return 0, errors.New("token without a row id where one belongs")
	}
	return id, nil
}
