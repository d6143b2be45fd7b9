// Package token issues and verifies the signed tokens with which drivers, gates and staff prove who they
// are, and makes the opaque refresh tokens behind them.
//
// A token is a JWT signed with Ed25519, after RFC 9068 and with every precaution of RFC 8725: one
// algorithm, known keys, a fixed type per use, fixed issuer and audience. It carries identity only. What
// its bearer may do is read from the store when it is used, because that changes while a token lives; so
// does revocation, which is not checked here.
package token

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
)

// Faults of this package. Expired asks for a refresh; Invalid is hopeless.
var (
	Expired = fault.New("TOKEN_EXPIRED", "This token has expired. Refresh it.")
	Invalid = fault.New("TOKEN_INVALID", "This is not a token of this service.")
)

// Use is what a token is for. It stands in the token's type header, so one kind never passes for another.
type Use string

// Uses.
const (
	Access Use = "ACCESS" // a driver's account
	Gate   Use = "GATE"   // a machine of a lot
	Staff  Use = "STAFF"  // staff of a lot, a store or the platform
)

// types are the `typ` headers: RFC 9068 §2.1 for access tokens, its form for the others.
var types = map[Use]string{Access: "at+jwt", Gate: "gate+jwt", Staff: "staff+jwt"}

var uses = map[string]Use{"at+jwt": Access, "gate+jwt": Gate, "staff+jwt": Staff}

// Skew is how far the clocks of two replicas may differ.
const Skew = 30 * time.Second

// maxLength of a token in bytes; ours have about 450. Longer ones are refused before they are parsed.
const maxLength = 4096

// Claims are what a token says of its bearer. Times are UTC, in whole seconds.
type Claims struct {
	Use       Use
	Subject   int64 // row id of the account, gate or staff member
	SignIn    int64 // row id of the sign-in the token belongs to; 0 when there is none
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Key is an Ed25519 key and the id (`kid`) by which tokens name it. Without its private half it verifies only.
type Key struct {
	ID      string
	Private ed25519.PrivateKey
	Public  ed25519.PublicKey
}

// Format prints the id alone.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "key "+k.ID) }

// Issuer issues and verifies tokens with one set of keys. To rotate keys, make another Issuer: what this
// one has verified does not carry over. It may be used by many goroutines at once.
type Issuer struct {
	name     string
	audience string
	clock    clock.Clock
	signing  Key
	keys     map[string]ed25519.PublicKey
	rows     rows
	jwks     []byte
	parser   *jwt.Parser
	verified *cache
}

// NewIssuer answers an issuer that signs with the first key and verifies with all. Name and audience
// become `iss` and `aud`; idKey seals the ids in tokens and never rotates. An error says which key is
// unusable.
func NewIssuer(keys []Key, name, audience string, idKey []byte, clock clock.Clock) (*Issuer, error) {
	if len(keys) == 0 || name == "" || audience == "" {
		return nil, errors.New("token: an issuer needs a key, a name and an audience")
	}
	i := &Issuer{
		name: name, audience: audience, clock: clock,
		signing:  keys[0],
		keys:     make(map[string]ed25519.PublicKey, len(keys)),
		parser:   jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
		verified: newCache(),
	}
	for _, k := range keys {
		if err := i.add(k); err != nil {
			return nil, err
		}
	}
	var err error
	if i.rows, err = newRows(idKey); err != nil {
		return nil, err
	}
	i.jwks, err = jwkSet(keys)
	return i, err
}

func (i *Issuer) add(k Key) error {
	if k.ID == "" || i.keys[k.ID] != nil {
		return fmt.Errorf("token: the id of key %q is empty or used twice", k.ID)
	}
	if len(k.Public) != ed25519.PublicKeySize {
		return fmt.Errorf("token: key %q has no public half", k.ID)
	}
	if k.Private != nil && (len(k.Private) != ed25519.PrivateKeySize || !k.Public.Equal(k.Private.Public())) {
		return fmt.Errorf("token: the halves of key %q do not belong together", k.ID)
	}
	i.keys[k.ID] = k.Public
	return nil
}

// JWKS is the document for /.well-known/jwks.json (RFC 7517, RFC 8037): the public halves.
func (i *Issuer) JWKS() []byte { return append([]byte(nil), i.jwks...) }

// Format prints no key.
func (i *Issuer) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "token issuer") }

func jwkSet(keys []Key) ([]byte, error) {
	type jwk struct {
		Type      string `json:"kty"`
		Curve     string `json:"crv"`
		Algorithm string `json:"alg"`
		Use       string `json:"use"`
		ID        string `json:"kid"`
		X         string `json:"x"`
	}
	set := struct {
		Keys []jwk `json:"keys"`
	}{make([]jwk, 0, len(keys))}
	for _, k := range keys {
		x := base64.RawURLEncoding.EncodeToString(k.Public)
		set.Keys = append(set.Keys, jwk{"OKP", "Ed25519", jwt.SigningMethodEdDSA.Alg(), "sig", k.ID, x})
	}
	document, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("token: write JWKS: %w", err)
	}
	return document, nil
}
