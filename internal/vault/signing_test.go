package vault

import (
	"encoding/base64"
	"testing"
)

// The key and its thumbprint are those of RFC 8037, appendices A.1 and A.3.
func TestTheKidIsTheThumbprintOfThePublicKey(t *testing.T) {
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	if err != nil {
		t.Fatal(err)
	}
	if got := newSigningKey(seed).ID; got != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("kid = %s", got)
	}
}
