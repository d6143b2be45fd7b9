package main

import (
	"crypto/ed25519"
	"testing"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/identity/token"
	"parkbff/internal/vault/vaulttest"
)

func TestTheBaselineReadsTheServersTokens(t *testing.T) {
	keys := vaulttest.Keys(t)
	signing := keys.SigningKeys()[0]
	public, _ := signing.Private.Public().(ed25519.PublicKey)
	issuer, err := token.NewIssuer([]token.Key{{ID: signing.ID, Private: signing.Private, Public: public}}, "parkbff", "parkbff", keys.IDKey(), clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := newSealer(keys.IDKey())
	if err != nil {
		t.Fatal(err)
	}
	signIn := newSignIn(keys, sealer)
	for typ, claims := range map[string]token.Claims{
		useAccess: {Use: token.Access, Subject: 42, SignIn: 7}, useGate: {Use: token.Gate, Subject: 3, SignIn: 1},
	} {
		claims.ExpiresAt = time.Now().Add(time.Hour)
		raw, err := issuer.Issue(claims)
		if err != nil {
			t.Fatal(err)
		}
		got, err := signIn.bearer("Bearer "+raw, time.Now())
		if err != nil || got.use != typ || got.subject != claims.Subject || got.signIn != claims.SignIn {
			t.Errorf("%s: %+v, %v", typ, got, err)
		}
	}
}
