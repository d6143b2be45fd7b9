package identity

import (
	"context"

	"parkbff/ent/linkedaccount"
	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/viewer"
)

// payingIn are the mini-programs in which channels take payments.
var payingIn = map[money.Channel]linkedaccount.Channel{
	money.WeChat: linkedaccount.ChannelWECHAT_MINI,
	money.Alipay: linkedaccount.ChannelALIPAY_MINI,
}

// PayerOn answers what a payment channel calls the viewer in our mini-program there: by its one-time code, or as
// whom the viewer's account is linked. What a code answers is not kept (R059).
//
// Errors: CHANNEL_NOT_OFFERED; CHANNEL_REFUSED for a code that is not good and for an account that is not linked
// there; UNAVAILABLE.
func (s *Service) PayerOn(ctx context.Context, channel money.Channel, code string) (string, error) {
	ch, ok := payingIn[channel]
	if !ok || s.platforms[ch] == nil {
		return "", ChannelNotOffered.At("channel")
	}
	if code != "" {
		person, err := s.platforms[ch].Person(ctx, code)
		if f := fault.As(err); f != nil {
			return "", f.At("code")
		}
		return person.Subject, err
	}
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return "", ChannelRefused.At("code")
	}
	subject, linked, err := s.SubjectOf(viewer.AsSystem(ctx, "tell a channel who pays"), v.AccountID, ch)
	switch {
	case err != nil:
		return "", err
	case !linked:
		return "", ChannelRefused.At("code")
	}
	return subject, nil
}
