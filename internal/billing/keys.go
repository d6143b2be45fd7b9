package billing

import (
	"crypto/subtle"
	"encoding/base64"
	"strconv"
)

// ownKey is the key of something that the program does itself, once for its cause.
func (s *Service) ownKey(purpose string, cause int64) []byte {
	return s.vault.Index("idempotency", purpose+"|own|"+strconv.FormatInt(cause, 10))
}

// proof is by what whoever ordered shows it, without an account: it is given out once, with the order (R010).
func (s *Service) proof(order int64) string {
	return base64.RawURLEncoding.EncodeToString(s.vault.Index("payer_proof", strconv.FormatInt(order, 10)))
}

func (s *Service) proves(proof string, order int64) bool {
	return subtle.ConstantTimeCompare([]byte(proof), []byte(s.proof(order))) == 1
}
