package main

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"parkbff/internal/vault"
)

// Types of tokens, by their header `typ`.
const (
	useAccess = "at+jwt"
	useGate   = "gate+jwt"
)

// usesOfTags are what viewer tags are made of.
var usesOfTags = map[string]string{useAccess: "ACCESS", useGate: "GATE"}

// bearer is who a token names. Whether the sign-in still lives is asked of the database.
type bearer struct {
	use             string
	subject, signIn int64
	until           time.Time
}

// signIn verifies tokens and, like the server, does not compute the signature of one twice.
type signIn struct {
	keys   map[string]ed25519.PublicKey
	sealer *sealer
	parser *jwt.Parser

	mu    sync.Mutex
	known map[string]bearer // by the token's text
}

// mostKnown bounds what is remembered; beyond it, all is forgotten.
const mostKnown = 65536

func newSignIn(keys *vault.Keys, sealer *sealer) *signIn {
	s := &signIn{
		keys: map[string]ed25519.PublicKey{}, sealer: sealer, known: map[string]bearer{},
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithIssuer("parkbff"),
			jwt.WithAudience("parkbff"), jwt.WithExpirationRequired(), jwt.WithLeeway(30*time.Second)),
	}
	for _, key := range keys.SigningKeys() {
		s.keys[key.ID], _ = key.Private.Public().(ed25519.PublicKey)
	}
	return s
}

func (s *signIn) bearer(authorization string, now time.Time) (bearer, error) {
	raw, ok := strings.CutPrefix(authorization, "Bearer ")
	if !ok {
		return bearer{}, errors.New("no token")
	}
	s.mu.Lock()
	known, ok := s.known[raw]
	s.mu.Unlock()
	if ok && now.Before(known.until) {
		return known, nil
	}
	read, err := s.read(raw)
	if err != nil {
		return bearer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= mostKnown {
		clear(s.known)
	}
	s.known[strings.Clone(raw)] = read
	return read, nil
}

func (s *signIn) read(raw string) (bearer, error) {
	var claims struct {
		jwt.RegisteredClaims
		SignIn string `json:"sid"`
	}
	token, err := s.parser.ParseWithClaims(raw, &claims, s.keyOf)
	if err != nil {
		return bearer{}, err
	}
	b := bearer{until: claims.ExpiresAt.Time}
	b.use, _ = token.Header["typ"].(string)
	if b.subject, err = s.sealer.openToken('s', usesOfTags[b.use], claims.Subject); err != nil {
		return bearer{}, err
	}
	if claims.SignIn != "" {
		b.signIn, err = s.sealer.openToken('i', usesOfTags[b.use], claims.SignIn)
	}
	return b, err
}

func (s *signIn) keyOf(t *jwt.Token) (any, error) {
	id, _ := t.Header["kid"].(string)
	if key := s.keys[id]; key != nil {
		return key, nil
	}
	return nil, errors.New("an unknown key")
}
