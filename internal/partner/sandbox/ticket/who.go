package ticket

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
)

// IDOf is an id of a person, always the same for the same words.
func IDOf(words ...string) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", words)))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:24]
}

// NumberOf is an id of a person in so many digits.
func NumberOf(digits int, words ...string) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", words)))
	n, _ := new(big.Int).SetString(hex.EncodeToString(sum[:]), 16)
	text := n.String()
	return text[len(text)-digits:]
}

// MobileOf is the number of a person to whom nobody gave another.
func MobileOf(person string) string { return "139" + NumberOf(8, "mobile", person) }
