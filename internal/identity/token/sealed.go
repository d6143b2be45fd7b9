package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// rows seals the row ids that stand in `sub` and `sid`: whoever holds a token can read it, and a bare row id
// tells how many accounts there are and who came before whom. Equal ids are sealed alike, so that `sub` is
// the same in every token of one subject.
type rows struct{ block cipher.Block }

func newRows(key []byte) (rows, error) {
	if len(key) < 32 {
		return rows{}, errors.New("token: the key of ids has fewer than 32 bytes")
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "parkbff token ids v1", 32)
	if err != nil {
		return rows{}, fmt.Errorf("token: derive the key of ids: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return rows{}, fmt.Errorf("token: the key of ids: %w", err)
	}
	return rows{block}, nil
}

// claim names what a sealed id stands for; it is sealed with the id.
type claim byte

const (
	subject claim = 's'
	signIn  claim = 'i'
)

func (r rows) seal(as claim, use Use, id int64) string {
	block := plain(as, use)
	binary.BigEndian.PutUint64(block[8:], uint64(id))
	r.block.Encrypt(block[:], block[:])
	return base64.RawURLEncoding.EncodeToString(block[:])
}

func (r rows) open(as claim, use Use, text string) (int64, error) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(sealed) != aes.BlockSize {
		return 0, errNoID
	}
	var opened [aes.BlockSize]byte
	r.block.Decrypt(opened[:], sealed)
	want, id := plain(as, use), int64(binary.BigEndian.Uint64(opened[8:]))
	if [8]byte(opened[:8]) != [8]byte(want[:8]) || id <= 0 {
		return 0, errNoID
	}
	return id, nil
}

func plain(as claim, use Use) (block [aes.BlockSize]byte) {
	block[0] = byte(as)
	copy(block[1:8], use)
	return block
}

var errNoID = errors.New("token without an id where one belongs")
