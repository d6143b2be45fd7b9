package relay

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"parkbff/internal/fault"
)

// TextLength is the length of every sealed id and cursor: one block, base64url without padding.
const TextLength = 22

const leastKeyBytes = 32

// BadID is the answer to an id that does not open: the same as for a thing that does not exist.
var BadID = fault.NotFound.Because(errors.New("relay: the id was not sealed here"))

// sealedText is strict so that a block has one spelling only: an id may stand in caches and logs as
// the name of one thing.
var sealedText = base64.RawURLEncoding.Strict()

// Sealer makes and opens public ids and cursors. It is safe for concurrent use.
//
// An id is the block (first 8 bytes of SHA-256 of the type name, 8 bytes row id). The tag is both
// type and check: of random blocks, one in 2^64 passes for any given type. A cursor is the block
// (4 bytes connection, 4 bytes viewer tag, 8 bytes row id) under a second key.
type Sealer struct {
	ids     cipher.Block
	cursors cipher.Block
	tagOf   map[string]uint64
	typeOf  map[uint64]string
}

// NewSealer seals ids of the named GraphQL types. The key has at least 32 secret bytes and is equal on
// all replicas; every id and cursor a client holds depends on it.
func NewSealer(key []byte, types ...string) (*Sealer, error) {
	if len(key) < leastKeyBytes {
		return nil, fmt.Errorf("relay: the sealing key has %d bytes, fewer than %d", len(key), leastKeyBytes)
	}
	ids, err := derivedBlock(key, "parkbff relay id v1")
	if err != nil {
		return nil, err
	}
	cursors, err := derivedBlock(key, "parkbff relay cursor v1")
	if err != nil {
		return nil, err
	}
	s := &Sealer{ids: ids, cursors: cursors, tagOf: map[string]uint64{}, typeOf: map[uint64]string{}}
	for _, name := range types {
		sum := sha256.Sum256([]byte(name))
		tag := binary.BigEndian.Uint64(sum[:])
		s.tagOf[name], s.typeOf[tag] = tag, name
	}
	return s, nil
}

// Seals tells whether ids of the type are known.
func (s *Sealer) Seals(typ string) bool {
	_, known := s.tagOf[typ]
	return known
}

// SealID answers the public id of a row. It panics when the type was not named to NewSealer, which is
// a mistake of the program and not of its input.
func (s *Sealer) SealID(typ string, row int64) string {
	tag, known := s.tagOf[typ]
	if !known {
		panic("relay: ids of type " + typ + " are not sealed")
	}
	return seal(s.ids, tag, row)
}

// OpenID reads a public id. Errors: BadID, for whatever SealID did not make.
func (s *Sealer) OpenID(text string) (ID, error) {
	tag, row, ok := open(s.ids, text)
	typ, known := s.typeOf[tag]
	if !ok || !known {
		return ID{}, BadID
	}
	return ID{Type: typ, Row: row}, nil
}

func derivedBlock(key []byte, purpose string) (cipher.Block, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("relay: deriving the key for %q: %w", purpose, err)
	}
	return aes.NewCipher(derived)
}

func seal(block cipher.Block, head uint64, row int64) string {
	// One buffer for block and text: what passes through cipher.Block escapes to the heap.
	var buffer [aes.BlockSize + TextLength]byte
	sealed, text := buffer[:aes.BlockSize], buffer[aes.BlockSize:]
	binary.BigEndian.PutUint64(sealed[:8], head)
	binary.BigEndian.PutUint64(sealed[8:], uint64(row))
	block.Encrypt(sealed, sealed)
	sealedText.Encode(text, sealed)
	return string(text)
}

func open(block cipher.Block, text string) (head uint64, row int64, ok bool) {
	if len(text) != TextLength {
		return 0, 0, false
	}
	sealed := make([]byte, aes.BlockSize)
	n, err := sealedText.Decode(sealed, []byte(text))
	if err != nil || n != aes.BlockSize {
		return 0, 0, false
	}
	block.Decrypt(sealed, sealed)
	row = int64(binary.BigEndian.Uint64(sealed[8:]))
	return binary.BigEndian.Uint64(sealed[:8]), row, row > 0
}
