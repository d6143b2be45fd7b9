package identity

import (
	"context"
	"fmt"
	"io"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/identity/token"
	"parkbff/internal/store"
	"parkbff/internal/vault"
)

const (
	accessLife  = 15 * time.Minute
	refreshLife = 60 * day
)

// follows are the channels on which signing in is following (R023). Official accounts are followed by an
// event of theirs, and a web page cannot be.
var follows = map[signin.Channel]channellink.Channel{
	signin.ChannelWECHAT_MINI: channellink.ChannelWECHAT_MINI,
	signin.ChannelALIPAY_MINI: channellink.ChannelALIPAY_MINI,
	signin.ChannelAPP:         channellink.ChannelAPP,
}

// Login is what a person shows to sign in by a code. ChannelCode, on mini-programs alone, is the platform's
// one-time code; DeviceName is what the person calls the device.
type Login struct {
	Mobile, Code string
	Channel      signin.Channel
	ChannelCode  string
	DeviceName   string
}

// Format prints "login" whatever the verb.
func (Login) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "login") }

// SignIn proves a mobile by the code sent to it, opens its account at first use, and answers tokens. The
// viewer in ctx becomes the account's.
//
// Errors: INVALID_MOBILE; BAD_USER_INPUT for a channel that is none or has no ChannelCode; CHANNEL_REFUSED
// and CHANNEL_NOT_OFFERED for a ChannelCode that nobody vouches for; INVALID_DEVICE_NAME; CODE_INVALID for
// every code that does not count now, whatever the reason; RATE_LIMITED while the mobile is locked (guesses.go), and for
// an address that has a platform asked too often (package pace).
func (s *Service) SignIn(ctx context.Context, in Login) (Tokens, error) {
	m, err := cnid.ParseMobile(in.Mobile)
	if err != nil {
		return Tokens{}, at(err, "mobile")
	}
	device, err := tidyDeviceName(in.DeviceName)
	if err != nil {
		return Tokens{}, err
	}
	ch, err := s.provenChannel(ctx, in)
	if err != nil {
		return Tokens{}, err
	}
	first, err := s.newFamily()
	if err != nil {
		return Tokens{}, err
	}
	var begun *ent.SignIn
	err = s.write(ctx, "sign in", func(ctx context.Context, tx *ent.Tx) error {
		begun = nil
		good, err := s.redeem(ctx, tx, m, CodeForLogin, in.Code)
		if err != nil || !good {
			return err // a wrong code is counted, so this commits
		}
		accountID, err := s.accountOf(ctx, tx, m)
		if err != nil {
			return err
		}
		begun, err = s.begin(ctx, tx, accountID, ch, first, device)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	if begun == nil {
		return Tokens{}, CodeInvalid
	}
	return s.welcome(ctx, begun, first)
}

// welcome makes the viewer in ctx the one who has signed in.
func (s *Service) welcome(ctx context.Context, begun *ent.SignIn, first refreshToken) (Tokens, error) {
	if err := s.renew(ctx, begun.AccountID, begun.ID); err != nil {
		return Tokens{}, err
	}
	return s.tokens(begun.AccountID, begun.ID, first)
}

// accountOf answers the account of a proved mobile, a new one if need be. Two at once make one (R061).
func (s *Service) accountOf(ctx context.Context, tx *ent.Tx, m cnid.Mobile) (int64, error) {
	id, err := tx.Account.Query().Where(account.MobileIndex(s.mobileIndex(m))).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return s.openAccount(ctx, tx, m)
	}
	if err != nil {
		return 0, fmt.Errorf("find the account: %w", err)
	}
	_, err = holdAccount(ctx, tx, id) // against its being closed at the same moment
	return id, err
}

// openAccount makes the row first and seals the mobile afterwards: the key is named after the row.
func (s *Service) openAccount(ctx context.Context, tx *ent.Tx, m cnid.Mobile) (int64, error) {
	now := s.clock.Now()
	row, err := tx.Account.Create().SetMobile(vault.Sealed{}).SetMobileIndex(s.mobileIndex(m)).SetCreatedAt(now).Save(ctx)
	if store.IsDuplicate(err) {
		return 0, store.Retry(err)
	}
	if err != nil {
		return 0, fmt.Errorf("open an account: %w", err)
	}
	if err := s.vault.Provide(ctx, vault.AccountKey(row.ID)); err != nil {
		return 0, err
	}
	if err := s.setMobile(ctx, tx, row.ID, m); err != nil {
		return 0, err
	}
	err = tx.Consent.Create().SetAccountID(row.ID).SetPurpose(consent.PurposePARKING_CORE).
		SetPolicyVersion(s.policyVersion()).SetGrantedAt(now).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("record the consent: %w", err)
	}
	return row.ID, nil
}

func (s *Service) setMobile(ctx context.Context, tx *ent.Tx, accountID int64, m cnid.Mobile) error {
	sealed, err := s.vault.SealString(ctx, vault.AccountKey(accountID), fieldMobile, m.E164())
	if err != nil {
		return err
	}
	err = tx.Account.UpdateOneID(accountID).SetMobile(sealed).SetMobileIndex(s.mobileIndex(m)).Exec(ctx)
	if store.IsDuplicate(err) {
		return store.Retry(err)
	}
	if err != nil {
		return fmt.Errorf("set the mobile: %w", err)
	}
	return nil
}

// begin begins a sign-in. The device's name is tidy already; empty means none.
func (s *Service) begin(ctx context.Context, tx *ent.Tx, accountID int64, ch signin.Channel, first refreshToken, deviceName string) (*ent.SignIn, error) {
	now, owner := s.clock.Now(), vault.AccountKey(accountID)
	sealed, err := s.vault.SealString(ctx, owner, fieldRefresh, first.text())
	if err != nil {
		return nil, err
	}
	if err := s.noteNewDevice(ctx, tx, accountID); err != nil {
		return nil, err
	}
	in := tx.SignIn.Create().SetAccountID(accountID).SetChannel(ch).SetCreatedAt(now).
		SetFamilyHash(first.familyHash()).SetRefreshHash(first.hash()).SetRefresh(sealed).
		SetRotatedAt(now).SetExpiresAt(now.Add(refreshLife))
	if deviceName != "" {
		name, err := s.vault.SealString(ctx, owner, fieldDevice, deviceName)
		if err != nil {
			return nil, err
		}
		in.SetDeviceName(name)
	}
	row, err := in.Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin a sign-in: %w", err)
	}
	s.accountChanged(ctx, accountID)
	return row, follow(ctx, tx, accountID, ch, now)
}

// follow creates or renews the channel link that a sign-in brings about.
func follow(ctx context.Context, tx *ent.Tx, accountID int64, ch signin.Channel, now time.Time) error {
	if channel, ok := follows[ch]; ok {
		return linkOn(ctx, tx, accountID, channel, now)
	}
	return nil
}

func linkOn(ctx context.Context, tx *ent.Tx, accountID int64, channel channellink.Channel, now time.Time) error {
	err := tx.ChannelLink.Create().SetAccountID(accountID).SetChannel(channel).SetLinkedAt(now).
		OnConflictColumns(channellink.FieldAccountID, channellink.FieldChannel).
		Update(func(u *ent.ChannelLinkUpsert) { u.UpdateLinkedAt().ClearEndedAt() }).Exec(ctx)
	if err != nil {
		return fmt.Errorf("link the channel: %w", err)
	}
	return nil
}

func (s *Service) tokens(accountID, signInID int64, refresh refreshToken) (Tokens, error) {
	now := s.clock.Now()
	access, err := s.issuer.Issue(token.Claims{
		Use: token.Access, Subject: accountID, SignIn: signInID, IssuedAt: now, ExpiresAt: now.Add(accessLife),
	})
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{Access: access, Refresh: refresh.text(), ExpiresIn: int(accessLife / time.Second)}, nil
}
