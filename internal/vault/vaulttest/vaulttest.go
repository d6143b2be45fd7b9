// Package vaulttest gives tests a vault that needs no key file and no database.
package vaulttest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"parkbff/internal/vault"
)

// Keys answers the same keys on every call, so that two worlds of one test can share them.
func Keys(t testing.TB) *vault.Keys {
	t.Helper()
	keys, err := vault.NewKeys(rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// New answers a vault over Keys and an empty Store, with a data key for each owner.
func New(t testing.TB, owners ...vault.Owner) (*vault.Vault, *Store) {
	t.Helper()
	store := NewStore()
	v := vault.New(Keys(t), store)
	for _, owner := range owners {
		if err := v.Provide(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
	}
	return v, store
}

// Store keeps wrapped data keys in memory. It is safe for concurrent use.
type Store struct {
	mu      sync.Mutex
	wrapped map[vault.Owner][]byte
	pending bool
	loads   int
}

var _ vault.DataKeys = (*Store)(nil)

// NewStore answers an empty store.
func NewStore() *Store { return &Store{wrapped: map[vault.Owner][]byte{}} }

// Load answers vault.NoKey for an owner without a key.
func (s *Store) Load(ctx context.Context, owner vault.Owner) (wrapped []byte, committed bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	wrapped, ok := s.wrapped[owner]
	if !ok {
		return nil, false, vault.NoKey
	}
	return slices.Clone(wrapped), !s.pending, nil
}

// Save refuses an owner that has a key.
func (s *Store) Save(ctx context.Context, owner vault.Owner, wrapped []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.wrapped[owner]; ok {
		return errors.New("the owner has a data key")
	}
	s.wrapped[owner] = slices.Clone(wrapped)
	return nil
}

// Erase removes an owner's key, as a rolled back transaction or an erasure does.
func (s *Store) Erase(owner vault.Owner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.wrapped, owner)
}

// Pend makes further loads read as uncommitted, or as committed again.
func (s *Store) Pend(pending bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = pending
}

// Rewrap rewrites every key as a rotation job does.
func (s *Store) Rewrap(rewrap func(wrapped []byte, owner vault.Owner) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for owner, wrapped := range s.wrapped {
		renewed, err := rewrap(wrapped, owner)
		if err != nil {
			return err
		}
		s.wrapped[owner] = renewed
	}
	return nil
}

// Loads counts the calls of Load.
func (s *Store) Loads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loads
}
