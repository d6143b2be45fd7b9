package vault

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

const keyFileVersion = 1

// keyFile is the key file. The digest (hex SHA-256 of the compacted keys member) tells damage: one
// letter changed in the index key would otherwise load, and find nothing ever again.
type keyFile struct {
	Version int             `json:"version"`
	Digest  string          `json:"digest"`
	Keys    json.RawMessage `json:"keys"`
}

type keyMaterial struct {
	KEK     json.RawMessage   `json:"kek"` // Tink keyset in the clear
	Index   []byte            `json:"index"`
	ID      []byte            `json:"id"`
	Signing []signingMaterial `json:"signing"` // oldest first
	Signer  string            `json:"signer"`
}

type signingMaterial struct {
	ID   string `json:"kid"`
	Seed []byte `json:"seed"`
}

// What can be wrong with a key file. None of them repeats any of it.
var (
	errNotKeyFile  = errors.New("it is not a key file")
	errFileVersion = errors.New("its version is not known to this program")
	errFileDigest  = errors.New("its content does not match its digest")
	errFileKEK     = errors.New("its key encryption keys cannot be used")
	errFileSecrets = errors.New("a key has a wrong length")
	errFileSigning = errors.New("its signing keys do not fit together")
)

func (k *Keys) encode() ([]byte, error) {
	var kek bytes.Buffer
	if err := insecurecleartextkeyset.Write(k.kek.set, keyset.NewJSONWriter(&kek)); err != nil {
		return nil, fmt.Errorf("key encryption key: %w", err)
	}
	material := keyMaterial{KEK: kek.Bytes(), Index: k.index, ID: k.id, Signer: k.signer}
	for _, s := range k.signing {
		material.Signing = append(material.Signing, signingMaterial{ID: s.ID, Seed: s.Private.Seed()})
	}
	body, err := json.Marshal(material)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	sum := sha256.Sum256(body)
	content, err := json.MarshalIndent(keyFile{keyFileVersion, hex.EncodeToString(sum[:]), body}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	return append(content, '\n'), nil
}

func decodeKeys(content []byte) (*Keys, error) {
	material, err := decodeMaterial(content)
	if err != nil {
		return nil, err
	}
	if len(material.Index) != keySize || len(material.ID) != keySize {
		return nil, errFileSecrets
	}
	kek, err := decodeKEK(material.KEK)
	if err != nil {
		return nil, err
	}
	signing, err := decodeSigning(material)
	if err != nil {
		return nil, err
	}
	return &Keys{kek: kek, index: material.Index, id: material.ID, signing: signing, signer: material.Signer}, nil
}

func decodeMaterial(content []byte) (*keyMaterial, error) {
	var file keyFile
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, errNotKeyFile
	}
	if file.Version != keyFileVersion {
		return nil, errFileVersion
	}
	var body bytes.Buffer
	if err := json.Compact(&body, file.Keys); err != nil {
		return nil, errNotKeyFile
	}
	if sum := sha256.Sum256(body.Bytes()); hex.EncodeToString(sum[:]) != file.Digest {
		return nil, errFileDigest
	}
	var material keyMaterial
	if err := json.Unmarshal(body.Bytes(), &material); err != nil {
		return nil, errNotKeyFile
	}
	return &material, nil
}

func decodeKEK(content []byte) (*wrappingKeys, error) {
	set, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(content)))
	if err != nil {
		return nil, errFileKEK
	}
	kek, err := readyWrappingKeys(set)
	if err != nil {
		return nil, errFileKEK
	}
	return kek, nil
}

func decodeSigning(material *keyMaterial) ([]SigningKey, error) {
	var keys []SigningKey
	for _, m := range material.Signing {
		if len(m.Seed) != ed25519.SeedSize {
			return nil, errFileSecrets
		}
		key := newSigningKey(m.Seed)
		if key.ID != m.ID {
			return nil, errFileSigning
		}
		keys = append(keys, key)
	}
	if !slices.ContainsFunc(keys, func(k SigningKey) bool { return k.ID == material.Signer }) {
		return nil, errFileSigning
	}
	return keys, nil
}
