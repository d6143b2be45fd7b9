package token

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// alphabet of a compact JWT. Go's base64 skips line breaks, which would let one token have many spellings.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

// Verify answers the claims of a token that this issuer, or another with one of its keys, has signed for
// its audience and that is valid now (give or take Skew); the claims' Use says which kind was shown. The
// signature of a token that was verified before is not computed again.
//
// Errors: Expired for a good token that is too old; Invalid for everything else.
func (i *Issuer) Verify(raw string) (Claims, error) {
	if len(raw) > maxLength {
		return Claims{}, Invalid
	}
	now := i.clock.Now()
	key := sha256.Sum256([]byte(raw))
	if c, ok := i.verified.get(key); ok {
		if c.expired(now) {
			i.verified.drop(key)
			return Claims{}, Expired
		}
		return c, nil
	}
	c, err := i.parse(raw, now)
	if err != nil {
		return Claims{}, err
	}
	i.verified.put(key, c)
	return c, nil
}

func (i *Issuer) parse(raw string, now time.Time) (Claims, error) {
	if strings.Trim(raw, alphabet) != "" {
		return Claims{}, Invalid
	}
	if err := unambiguous(raw); err != nil {
		return Claims{}, Invalid.Because(err)
	}
	var p payload
	t, err := i.parser.ParseWithClaims(raw, &p, i.keyOf)
	if err != nil {
		return Claims{}, Invalid.Because(err)
	}
	// keyOf has checked that the header is one of ours.
	c, err := p.claims(uses[t.Header["typ"].(string)], i.rows)
	switch {
	case err != nil:
		return Claims{}, Invalid.Because(err)
	case p.Issuer != i.name || !slices.Equal(p.Audience, jwt.ClaimStrings{i.audience}):
		return Claims{}, Invalid.Because(errors.New("token of another issuer or for another audience"))
	case c.IssuedAt.After(now.Add(Skew)) || p.NotBefore.After(now.Add(Skew)):
		return Claims{}, Invalid.Because(errors.New("token of the future"))
	case c.expired(now):
		return Claims{}, Expired
	}
	return c, nil
}

// keyOf finds the key a token was signed with. The header must hold alg, typ and kid and nothing else:
// that refuses `crit`, and every way of bringing a key along (jwk, jku, x5c, x5u).
func (i *Issuer) keyOf(t *jwt.Token) (any, error) {
	if len(t.Header) != 3 {
		return nil, errors.New("token header with more or less than alg, typ and kid")
	}
	typ, _ := t.Header["typ"].(string)
	if _, known := uses[typ]; !known {
		return nil, errors.New("token of another type")
	}
	kid, _ := t.Header["kid"].(string)
	key, known := i.keys[kid]
	if !known {
		return nil, errors.New("token of an unknown key")
	}
	return key, nil
}

// unambiguous refuses a header or payload that names a member twice, of which two readers may take two
// different ones (RFC 8725 section 2.6, RFC 7519 section 4).
func unambiguous(raw string) error {
	header, rest, _ := strings.Cut(raw, ".")
	body, _, _ := strings.Cut(rest, ".")
	for _, segment := range []string{header, body} {
		text, err := base64.RawURLEncoding.DecodeString(segment)
		if err != nil {
			return err
		}
		if err := membersOnce(json.NewDecoder(bytes.NewReader(text))); err != nil {
			return err
		}
	}
	return nil
}

// membersOnce reads one object.
func membersOnce(d *json.Decoder) error {
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("token without an object where one belongs")
	}
	var seen []string
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		// encoding/json finds a struct's field by a name of any case, so names are told apart as it does.
		if slices.ContainsFunc(seen, func(s string) bool { return strings.EqualFold(s, name) }) {
			return errors.New("token that names a member twice")
		}
		seen = append(seen, name)
		if err := d.Decode(new(json.RawMessage)); err != nil {
			return err
		}
	}
	return nil
}

func (c Claims) expired(now time.Time) bool { return !now.Before(c.ExpiresAt.Add(Skew)) }
