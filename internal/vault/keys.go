package vault

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// Keys is everything that ids, tokens and columns depend on. It must be equal on all replicas.
//
// A value never changes; rotation answers a new one. The index key and the id key never rotate: every
// index in the store and every id in a client's hands depends on them.
type Keys struct {
	kek     *wrappingKeys
	index   []byte
	id      []byte
	signing []SigningKey // oldest first
	signer  string       // ID of the one that signs
}

// NewKeys draws fresh keys. random is crypto/rand.Reader outside tests.
func NewKeys(random io.Reader) (*Keys, error) {
	kek, err := newWrappingKeys(random)
	if err != nil {
		return nil, err
	}
	var secrets [3][]byte
	for i := range secrets {
		if secrets[i], err = readKey(random); err != nil {
			return nil, err
		}
	}
	first := newSigningKey(secrets[2])
	return &Keys{kek: kek, index: secrets[0], id: secrets[1], signing: []SigningKey{first}, signer: first.ID}, nil
}

// SigningKeys answers every key that may verify a token; the first one signs.
func (k *Keys) SigningKeys() []SigningKey {
	keys := slices.Clone(k.signing)
	at := slices.IndexFunc(keys, func(s SigningKey) bool { return s.ID == k.signer })
	keys[0], keys[at] = keys[at], keys[0]
	return keys
}

// IDKey answers the 32 bytes that seal public ids and cursors.
func (k *Keys) IDKey() []byte { return slices.Clone(k.id) }

// Format prints "keys" under every verb.
func (Keys) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "keys") }

// LogValue keeps the keys out of structured logs.
func (Keys) LogValue() slog.Value { return slog.StringValue("keys") }
