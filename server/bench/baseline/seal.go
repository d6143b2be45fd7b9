package main

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"

	"parkbff/internal/vault"
)

// sealer makes ids and cursors: one AES block each, under keys derived from one.
type sealer struct {
	ids, cursors, tags, tokens cipher.Block
	stays                      uint64 // head of the ids of stays
}

const (
	listHistory = "viewer.sessions"
	typeStay    = "ParkingSession"
	sealedText  = 22 // bytes of a block in base64url
)

func newSealer(key []byte) (*sealer, error) {
	var blocks [4]cipher.Block
	for i, purpose := range []string{"parkbff relay id v1", "parkbff relay cursor v1", "parkbff viewer tag v1", "parkbff token ids v1"} {
		derived, err := hkdf.Key(sha256.New, key, nil, purpose, 32)
		if err != nil {
			return nil, err
		}
		if blocks[i], err = aes.NewCipher(derived); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256([]byte(typeStay))
	return &sealer{blocks[0], blocks[1], blocks[2], blocks[3], binary.BigEndian.Uint64(sum[:])}, nil
}

func (s *sealer) appendStayID(out []byte, row int64) []byte {
	return appendSealed(out, s.ids, s.stays, row)
}

func (s *sealer) appendCursor(out []byte, list string, tag uint32, row int64) []byte {
	return appendSealed(out, s.cursors, cursorHead(list, tag), row)
}

// openCursor answers the row of a cursor that was made for the list and the tag.
func (s *sealer) openCursor(list string, tag uint32, text string) (row int64, ok bool) {
	block, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(block) != aes.BlockSize {
		return 0, false
	}
	s.cursors.Decrypt(block, block)
	return int64(binary.BigEndian.Uint64(block[8:])), binary.BigEndian.Uint64(block) == cursorHead(list, tag)
}

// openToken answers the row of an id in a token; as says which, `s` for the subject and `i` for the sign-in.
func (s *sealer) openToken(as byte, use, text string) (row int64, err error) {
	block, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(block) != aes.BlockSize {
		return 0, errors.New("no id")
	}
	s.tokens.Decrypt(block, block)
	head := [8]byte{as}
	copy(head[1:], use)
	if row = int64(binary.BigEndian.Uint64(block[8:])); [8]byte(block) != head || row <= 0 {
		return 0, errors.New("no id")
	}
	return row, nil
}

func (s *sealer) tag(use string, subject int64) uint32 {
	var block [aes.BlockSize]byte
	copy(block[:8], use)
	binary.BigEndian.PutUint64(block[8:], uint64(subject))
	s.tags.Encrypt(block[:], block[:])
	return binary.BigEndian.Uint32(block[:4])
}

func cursorHead(list string, tag uint32) uint64 {
	return uint64(crc32.ChecksumIEEE([]byte(list)))<<32 | uint64(tag)
}

func appendSealed(out []byte, block cipher.Block, head uint64, row int64) []byte {
	var sealed [aes.BlockSize]byte
	binary.BigEndian.PutUint64(sealed[:8], head)
	binary.BigEndian.PutUint64(sealed[8:], uint64(row))
	block.Encrypt(sealed[:], sealed[:])
	return base64.RawURLEncoding.AppendEncode(out, sealed[:])
}

// dataKeys reads the keys that seal columns; the vault remembers them.
type dataKeys struct{ db *sql.DB }

func (d *dataKeys) Load(ctx context.Context, owner vault.Owner) (wrapped []byte, committed bool, err error) {
	err = d.db.QueryRowContext(ctx, `SELECT wrapped FROM data_keys WHERE owner = $1`, string(owner)).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		err = vault.NoKey
	}
	return wrapped, err == nil, err
}

func (d *dataKeys) Save(context.Context, vault.Owner, []byte) error {
	return errors.New("no owner is made here")
}
