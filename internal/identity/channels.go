package identity

import (
	"context"
	"fmt"
	"io"

	"parkbff/ent"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
)

// maxChannelCode bounds what is handed on to a platform; theirs have 128 characters at most.
const maxChannelCode = 512

// ChannelProof is what a platform gave a client for us: its one-time code and, from its page of
// authorisation, the state that we had given it.
type ChannelProof struct {
	Channel linkedaccount.Channel
	Code    string
	State   string
}

// Format prints "channel proof" whatever the verb.
func (ChannelProof) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "channel proof") }

// ChannelLogin is a sign-in by what a platform vouches for. Phone is for the first time; LinkConsent for that
// too, and for when the purpose has changed since.
type ChannelLogin struct {
	ChannelProof
	Phone       *PhoneProof
	LinkConsent bool
	DeviceName  string
}

// Format prints "channel login" whatever the verb.
func (ChannelLogin) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "channel login") }

// pages are the channels entered through a page of authorisation, which carries a state of ours. The others
// are mini-programs, which hand out their codes themselves.
var pages = map[linkedaccount.Channel]bool{
	linkedaccount.ChannelWECHAT_OFFICIAL: true,
	linkedaccount.ChannelALIPAY_LIFE:     true,
}

// SignInByChannel signs in the account that is linked to the platform's. The first time the platform must
// vouch for the mobile, and the person agree to the link: then the mobile's account, a new one if need be,
// is linked, with its consent, and signed in (R058, R084). The viewer in ctx becomes the account's.
//
// Each code is redeemed once: a code for the mobile not before the person has agreed, so that it is still
// good when they do. Nothing is written without consent.
//
// Errors: CHANNEL_NOT_OFFERED; CHANNEL_REFUSED; MOBILE_REQUIRED; CONSENT_REQUIRED{purpose};
// CHANNEL_NOT_LINKABLE when the platform's account is another's here; CHANNEL_ALREADY_LINKED when the
// mobile's account has another one linked on this channel; INVALID_DEVICE_NAME; BAD_USER_INPUT; RATE_LIMITED for
// an address that asks too often (package pace); UNAVAILABLE.
func (s *Service) SignInByChannel(ctx context.Context, in ChannelLogin) (Tokens, error) {
	device, err := tidyDeviceName(in.DeviceName)
	if err != nil {
		return Tokens{}, err
	}
	who, err := s.vouched(ctx, in.ChannelProof)
	if err != nil {
		return Tokens{}, err
	}
	mobile, err := s.mobileToLink(ctx, who, in)
	if err != nil {
		return Tokens{}, err
	}
	first, err := s.newFamily()
	if err != nil {
		return Tokens{}, err
	}
	var begun *ent.SignIn
	err = s.write(ctx, "sign in by a channel", func(ctx context.Context, tx *ent.Tx) error {
		accountID, err := s.accountBehind(ctx, tx, in, who, mobile)
		if err != nil {
			return err
		}
		begun, err = s.begin(ctx, tx, accountID, signin.Channel(in.Channel), first, device)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	if mobile != nil {
		if err := s.lookForFollowing(ctx, begun.AccountID, in.Channel); err != nil {
			return Tokens{}, err
		}
	}
	return s.welcome(ctx, begun, first)
}

// SignInOneClick signs in the account of the mobile that a carrier vouches for by a token of its SDK, on the
// app (R058). Errors: CHANNEL_NOT_OFFERED; INVALID_DEVICE_NAME; CHANNEL_REFUSED; RATE_LIMITED for an address that
// asks too often (package pace); UNAVAILABLE.
func (s *Service) SignInOneClick(ctx context.Context, carrier Carrier, token, deviceName string) (Tokens, error) {
	if s.numbers == nil {
		return Tokens{}, ChannelNotOffered.At("carrier")
	}
	device, err := tidyDeviceName(deviceName)
	if err != nil {
		return Tokens{}, err
	}
	if err := s.paced(ctx, askPlatform); err != nil {
		return Tokens{}, err
	}
	mobile, err := s.numbers.Mobile(ctx, carrier, token)
	if err != nil {
		return Tokens{}, at(err, "token")
	}
	first, err := s.newFamily()
	if err != nil {
		return Tokens{}, err
	}
	var begun *ent.SignIn
	err = s.write(ctx, "sign in at one click", func(ctx context.Context, tx *ent.Tx) error {
		accountID, err := s.accountOf(ctx, tx, mobile)
		if err != nil {
			return err
		}
		begun, err = s.begin(ctx, tx, accountID, signin.ChannelAPP, first, device)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	return s.welcome(ctx, begun, first)
}

// vouched redeems a platform's code. A state is spent before the code, whatever becomes of the code.
func (s *Service) vouched(ctx context.Context, proof ChannelProof) (Person, error) {
	if linkedaccount.ChannelValidator(proof.Channel) != nil {
		return Person{}, fault.BadInput.At("channel")
	}
	if s.platforms[proof.Channel] == nil {
		return Person{}, ChannelNotOffered
	}
	if err := s.paced(ctx, askPlatform); err != nil {
		return Person{}, err
	}
	switch {
	case pages[proof.Channel]:
		if err := s.spendVisit(ctx, proof.Channel, proof.State); err != nil {
			return Person{}, err
		}
	case proof.State != "":
		return Person{}, fault.BadInput.At("state")
	}
	return s.person(ctx, proof.Channel, proof.Code)
}

// person asks a platform who is behind a code. Errors: CHANNEL_NOT_OFFERED, CHANNEL_REFUSED, UNAVAILABLE.
func (s *Service) person(ctx context.Context, ch linkedaccount.Channel, code string) (Person, error) {
	platform := s.platforms[ch]
	if platform == nil {
		return Person{}, ChannelNotOffered
	}
	if code == "" || len(code) > maxChannelCode {
		return Person{}, ChannelRefused
	}
	who, err := platform.Person(ctx, code)
	if err != nil {
		return Person{}, at(err, "code")
	}
	if who.Subject == "" {
		return Person{}, ChannelRefused
	}
	return who, nil
}

// mobileToLink answers the mobile that the platform vouches for, or nil when its account is linked here
// already. Nothing is held yet: what is so at the end counts.
func (s *Service) mobileToLink(ctx context.Context, who Person, in ChannelLogin) (*cnid.Mobile, error) {
	linked, err := s.isLinked(ctx, in.Channel, who)
	switch {
	case err != nil:
		return nil, err
	case linked:
		return nil, nil
	case in.Phone == nil:
		return nil, MobileRequired
	case !in.LinkConsent:
		return nil, consentRequired(consentToLink)
	case !in.Phone.fits(in.Channel):
		return nil, fault.BadInput.At("phone")
	}
	mobile, err := s.platforms[in.Channel].Mobile(ctx, who, *in.Phone)
	if err != nil {
		return nil, at(err, "phone")
	}
	return &mobile, nil
}

// fits tells whether a proof is of the kind that a channel's platform makes.
func (p PhoneProof) fits(ch linkedaccount.Channel) bool {
	if platformOf(ch) == wechat {
		return p.WechatCode != ""
	}
	return p.Response != "" && p.Sign != ""
}

// accountBehind answers the account to sign in: the linked one, or that of the mobile, linked from now on.
func (s *Service) accountBehind(ctx context.Context, tx *ent.Tx, in ChannelLogin, who Person, mobile *cnid.Mobile) (int64, error) {
	if mobile == nil {
		row, err := s.linkOf(ctx, tx.Client(), in.Channel, who)
		if err == nil && row == nil {
			return 0, MobileRequired // unlinked at this moment
		}
		if err != nil {
			return 0, err
		}
		if _, err := holdAccount(ctx, tx, row.AccountID); err != nil { // against its being closed at the same moment
			return 0, err
		}
		return row.AccountID, s.restOn(ctx, tx, row, in.LinkConsent)
	}
	accountID, err := s.accountOf(ctx, tx, *mobile)
	if err != nil {
		return 0, err
	}
	_, err = s.link(ctx, tx, accountID, in.Channel, who)
	return accountID, err
}

// provenChannel answers the channel of a sign-in by a code, as far as it is proved. A mini-program that
// nobody vouched for, where proof is wanted, is a web page to us: the sign-in is good, but not following.
func (s *Service) provenChannel(ctx context.Context, in Login) (signin.Channel, error) {
	if signin.ChannelValidator(in.Channel) != nil {
		return "", fault.BadInput.At("channel")
	}
	mini := in.Channel == signin.ChannelWECHAT_MINI || in.Channel == signin.ChannelALIPAY_MINI
	switch {
	case !mini && in.ChannelCode != "":
		return "", fault.BadInput.At("channelCode")
	case mini && in.ChannelCode != "":
		if err := s.paced(ctx, askPlatform); err != nil {
			return "", err
		}
		if _, err := s.person(ctx, linkedaccount.Channel(in.Channel), in.ChannelCode); err != nil {
			return "", at(err, "channelCode")
		}
	case mini && s.proveChannels:
		return signin.ChannelH5, nil
	}
	return in.Channel, nil
}
