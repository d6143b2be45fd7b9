package staffing

import (
	"context"
	"fmt"

	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"parkbff/ent"
	"parkbff/internal/vault"
)

const (
	totpIssuer = "parkbff"
	// stepLength is the time step of RFC 6238 section 4.1, in seconds.
	stepLength = 30
	// stepsAside is how many steps a clock may be wrong by, either way (RFC 6238 section 5.2).
	stepsAside = 1
	// secretSize is that of the hash, SHA-1 (RFC 4226 section 4, R6).
	secretSize = 20

	secretField = "staff.totp_secret"
)

// newSecret draws a second factor. Secret is in base32; uri is what an authenticator scans.
func (s *Service) newSecret(label string) (secret, uri string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: totpIssuer, AccountName: label, SecretSize: secretSize, Rand: s.random})
	if err != nil {
		return "", "", fmt.Errorf("draw a second factor: %w", err)
	}
	return key.Secret(), key.URL(), nil
}

// stepOf answers the time step of the code that a member's authenticator shows, when there is one that has
// not been taken before. No step is as old as 0.
func (s *Service) stepOf(ctx context.Context, row *ent.Staff, code string) (step int64, err error) {
	secret, err := s.vault.OpenString(ctx, vault.StaffKey(row.ID), secretField, row.TotpSecret)
	if err != nil {
		return 0, fmt.Errorf("open the second factor: %w", err)
	}
	if secret == "" {
		return 0, nil
	}
	now := s.clock.Now().Unix() / stepLength
	for at := max(now-stepsAside, row.TotpStep+1); at <= now+stepsAside; at++ {
		shown, err := hotp.GenerateCode(secret, uint64(at))
		if err != nil {
			return 0, fmt.Errorf("make the code of a step: %w", err)
		}
		if equal(shown, code) {
			return at, nil
		}
	}
	return 0, nil
}
