package vault

import (
	"io"
	"slices"
)

// Rotation without an interruption takes three steps, each installed on every replica before the
// next: stage a key that only reads, promote it, retire the old ones. Before retiring key encryption
// keys, every data key is rewrapped (Vault.Rewrap); before retiring signing keys, the tokens they
// signed have expired.

// StageKEK adds a key encryption key that opens and does not wrap yet.
func (k *Keys) StageKEK(random io.Reader) (*Keys, error) {
	return k.withKEK(k.kek.stage(random))
}

// PromoteKEK makes the newest key encryption key the one that wraps. The old ones still open.
func (k *Keys) PromoteKEK() (*Keys, error) {
	return k.withKEK(k.kek.promote())
}

// RotateKEK stages and promotes in one step, for a service that runs as one process.
func (k *Keys) RotateKEK(random io.Reader) (*Keys, error) {
	staged, err := k.StageKEK(random)
	if err != nil {
		return nil, err
	}
	return staged.PromoteKEK()
}

// RetireKEKs drops every key encryption key but the one that wraps. Data keys that were not rewrapped
// are lost, and with them everything they sealed.
func (k *Keys) RetireKEKs() (*Keys, error) {
	return k.withKEK(k.kek.retire())
}

// AddSigningKey adds a signing key that verifies, is published, and does not sign yet.
func (k *Keys) AddSigningKey(random io.Reader) (*Keys, error) {
	seed, err := readKey(random)
	if err != nil {
		return nil, err
	}
	c := *k
	c.signing = append(slices.Clone(k.signing), newSigningKey(seed))
	return &c, nil
}

// PromoteSigningKey makes the newest signing key the one that signs.
func (k *Keys) PromoteSigningKey() *Keys {
	c := *k
	c.signer = k.signing[len(k.signing)-1].ID
	return &c
}

// RetireSigningKeys drops every signing key but the one that signs.
func (k *Keys) RetireSigningKeys() *Keys {
	c := *k
	c.signing = k.SigningKeys()[:1:1]
	return &c
}

func (k *Keys) withKEK(kek *wrappingKeys, err error) (*Keys, error) {
	if err != nil {
		return nil, err
	}
	c := *k
	c.kek = kek
	return &c, nil
}
