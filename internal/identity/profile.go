package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/internal/clock"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

const (
	maxRegion    = 40 // characters
	oldestOnes   = 1900
	fieldProfile = "account.profile"
)

// errProfile stands for the decoder's own error, which quotes what it read.
var errProfile = errors.New("the profile is not of its form")

// Profile answers what the person told about themselves.
func (s *Service) Profile(ctx context.Context, of *Account) (*Profile, error) {
	p, err := s.openProfile(ctx, of.Row, of.Told)
	return &p, err
}

func (s *Service) openProfile(ctx context.Context, accountID int64, sealed vault.Sealed) (p Profile, err error) {
	plain, err := s.vault.Open(ctx, vault.AccountKey(accountID), fieldProfile, sealed)
	if err != nil || plain == nil {
		return Profile{}, err
	}
	if json.Unmarshal(plain, &p) != nil {
		return Profile{}, errProfile
	}
	return p, nil
}

// UpdateProfile sets what is given of a profile and leaves the rest (R012). An empty text takes the field
// away. Birthday is midnight UTC of the day.
//
// Errors: UNAUTHENTICATED; INVALID_NICKNAME, INVALID_REGION, INVALID_BIRTHDAY; BAD_USER_INPUT for a gender
// that is none; GUARDIAN_CONSENT_REQUIRED for a minor's birthday, of which only the knowledge is kept.
func (s *Service) UpdateProfile(ctx context.Context, change Profile) (*Account, error) {
	change, err := s.tidyProfile(change)
	if err != nil {
		return nil, err
	}
	return s.changeProfile(ctx, func(ctx context.Context, tx *ent.Tx, of *ent.Account, p *Profile) error {
		p.set(change)
		if change.Birthday == nil {
			return nil
		}
		return s.admitBirthday(ctx, tx, of, *change.Birthday)
	})
}

// ClearProfileFields takes fields of a profile away (R012). Error: UNAUTHENTICATED.
func (s *Service) ClearProfileFields(ctx context.Context, fields []ProfileField) (*Account, error) {
	return s.changeProfile(ctx, func(_ context.Context, _ *ent.Tx, _ *ent.Account, p *Profile) error {
		for _, f := range fields {
			p.clear(f)
		}
		return nil
	})
}

// changeProfile commits when change answers a refusal too, and then leaves the profile as it was.
func (s *Service) changeProfile(ctx context.Context, change func(context.Context, *ent.Tx, *ent.Account, *Profile) error) (*Account, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.ManageProfile, 0); err != nil {
		return nil, err
	}
	var refusal error
	err := s.write(ctx, "change the profile", func(ctx context.Context, tx *ent.Tx) error {
		row, err := holdAccount(ctx, tx, v.AccountID)
		if err != nil {
			return err
		}
		p, err := s.openProfile(ctx, row.ID, row.Profile)
		if err != nil {
			return err
		}
		refusal = change(ctx, tx, row, &p)
		switch {
		case errors.Is(refusal, GuardianConsentRequired):
			return nil
		case refusal != nil:
			return refusal
		}
		return s.saveProfile(ctx, tx, row.ID, p)
	})
	if err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal
	}
	return s.Account(ctx)
}

func (s *Service) saveProfile(ctx context.Context, tx *ent.Tx, accountID int64, p Profile) error {
	change := tx.Account.UpdateOneID(accountID)
	if p == (Profile{}) {
		change.ClearProfile()
	} else {
		plain, err := json.Marshal(p)
		if err != nil {
			return errProfile
		}
		sealed, err := s.vault.Seal(ctx, vault.AccountKey(accountID), fieldProfile, plain)
		if err != nil {
			return err
		}
		change.SetProfile(sealed)
	}
	if err := change.Exec(ctx); err != nil {
		return fmt.Errorf("keep the profile: %w", err)
	}
	return nil
}

func (s *Service) tidyProfile(p Profile) (Profile, error) {
	var err error
	if p.Nickname, err = tidyText(p.Nickname, maxNickname, InvalidNickname); err != nil {
		return Profile{}, err
	}
	if p.Region, err = tidyText(p.Region, maxRegion, InvalidRegion); err != nil {
		return Profile{}, err
	}
	if g := p.Gender; g != nil && *g != Female && *g != Male && *g != OtherGender {
		return Profile{}, fault.BadInput.At("gender")
	}
	if b := p.Birthday; b != nil && (b.Year() < oldestOnes || !b.Before(s.today())) {
		return Profile{}, InvalidBirthday
	}
	return p, nil
}

// today is midnight UTC of the day that it is in Shanghai.
func (s *Service) today() time.Time {
	year, month, day := s.clock.Now().In(clock.Shanghai).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// tidyText answers a text without surrounding space, or the refusal when it is too long or unprintable.
func tidyText(text *string, most int, refusal *fault.Error) (*string, error) {
	if text == nil {
		return nil, nil
	}
	tidy, ok := tidyName(*text, most)
	if !ok {
		return nil, refusal
	}
	return &tidy, nil
}

func (p *Profile) set(change Profile) {
	p.Nickname = changed(p.Nickname, change.Nickname)
	p.Region = changed(p.Region, change.Region)
	if change.Gender != nil {
		p.Gender = change.Gender
	}
	if change.Birthday != nil {
		p.Birthday = change.Birthday
	}
}

// changed answers the new text, the old one when there is no new one, or none when it is empty.
func changed(old, text *string) *string {
	switch {
	case text == nil:
		return old
	case *text == "":
		return nil
	}
	return text
}

func (p *Profile) clear(f ProfileField) {
	switch f {
	case FieldNickname:
		p.Nickname = nil
	case FieldGender:
		p.Gender = nil
	case FieldBirthday:
		p.Birthday = nil
	case FieldRegion:
		p.Region = nil
	}
}

// PrivacySettings answers every switch of the viewer's privacy (R045).
func (s *Service) PrivacySettings(ctx context.Context) *PrivacySettings {
	v := viewer.Of(ctx)
	return &PrivacySettings{FullMask: v.FullMask, MessagesInApp: v.MessageDisplay(false), MessagesPushed: v.MessageDisplay(true)}
}
