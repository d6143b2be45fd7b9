package vault

import (
	"context"
	"fmt"
	"io"

	"github.com/tink-crypto/tink-go/v2/aead/aesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keySize is that of AES-256, in bytes.
const keySize = 32

// Rewrap answers a data key wrapped by the primary key encryption key, from one wrapped by any key
// encryption key of the file. A job runs it over the store after a rotation; sealed values stay as
// they are. Error: Unreadable.
func (v *Vault) Rewrap(wrapped []byte, owner Owner) ([]byte, error) {
	raw, err := v.unwrap(owner, wrapped)
	if err != nil {
		return nil, err
	}
	return v.wrap(owner, raw)
}

func (v *Vault) dataKey(ctx context.Context, owner Owner) (tink.AEAD, error) {
	known, asOf := v.held.get(owner)
	if known.opened != nil {
		return known.opened, nil
	}
	wrapped, committed := known.wrapped, true
	if wrapped == nil {
		var err error
		if wrapped, committed, err = v.store.Load(ctx, owner); err != nil {
			return nil, fmt.Errorf("load data key: %w", err)
		}
	}
	raw, err := v.unwrap(owner, wrapped)
	if err != nil {
		return nil, err
	}
	key, err := newAEAD(raw)
	if err != nil {
		return nil, err
	}
	if committed {
		v.held.put(owner, held{key, wrapped}, asOf)
	}
	return key, nil
}

func (v *Vault) wrap(owner Owner, raw []byte) ([]byte, error) {
	wrapped, err := v.kek.Encrypt(raw, wrapping(owner))
	if err != nil {
		return nil, fmt.Errorf("wrap data key: %w", err)
	}
	return wrapped, nil
}

func (v *Vault) unwrap(owner Owner, wrapped []byte) ([]byte, error) {
	raw, err := v.kek.Decrypt(wrapped, wrapping(owner))
	if err != nil {
		return nil, Unreadable.Because(fmt.Errorf("unwrap data key: %w", err))
	}
	return raw, nil
}

// wrapping is what a wrapped data key is bound to.
func wrapping(owner Owner) []byte { return place("data key", owner) }

// newAEAD answers AES-256-GCM without a key id in front of the ciphertext: the owner tells the key.
// Nonces are random, which is safe for 2³² values per owner (NIST SP 800-38D §8.3).
func newAEAD(raw []byte) (tink.AEAD, error) {
	key, err := newAESKey(raw, 0, aesgcm.VariantNoPrefix)
	if err != nil {
		return nil, err
	}
	primitive, err := aesgcm.NewAEAD(key)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	return primitive, nil
}

func newAESKey(raw []byte, id uint32, variant aesgcm.Variant) (*aesgcm.Key, error) {
	params, err := aesgcm.NewParameters(aesgcm.ParametersOpts{
		KeySizeInBytes: keySize,
		IVSizeInBytes:  12,
		TagSizeInBytes: 16,
		Variant:        variant,
	})
	if err != nil {
		return nil, fmt.Errorf("AES-256-GCM: %w", err)
	}
	key, err := aesgcm.NewKey(secretdata.NewBytesFromData(raw, insecuresecretdataaccess.Token{}), id, params)
	if err != nil {
		return nil, fmt.Errorf("AES-256-GCM: %w", err)
	}
	return key, nil
}

func readKey(random io.Reader) ([]byte, error) {
	raw := make([]byte, keySize)
	if _, err := io.ReadFull(random, raw); err != nil {
		return nil, fmt.Errorf("random source: %w", err)
	}
	return raw, nil
}
