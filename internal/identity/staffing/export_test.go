package staffing

import (
	"context"
	"testing"
	"time"
)

// LockAfter is lockAfter.
func LockAfter(tries int) time.Duration { return lockAfter(tries) }

// Hashed is the hash of a password.
func Hashed(t testing.TB, password string) string {
	t.Helper()
	hash, err := newPasswords(nil).hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// Matches tells whether a password is the one of a hash.
func Matches(t testing.TB, password, hash string) bool {
	t.Helper()
	good, err := newPasswords(nil).match(t.Context(), password, hash)
	if err != nil {
		t.Fatal(err)
	}
	return good
}

// WaitForATurn asks to hash while all turns are taken.
func WaitForATurn(ctx context.Context) error {
	p := newPasswords(nil)
	for p.turns.TryAcquire(1) {
	}
	_, err := p.hash(ctx, "correct horse battery staple")
	return err
}
