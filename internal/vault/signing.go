package vault

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
)

// SigningKey signs access tokens (EdDSA, RFC 8037).
type SigningKey struct {
	// ID is the token's `kid`: the RFC 7638 thumbprint of the public key.
	ID      string
	Private ed25519.PrivateKey
}

func newSigningKey(seed []byte) SigningKey {
	private := ed25519.NewKeyFromSeed(seed)
	return SigningKey{ID: thumbprint(private.Public().(ed25519.PublicKey)), Private: private}
}

// Format prints the id under every verb and never the key.
func (k SigningKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "signing key "+k.ID) }

// LogValue keeps the key out of structured logs.
func (k SigningKey) LogValue() slog.Value { return slog.StringValue("signing key " + k.ID) }

// thumbprint hashes the members that RFC 8037 §2 requires, in the order RFC 7638 §3.2 fixes.
func thumbprint(public ed25519.PublicKey) string {
	x := base64.RawURLEncoding.EncodeToString(public)
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
