package vault

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/tink-crypto/tink-go/v2/tink"
)

const (
	// openedKeys bounds the data keys held ready, at about 1.5 KB each: those of lots, and of the accounts of the
	// last seconds.
	openedKeys = 1024
	// wrappedKeys bounds those held as the store has them, at about 250 bytes each. It covers the accounts and lots
	// that are active on one replica within an hour; a miss costs one read of the store.
	wrappedKeys = 65_536
)

// DataKeys keeps each owner's wrapped data key. The context carries the transaction, if any.
type DataKeys interface {
	// Load answers the wrapped key of an owner, or NoKey.
	//
	// committed is false when the key was read inside a transaction that may yet roll back, or from a
	// replica that may lag behind an erasure: such a key is used once and not remembered.
	Load(ctx context.Context, owner Owner) (wrapped []byte, committed bool, err error)

	// Save adds the wrapped key of a new owner. It fails when the owner has one: replacing a data key
	// would lose everything it sealed.
	Save(ctx context.Context, owner Owner, wrapped []byte) error
}

// Vault seals, opens and indexes personal values. It is safe for concurrent use.
type Vault struct {
	kek   tink.AEAD
	index []byte
	store DataKeys
	held  *cache
}

// New answers a vault over one key file and the store of the data keys.
func New(keys *Keys, store DataKeys) *Vault {
	return &Vault{kek: keys.kek.aead, index: keys.index, store: store, held: newCache(openedKeys, wrappedKeys)}
}

// Format prints "vault" under every verb.
func (*Vault) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "vault") }

// Provide creates the data key of a new owner, in the transaction that creates the owner.
func (v *Vault) Provide(ctx context.Context, owner Owner) error {
	raw, err := readKey(rand.Reader)
	if err != nil {
		return err
	}
	wrapped, err := v.wrap(owner, raw)
	if err != nil {
		return err
	}
	if err := v.store.Save(ctx, owner, wrapped); err != nil {
		return fmt.Errorf("save data key: %w", err)
	}
	return nil
}

// Seal encrypts a value of one column, named "entity.column", under its owner's data key. An absent
// value (nil) stays absent. Errors: NoKey, and those of the store.
func (v *Vault) Seal(ctx context.Context, owner Owner, field string, plain []byte) (Sealed, error) {
	if plain == nil {
		return nil, nil
	}
	key, err := v.dataKey(ctx, owner)
	if err != nil {
		return nil, err
	}
	sealed, err := key.Encrypt(plain, place(field, owner))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", field, err)
	}
	return sealed, nil
}

// Open decrypts what Seal answered for the same owner and column. An absent value (nil) stays
// absent. Errors: NoKey, Unreadable, and those of the store.
func (v *Vault) Open(ctx context.Context, owner Owner, field string, s Sealed) ([]byte, error) {
	if s == nil {
		return nil, nil
	}
	key, err := v.dataKey(ctx, owner)
	if err != nil {
		return nil, err
	}
	plain, err := key.Decrypt(s, place(field, owner))
	if err != nil {
		return nil, Unreadable.Because(err)
	}
	return plain, nil
}

// SealString is Seal for text. The empty string is sealed like any other.
func (v *Vault) SealString(ctx context.Context, owner Owner, field, plain string) (Sealed, error) {
	return v.Seal(ctx, owner, field, []byte(plain))
}

// OpenString is Open for text. An absent value opens as the empty string.
func (v *Vault) OpenString(ctx context.Context, owner Owner, field string, s Sealed) (string, error) {
	plain, err := v.Open(ctx, owner, field, s)
	return string(plain), err
}

// Ready has the data key of an owner held before a transaction begins that seals or opens much for it:
// inside, a key that is not held yet is read anew for each value. Errors: NoKey, and those of the store.
func (v *Vault) Ready(ctx context.Context, owner Owner) error {
	_, err := v.dataKey(ctx, owner)
	return err
}

// Forget drops the held data key of an owner that was erased, here or on another replica.
func (v *Vault) Forget(owner Owner) { v.held.forget(owner) }

// ForgetAll drops every held data key, for when news of an erasure may have been missed.
func (v *Vault) ForgetAll() { v.held.forgetAll() }

// place is what a sealed value is bound to. Neither part contains a bar.
func place(field string, owner Owner) []byte {
	b := make([]byte, 0, len(field)+1+len(owner))
	b = append(b, field...)
	b = append(b, '|')
	return append(b, owner...)
}
