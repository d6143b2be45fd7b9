package staffing

import (
	"context"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/staff"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

const (
	// codeSize is 160 bits, which fill 32 letters of base32.
	codeSize = 20
	codeLife = 24 * time.Hour
)

// draw answers a fresh one-time code.
func (s *Service) draw() (string, error) {
	raw := make([]byte, codeSize)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	return base32.StdEncoding.EncodeToString(raw), nil
}

func (s *Service) codeHash(code string) []byte {
	return s.vault.Index("staff_enrolment", strings.ToUpper(strings.TrimSpace(code)))
}

// Enrol sets password and second factor by the one-time code of an invitation, which is used up. The second
// factor is shown this once.
//
// Errors: CODE_INVALID at enrolmentCode; INVALID_PASSWORD; UNAVAILABLE when too many others sign in.
func (s *Service) Enrol(ctx context.Context, code, password string) (Enrolment, error) {
	if err := checkLength(password); err != nil {
		return Enrolment{}, err
	}
	invited, err := s.invited(ctx, code)
	if err != nil {
		return Enrolment{}, err
	}
	if isLabel(password, invited.Label) {
		return Enrolment{}, InvalidPassword
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return Enrolment{}, err
	}
	secret, uri, err := s.newSecret(invited.Label)
	if err != nil {
		return Enrolment{}, err
	}
	err = s.write(ctx, "enrol staff", func(ctx context.Context, tx *ent.Tx) error {
		row, err := hold(ctx, tx, invited.ID)
		if err != nil {
			return err
		}
		if !s.opens(row, s.codeHash(code)) {
			return codeInvalid()
		}
		return s.equip(ctx, tx, row.ID, hash, secret)
	})
	if err != nil {
		return Enrolment{}, err
	}
	return Enrolment{Label: invited.Label, URI: uri}, nil
}

// invited finds whom a code was made for.
func (s *Service) invited(ctx context.Context, code string) (*ent.Staff, error) {
	hash := s.codeHash(code)
	ctx = viewer.AsSystem(ctx, "find an invitation")
	row, err := s.store.Fresh(ctx).Staff.Query().Where(staff.EnrolHash(hash)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, codeInvalid()
	}
	if err != nil {
		return nil, fmt.Errorf("find an invitation: %w", err)
	}
	if !s.opens(row, hash) {
		return nil, codeInvalid()
	}
	return row, nil
}

func (s *Service) opens(row *ent.Staff, hash []byte) bool {
	return row.EnrolUntil != nil && s.clock.Now().Before(*row.EnrolUntil) &&
		subtle.ConstantTimeCompare(row.EnrolHash, hash) == 1
}

// equip keeps what the member signs in with from now on, and uses the code up.
func (s *Service) equip(ctx context.Context, tx *ent.Tx, id int64, hash, secret string) error {
	sealed, err := s.seal(ctx, id, secret)
	if err != nil {
		return err
	}
	err = tx.Staff.UpdateOneID(id).SetPasswordHash(hash).SetTotpSecret(sealed).SetTotpStep(0).
		ClearEnrolHash().ClearEnrolUntil().SetEnrolledAt(s.clock.Now()).SetFailedTries(0).ClearLockedUntil().Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep the enrolment: %w", err)
	}
	return nil
}

// seal makes the member's data key with the first secret there is to seal.
func (s *Service) seal(ctx context.Context, id int64, secret string) (vault.Sealed, error) {
	owner := vault.StaffKey(id)
	sealed, err := s.vault.SealString(ctx, owner, secretField, secret)
	if !errors.Is(err, vault.NoKey) {
		return sealed, err
	}
	if err := s.vault.Provide(ctx, owner); err != nil {
		return nil, err
	}
	return s.vault.SealString(ctx, owner, secretField, secret)
}

func codeInvalid() error { return CodeInvalid.At("enrolmentCode") }

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
