package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// IndexSize is the length of a blind index in bytes. 128 bits of the hash keep an accidental match
// out of reach (2⁶⁴ values) at half the size on disk; RFC 2104 §5 allows the truncation.
const IndexSize = 16

// Index answers the blind index of a value: what a column x_index holds, and what a lookup asks for.
//
// It is HMAC-SHA-256 under a key of its own, because plates and mobiles can be guessed and an unkeyed
// hash would be a dictionary (J(五)2, requirement R118). Equal values of one kind have equal indexes;
// a kind, such as "plate" or "mobile", keeps equal values of two kinds apart. Normalise first: the
// index knows nothing of letter case or width.
func (v *Vault) Index(kind, plain string) []byte {
	mac := hmac.New(sha256.New, v.index)
	// The length keeps ("ab","c") and ("a","bc") apart.
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(kind))))
	mac.Write([]byte(kind))
	mac.Write([]byte(plain))
	return mac.Sum(nil)[:IndexSize:IndexSize]
}
