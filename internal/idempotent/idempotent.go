// Package idempotent knows the keys by which clients have something done once, however often they ask.
package idempotent

import (
	"strconv"

	"parkbff/internal/fault"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Faults.
var (
	InvalidKey = fault.New("INVALID_IDEMPOTENCY_KEY", "An idempotency key has 1 to 64 printable ASCII characters.").At("idempotencyKey")
	KeyReused  = fault.New("IDEMPOTENCY_KEY_REUSED", "Something else was asked for under this key.").At("idempotencyKey")
)

const longest = 64

// Hash answers by what a client's own key is found again: keys of two viewers, and of two purposes, are apart.
// Nobody signed in shares one space; their keys are as good as random. Error: InvalidKey.
func Hash(by *vault.Vault, v *viewer.Viewer, purpose, key string) ([]byte, error) {
	if key == "" || len(key) > longest {
		return nil, InvalidKey
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return nil, InvalidKey
		}
	}
	return by.Index("idempotency", purpose+"|"+whose(v)+"|"+key), nil
}

func whose(v *viewer.Viewer) string {
	switch v.Kind {
	case viewer.Driver:
		return "account " + strconv.FormatInt(v.AccountID, 10)
	case viewer.Staff:
		return "staff " + strconv.FormatInt(v.StaffID, 10)
	}
	return "anybody"
}
