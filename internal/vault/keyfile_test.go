package vault_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/vault"
	"parkbff/internal/vault/vaulttest"
)

func TestCreatedKeysLoadUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	created := must(vault.CreateKeys(path, rand.Reader))(t)
	mustBeTheSame(t, created, must(vault.LoadKeys(path))(t))

	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestRotatedKeysReplaceTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	created := must(vault.CreateKeys(path, rand.Reader))(t)
	rotated := must(created.RotateKEK(rand.Reader))(t)
	rotated = must(rotated.AddSigningKey(rand.Reader))(t).PromoteSigningKey()
	if err := rotated.Replace(path); err != nil {
		t.Fatal(err)
	}
	mustBeTheSame(t, rotated, must(vault.LoadKeys(path))(t))

	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAKeyFileIsNeverCreatedOverAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.CreateKeys(path, rand.Reader); !errors.Is(err, fs.ErrExist) {
		t.Errorf("err = %v", err)
	}
	if content, _ := os.ReadFile(path); string(content) != "precious" {
		t.Errorf("now it holds %q", content)
	}
}

func TestAMissingKeyFileCanBeToldApart(t *testing.T) {
	_, err := vault.LoadKeys(filepath.Join(t.TempDir(), "keys"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "PARKBFF_KEYS") {
		t.Errorf("err = %v", err)
	}
}

func TestAKeyFileThatOthersMayReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	must(vault.CreateKeys(path, rand.Reader))(t)
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := vault.LoadKeys(path)
		if err == nil || !strings.Contains(err.Error(), "PARKBFF_KEYS") || !strings.Contains(err.Error(), "0600") {
			t.Errorf("mode %o: err = %v", mode, err)
		}
	}
}

func TestADamagedKeyFileIsAnErrorAndStaysAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	must(vault.CreateKeys(path, rand.Reader))(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := [][]byte{nil, []byte("{}"), []byte("null"), whole[:len(whole)/2], append(bytes.Clone(whole), '{')}
	for at := range whole {
		if isSpace(whole[at]) {
			continue
		}
		changed := bytes.Clone(whole)
		changed[at] ^= 1
		damaged = append(damaged, changed)
	}
	for _, content := range damaged {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.LoadKeys(path); err == nil || !strings.Contains(err.Error(), "PARKBFF_KEYS") {
			t.Fatalf("err = %v for\n%s", err, content)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(after, content) {
			t.Fatal("the damaged file was changed")
		}
	}
}

func TestAFolderIsNotAKeyFile(t *testing.T) {
	if _, err := vault.LoadKeys(t.TempDir()); err == nil {
		t.Error("no error")
	}
}

func TestARandomSourceThatRunsDryMakesNoKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	for n := range 132 {
		if _, err := vault.CreateKeys(path, bytes.NewReader(make([]byte, n))); err == nil {
			t.Fatalf("%d bytes were enough", n)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was left: %v", err)
	}
}

func FuzzLoadKeysNeverPanics(f *testing.F) {
	path := filepath.Join(f.TempDir(), "keys")
	if _, err := vault.CreateKeys(path, rand.Reader); err != nil {
		f.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"version":1,"digest":"","keys":{}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := vault.LoadKeys(path)
		if (keys == nil) == (err == nil) {
			t.Errorf("keys %v, err %v", keys, err)
		}
	})
}

// mustBeTheSame holds when both open what the other sealed and show the same ids, indexes and kids.
func mustBeTheSame(t *testing.T, a, b *vault.Keys) {
	t.Helper()
	store := vaulttest.NewStore()
	left, right := vault.New(a, store), vault.New(b, store)
	if err := left.Provide(t.Context(), zhang); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, right, zhang, seal(t, left, zhang, plate))
	if err := right.Provide(t.Context(), li); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, left, li, seal(t, right, li, plate))
	if diff := cmp.Diff(a.IDKey(), b.IDKey()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(index(a), index(b)); diff != "" {
		t.Error(diff)
	}
	for i, key := range a.SigningKeys() {
		if got := b.SigningKeys()[i]; got.ID != key.ID || !got.Private.Equal(key.Private) {
			t.Errorf("signing key %d differs", i)
		}
	}
}

func isSpace(b byte) bool { return strings.ContainsRune(" \n\t\r", rune(b)) }
