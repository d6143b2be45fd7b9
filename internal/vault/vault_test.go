package vault_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
)

const (
	plate      = "湘A12345"
	plateField = "vehicle.plate"
)

var (
	zhang = vault.AccountKey(12)
	li    = vault.AccountKey(13)
	mall  = vault.LotKey(12)
)

func TestAnythingSealedOpensForItsOwnerAndColumn(t *testing.T) {
	v, _ := vaulttest.New(t, zhang)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		field := rapid.StringMatching(`[a-z_]{1,12}\.[a-z_]{1,12}`).Draw(t, "field")
		sealed, err := v.Seal(context.Background(), zhang, field, plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Open(context.Background(), zhang, field, sealed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, plain) {
			t.Fatalf("opened %x, sealed %x", got, plain)
		}
	})
}

func TestTextSealsAndOpensEvenWhenEmpty(t *testing.T) {
	v, _ := vaulttest.New(t, zhang)
	for _, text := range []string{plate, "", "a|b"} {
		sealed := seal(t, v, zhang, text)
		if len(sealed) == 0 || strings.Contains(string(sealed), "湘") {
			t.Errorf("%q is kept as %x", text, []byte(sealed))
		}
		got, err := v.OpenString(t.Context(), zhang, plateField, sealed)
		if diff := cmp.Diff(text, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
}

func TestAnAbsentValueStaysAbsentAndNeedsNoKey(t *testing.T) {
	v, _ := vaulttest.New(t)
	sealed, err := v.Seal(t.Context(), zhang, plateField, nil)
	if sealed != nil || err != nil {
		t.Errorf("Seal(nil) = %x, %v", []byte(sealed), err)
	}
	plain, err := v.Open(t.Context(), zhang, plateField, nil)
	if plain != nil || err != nil {
		t.Errorf("Open(nil) = %x, %v", plain, err)
	}
}

func TestOneValueSealedTwiceLooksDifferent(t *testing.T) {
	v, _ := vaulttest.New(t, zhang)
	if bytes.Equal(seal(t, v, zhang, plate), seal(t, v, zhang, plate)) {
		t.Error("equal ciphertexts tell equal plates")
	}
}

func TestAValueOutOfItsPlaceIsUnreadable(t *testing.T) {
	v, _ := vaulttest.New(t, zhang, li, mall)
	sealed := seal(t, v, zhang, plate)
	for name, c := range map[string]struct {
		owner  vault.Owner
		field  string
		sealed vault.Sealed
	}{
		"another account":         {li, plateField, sealed},
		"a lot of the same row":   {mall, plateField, sealed},
		"another column":          {zhang, "vehicle.nickname", sealed},
		"the tail of a longer":    {zhang, "e.plate", sealed},
		"cut short":               {zhang, plateField, sealed[:len(sealed)-1]},
		"empty":                   {zhang, plateField, vault.Sealed{}},
		"something else entirely": {zhang, plateField, vault.Sealed(plate)},
	} {
		t.Run(name, func(t *testing.T) {
			plain, err := v.Open(t.Context(), c.owner, c.field, c.sealed)
			mustBeUnreadable(t, plain, err)
		})
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	v, _ := vaulttest.New(t, zhang)
	sealed := seal(t, v, zhang, plate)
	for bit := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		plain, err := v.Open(t.Context(), zhang, plateField, changed)
		mustBeUnreadable(t, plain, err)
	}
}

func TestAnErasedOwnerCannotBeReadAgain(t *testing.T) {
	v, store := vaulttest.New(t, zhang)
	sealed := seal(t, v, zhang, plate)
	store.Erase(zhang)
	v.Forget(zhang)

	if _, err := v.Open(t.Context(), zhang, plateField, sealed); !errors.Is(err, vault.NoKey) {
		t.Errorf("opening answers %v", err)
	}
	if _, err := v.SealString(t.Context(), zhang, plateField, plate); !errors.Is(err, vault.NoKey) {
		t.Errorf("sealing answers %v", err)
	}
}

func TestForgettingAllReadsEveryKeyAnew(t *testing.T) {
	v, store := vaulttest.New(t, zhang, li)
	seal(t, v, zhang, plate)
	seal(t, v, li, plate)
	v.ForgetAll()
	before := store.Loads()
	seal(t, v, zhang, plate)
	seal(t, v, li, plate)
	if got := store.Loads() - before; got != 2 {
		t.Errorf("%d loads, want 2", got)
	}
}

func TestAnOwnerIsProvidedOnce(t *testing.T) {
	v, _ := vaulttest.New(t, zhang)
	sealed := seal(t, v, zhang, plate)
	if err := v.Provide(t.Context(), zhang); err == nil {
		t.Error("a second data key replaced the first")
	}
	mustOpen(t, v, zhang, sealed)
}

func TestAKeyThatMayRollBackIsNotRemembered(t *testing.T) {
	v, store := vaulttest.New(t)
	store.Pend(true)
	if err := v.Provide(t.Context(), zhang); err != nil {
		t.Fatal(err)
	}
	lost := seal(t, v, zhang, plate)
	store.Erase(zhang) // the transaction rolls back, and the next one takes the same row id
	store.Pend(false)
	if err := v.Provide(t.Context(), zhang); err != nil {
		t.Fatal(err)
	}

	mustOpen(t, v, zhang, seal(t, v, zhang, plate))
	plain, err := v.Open(t.Context(), zhang, plateField, lost)
	mustBeUnreadable(t, plain, err)
}

func TestACommittedKeyIsReadOnce(t *testing.T) {
	v, store := vaulttest.New(t, zhang)
	for range 20 {
		mustOpen(t, v, zhang, seal(t, v, zhang, plate))
	}
	if store.Loads() != 1 {
		t.Errorf("%d loads, want 1", store.Loads())
	}
}

func TestAStoreThatFailsIsNotMistakenForErasure(t *testing.T) {
	v, _ := vaulttest.New(t, zhang)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := v.SealString(ctx, zhang, plateField, plate)
	if !errors.Is(err, context.Canceled) || errors.Is(err, vault.NoKey) {
		t.Errorf("err = %v", err)
	}
}

func TestADataKeyOfAnotherOwnerDoesNotUnwrap(t *testing.T) {
	v, store := vaulttest.New(t, zhang)
	wrapped, _, err := store.Load(t.Context(), zhang)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Save(t.Context(), li, wrapped); err != nil {
		t.Fatal(err)
	}
	_, err = v.SealString(t.Context(), li, plateField, plate)
	mustBeUnreadable(t, nil, err)
}

func TestManyReadersShareOneVault(t *testing.T) {
	v, _ := vaulttest.New(t, zhang, li)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			owner := []vault.Owner{zhang, li}[i%2]
			for range 200 {
				mustOpen(t, v, owner, seal(t, v, owner, plate))
				v.Forget(owner)
			}
		})
	}
	all.Wait()
}

func TestNothingSecretIsPrinted(t *testing.T) {
	v, _ := vaulttest.New(t, zhang)
	keys := vaulttest.Keys(t)
	sealed := seal(t, v, zhang, plate)
	kid := "signing key " + keys.SigningKeys()[0].ID
	for _, c := range []struct {
		value any
		want  string
	}{
		{sealed, "sealed"},
		{keys, "keys"},
		{*keys, "keys"},
		{v, "vault"},
		{keys.SigningKeys()[0], kid},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			if got := fmt.Sprintf(verb, c.value); got != c.want {
				t.Errorf("%s of %T prints %q", verb, c.value, got)
			}
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("", "a", sealed, "b", keys, "c", keys.SigningKeys()[0])
	for _, want := range []string{`"a":"sealed"`, `"b":"keys"`, `"c":"` + kid + `"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log %s lacks %s", log.String(), want)
		}
	}
}

func TestADatabaseDriverTakesASealedValueAsBytes(t *testing.T) {
	got, err := driver.DefaultParameterConverter.ConvertValue(vault.Sealed("x"))
	if diff := cmp.Diff(driver.Value([]byte("x")), got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func seal(t *testing.T, v *vault.Vault, owner vault.Owner, text string) vault.Sealed {
	t.Helper()
	sealed, err := v.SealString(t.Context(), owner, plateField, text)
	if err != nil {
		t.Error(err)
	}
	return sealed
}

func mustOpen(t *testing.T, v *vault.Vault, owner vault.Owner, sealed vault.Sealed) {
	t.Helper()
	got, err := v.OpenString(t.Context(), owner, plateField, sealed)
	if got != plate || err != nil {
		t.Errorf("opened %q, %v", got, err)
	}
}

func mustBeUnreadable(t *testing.T, plain []byte, err error) {
	t.Helper()
	if !errors.Is(err, vault.Unreadable) || plain != nil {
		t.Fatalf("answers %q, %v", plain, err)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), plate) || strings.Contains(e.Error(), string(zhang)) {
			t.Errorf("the error tells too much: %v", e)
		}
	}
}
