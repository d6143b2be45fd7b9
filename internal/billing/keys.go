package billing

import (
	"crypto/subtle"
	"encoding/base64"
	"strconv"

	"parkbff/internal/viewer"
)

// keyHash answers by what a client's own key is found again: keys of two viewers, and of two purposes, are apart.
// Nobody signed in shares one space; their keys are as good as random.
func (s *Service) keyHash(v *viewer.Viewer, purpose, key string) ([]byte, error) {
	if !validKey(key) {
		return nil, InvalidKey
	}
	return s.vault.Index("idempotency", purpose+"|"+whose(v)+"|"+key), nil
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

// ownKey is the key of something that the program does itself, once for its cause.
func (s *Service) ownKey(purpose string, cause int64) []byte {
	return s.vault.Index("idempotency", purpose+"|own|"+strconv.FormatInt(cause, 10))
}

const longestKey = 64

func validKey(key string) bool {
	if key == "" || len(key) > longestKey {
		return false
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// proof is by what whoever ordered shows it, without an account: it is given out once, with the order (R010).
func (s *Service) proof(order int64) string {
	return base64.RawURLEncoding.EncodeToString(s.vault.Index("payer_proof", strconv.FormatInt(order, 10)))
}

func (s *Service) proves(proof string, order int64) bool {
	return subtle.ConstantTimeCompare([]byte(proof), []byte(s.proof(order))) == 1
}
