package token

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// refreshBytes is the entropy of a refresh token.
const refreshBytes = 32

// NewRefresh makes a refresh token: 32 random bytes as 43 characters of base64url. It is no JWT, so it
// never passes for an access token. The client keeps it; the store keeps its hash.
func NewRefresh(random io.Reader) (string, error) {
	var b [refreshBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("token: no randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// HashRefresh answers the 32 bytes under which a refresh token is kept and found: its SHA-256. It needs
// neither salt nor stretching, for what it hashes cannot be guessed.
func HashRefresh(plain string) []byte {
	sum := sha256.Sum256([]byte(plain))
	return sum[:]
}
