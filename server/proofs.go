package server

import (
	"context"
	"fmt"
	"slices"

	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/sandbox/ticket"
)

// Proof is what a stand-in gives a person's client to show: for a channel the code, and, where the channel
// vouches for mobiles, what proves the mobile; for a sign-in at one click the token.
type Proof struct {
	Code      string       `json:"code,omitempty"`
	PhoneCode string       `json:"phoneCode,omitempty"`
	Phone     *SealedPhone `json:"phone,omitempty"`
	Token     string       `json:"token,omitempty"`
}

// SealedPhone is what Alipay's my.getPhoneNumber answers.
type SealedPhone struct {
	Response string `json:"response"`
	Sign     string `json:"sign"`
}

// Prove answers what the stand-in for a channel gives a person, who is known by any name; without a mobile
// the person has one of its own. Error: fault.NotFound when nobody stands in for that channel.
func (p *Partners) Prove(channel linkedaccount.Channel, person string, mobile cnid.Mobile) (proof Proof, err error) {
	if mobile == (cnid.Mobile{}) {
		if mobile, err = cnid.ParseMobile(ticket.MobileOf(person)); err != nil {
			return Proof{}, fmt.Errorf("a person's own mobile: %w", err)
		}
	}
	if !slices.Contains(p.StandIns, standInOf[channel]) {
		return Proof{}, fault.NotFound
	}
	app := StandInApp(channel)
	switch channel {
	case linkedaccount.ChannelWECHAT_MINI:
		if proof.PhoneCode, err = p.Wechat.PhoneCode(person, app, mobile); err == nil {
			proof.Code, err = p.Wechat.Code(person, app)
		}
	case linkedaccount.ChannelWECHAT_OFFICIAL:
		proof.Code, err = p.Wechat.PageCode(person, app)
	case linkedaccount.ChannelALIPAY_MINI:
		proof.Phone = &SealedPhone{}
		if proof.Phone.Response, proof.Phone.Sign, err = p.Alipay.Phone(app, mobile); err == nil {
			proof.Code, err = p.Alipay.Code(person, app)
		}
	case linkedaccount.ChannelALIPAY_LIFE:
		proof.Code, err = p.Alipay.Code(person, app)
	}
	return proof, err
}

// StandInApp is the id of our app on a channel, as its stand-in knows it; empty for no channel of a platform.
func StandInApp(channel linkedaccount.Channel) string { return standInApps[channel] }

var standInApps = map[linkedaccount.Channel]string{
	linkedaccount.ChannelWECHAT_MINI:     sandboxMini,
	linkedaccount.ChannelWECHAT_OFFICIAL: sandboxOfficial,
	linkedaccount.ChannelALIPAY_MINI:     sandboxAlipayMini,
	linkedaccount.ChannelALIPAY_LIFE:     sandboxAlipayLife,
}

// ProveNumber answers the token that the stand-in for carriers gives a phone. Error: fault.NotFound when
// nobody stands in for them.
func (p *Partners) ProveNumber(mobile cnid.Mobile) (Proof, error) {
	if p.OneClickNumbers == nil {
		return Proof{}, fault.NotFound
	}
	token, err := p.OneClickNumbers.Token(mobile)
	return Proof{Token: token}, err
}

// Follow makes a person follow an official account, or leave it: the stand-in tells so to the server at the
// address, such as "http://127.0.0.1:8080", and answers with which status it was taken. Error:
// fault.NotFound when nobody stands in for that channel.
func (p *Partners) Follow(ctx context.Context, channel follower.Channel, person string, following bool, address string) (status int, err error) {
	if !slices.Contains(p.StandIns, standInOf[linkedaccount.Channel(channel)]) {
		return 0, fault.NotFound
	}
	switch channel {
	case follower.ChannelWECHAT_OFFICIAL:
		event, err := p.Wechat.Follow(person, sandboxOfficial, following)
		if err != nil {
			return 0, err
		}
		return event.Send(ctx, address+"/callback/wechat")
	case follower.ChannelALIPAY_LIFE:
		event, err := p.Alipay.Follow(person, sandboxAlipayLife, following)
		if err != nil {
			return 0, err
		}
		return event.Send(ctx, address+"/callback/alipay")
	}
	return 0, fault.NotFound
}

// standInOf names the stand-in for each channel.
var standInOf = map[linkedaccount.Channel]string{
	linkedaccount.ChannelWECHAT_MINI:     wechatMiniName,
	linkedaccount.ChannelWECHAT_OFFICIAL: wechatOfficialName,
	linkedaccount.ChannelALIPAY_MINI:     alipayMiniName,
	linkedaccount.ChannelALIPAY_LIFE:     alipayLifeName,
}
