package vault_test

import (
	"crypto/rand"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
)

func TestValuesSealedBeforeARotationStillOpen(t *testing.T) {
	old, store := vaulttest.New(t, zhang)
	sealed := seal(t, old, zhang, plate)

	rotated := must(vaulttest.Keys(t).RotateKEK(rand.Reader))(t)
	mustOpen(t, vault.New(rotated, store), zhang, sealed)
}

func TestAfterRewrappingTheOldKeyIsNotNeeded(t *testing.T) {
	old, store := vaulttest.New(t, zhang, li)
	sealed := seal(t, old, zhang, plate)
	rotated := must(vaulttest.Keys(t).RotateKEK(rand.Reader))(t)
	retired := must(rotated.RetireKEKs())(t)

	_, err := vault.New(retired, store).Open(t.Context(), zhang, plateField, sealed)
	mustBeUnreadable(t, nil, err)

	if err := store.Rewrap(vault.New(rotated, store).Rewrap); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, vault.New(retired, store), zhang, sealed)

	_, err = vault.New(vaulttest.Keys(t), store).Open(t.Context(), zhang, plateField, sealed)
	mustBeUnreadable(t, nil, err)
}

func TestAReplicaWithAStagedKeyServesBesideOneWithout(t *testing.T) {
	before, store := vaulttest.New(t)
	staged := must(vaulttest.Keys(t).StageKEK(rand.Reader))(t)
	ahead := vault.New(staged, store)
	if err := ahead.Provide(t.Context(), zhang); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, before, zhang, seal(t, ahead, zhang, plate))

	promoted := vault.New(must(staged.PromoteKEK())(t), store)
	if err := promoted.Provide(t.Context(), li); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, ahead, li, seal(t, promoted, li, plate))
}

func TestRewrappingForAnotherOwnerIsRefused(t *testing.T) {
	v, store := vaulttest.New(t, zhang)
	wrapped, _, err := store.Load(t.Context(), zhang)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Rewrap(wrapped, li)
	mustBeUnreadable(t, nil, err)
}

func TestANewSigningKeyIsPublishedThenSignsThenStandsAlone(t *testing.T) {
	keys := vaulttest.Keys(t)
	first := kids(keys)[0]

	added := must(keys.AddSigningKey(rand.Reader))(t)
	second := kids(added)[1]
	mustBeKids(t, added, first, second)

	promoted := added.PromoteSigningKey()
	mustBeKids(t, promoted, second, first)
	mustBeKids(t, promoted.PromoteSigningKey(), second, first)
	mustBeKids(t, promoted.RetireSigningKeys(), second)

	mustBeKids(t, keys, first) // a rotation changes no value in use
}

func TestIDsAndIndexesSurviveEveryRotation(t *testing.T) {
	keys := vaulttest.Keys(t)
	rotated := must(must(keys.RotateKEK(rand.Reader))(t).AddSigningKey(rand.Reader))(t)
	if diff := cmp.Diff(keys.IDKey(), rotated.IDKey()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(index(keys), index(rotated)); diff != "" {
		t.Error(diff)
	}
}

func index(keys *vault.Keys) []byte {
	return vault.New(keys, vaulttest.NewStore()).Index("plate", plate)
}

func kids(keys *vault.Keys) []string {
	var ids []string
	for _, k := range keys.SigningKeys() {
		ids = append(ids, k.ID)
	}
	return ids
}

func mustBeKids(t *testing.T, keys *vault.Keys, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, kids(keys)); diff != "" {
		t.Error(diff)
	}
}

// must turns (keys, err) into keys, so that steps chain.
func must(keys *vault.Keys, err error) func(*testing.T) *vault.Keys {
	return func(t *testing.T) *vault.Keys {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
}
