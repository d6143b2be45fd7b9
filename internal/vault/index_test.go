package vault_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"pgregory.net/rapid"

	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
)

func TestEqualValuesOfOneKindHaveOneIndex(t *testing.T) {
	v, _ := vaulttest.New(t)
	rapid.Check(t, func(t *rapid.T) {
		kind, plain := rapid.String().Draw(t, "kind"), rapid.String().Draw(t, "plain")
		kind2, plain2 := rapid.String().Draw(t, "kind2"), rapid.String().Draw(t, "plain2")
		first, second := v.Index(kind, plain), v.Index(kind2, plain2)
		same := kind == kind2 && plain == plain2
		if len(first) != vault.IndexSize || bytes.Equal(first, second) != same {
			t.Fatalf("(%q, %q) is %x; (%q, %q) is %x", kind, plain, first, kind2, plain2, second)
		}
		if !bytes.Equal(first, v.Index(kind, plain)) {
			t.Fatal("the index changes")
		}
	})
}

func TestWhereTheKindEndsMatters(t *testing.T) {
	v, _ := vaulttest.New(t)
	if bytes.Equal(v.Index("ab", "c"), v.Index("a", "bc")) {
		t.Error("two kinds share an index")
	}
}

func TestAnIndexCannotBeGuessedWithoutTheKey(t *testing.T) {
	ours, _ := vaulttest.New(t)
	other, err := vault.NewKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	theirs := vault.New(other, vaulttest.NewStore())
	if bytes.Equal(ours.Index("plate", plate), theirs.Index("plate", plate)) {
		t.Error("two key files make one index")
	}
}
