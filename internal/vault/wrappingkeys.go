package vault

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// wrappingKeys are the key encryption keys: the primary wraps, all of them unwrap.
type wrappingKeys struct {
	set  *keyset.Handle
	aead tink.AEAD
}

func newWrappingKeys(random io.Reader) (*wrappingKeys, error) {
	manager := keyset.NewManager()
	id, err := addWrappingKey(manager, random)
	if err != nil {
		return nil, err
	}
	return usePrimary(manager, id)
}

func readyWrappingKeys(set *keyset.Handle) (*wrappingKeys, error) {
	primitive, err := aead.New(set)
	if err != nil {
		return nil, fmt.Errorf("key encryption key: %w", err)
	}
	return &wrappingKeys{set, primitive}, nil
}

// stage adds a key that unwraps and does not wrap yet.
func (w *wrappingKeys) stage(random io.Reader) (*wrappingKeys, error) {
	manager := keyset.NewManagerFromHandle(w.set)
	if _, err := addWrappingKey(manager, random); err != nil {
		return nil, err
	}
	return handleOf(manager)
}

// promote makes the newest key the one that wraps.
func (w *wrappingKeys) promote() (*wrappingKeys, error) {
	newest, err := w.set.Entry(w.set.Len() - 1)
	if err != nil {
		return nil, fmt.Errorf("key encryption key: %w", err)
	}
	return usePrimary(keyset.NewManagerFromHandle(w.set), newest.KeyID())
}

// retire keeps the primary alone.
func (w *wrappingKeys) retire() (*wrappingKeys, error) {
	manager := keyset.NewManagerFromHandle(w.set)
	info := w.set.KeysetInfo()
	for _, key := range info.GetKeyInfo() {
		if key.GetKeyId() == info.GetPrimaryKeyId() {
			continue
		}
		if err := manager.Delete(key.GetKeyId()); err != nil {
			return nil, fmt.Errorf("key encryption key: %w", err)
		}
	}
	return handleOf(manager)
}

func addWrappingKey(manager *keyset.Manager, random io.Reader) (uint32, error) {
	raw, err := readKey(random)
	if err != nil {
		return 0, err
	}
	id, err := readKeyID(random)
	if err != nil {
		return 0, err
	}
	key, err := newAESKey(raw, id, aesgcm.VariantTink)
	if err != nil {
		return 0, err
	}
	// A key that brings its id keeps it, so that equal random sources make equal key files.
	added, err := manager.AddKey(key)
	if err != nil {
		return 0, fmt.Errorf("key encryption key: %w", err)
	}
	return added, nil
}

func readKeyID(random io.Reader) (uint32, error) {
	var id [4]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return 0, fmt.Errorf("random source: %w", err)
	}
	return binary.BigEndian.Uint32(id[:]), nil
}

func usePrimary(manager *keyset.Manager, id uint32) (*wrappingKeys, error) {
	if err := manager.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("key encryption key: %w", err)
	}
	return handleOf(manager)
}

func handleOf(manager *keyset.Manager) (*wrappingKeys, error) {
	set, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("key encryption key: %w", err)
	}
	return readyWrappingKeys(set)
}
