package server

import (
	"context"
	"errors"

	"parkbff/ent/linkedaccount"
	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/oneclick"
	"parkbff/internal/partner/vouch"
	"parkbff/internal/partner/wechat"
)

// Platforms answers who vouches for people, by channel, in the words of identity.
func (p *Partners) Platforms() identity.Platforms {
	return identity.Platforms{
		linkedaccount.ChannelWECHAT_MINI:     wechatMini{p.WechatMini},
		linkedaccount.ChannelWECHAT_OFFICIAL: wechatOfficial{p.WechatOfficial},
		linkedaccount.ChannelALIPAY_MINI:     alipayMini{p.AlipayMini},
		linkedaccount.ChannelALIPAY_LIFE:     alipayLife{p.AlipayLife},
	}
}

// Numbers answers who vouches for mobiles, in the words of identity.
func (p *Partners) Numbers() identity.Numbers { return numbers{p.OneClick} }

type wechatMini struct{ client *wechat.Mini }

// Person redeems a code of wx.login.
func (m wechatMini) Person(ctx context.Context, code string) (identity.Person, error) {
	return vouched(m.client.Person(ctx, code))
}

// Mobile redeems a code of the button for phone numbers.
func (m wechatMini) Mobile(ctx context.Context, of identity.Person, proof identity.PhoneProof) (cnid.Mobile, error) {
	return told(m.client.Mobile(ctx, vouch.Person(of), proof.WechatCode))
}

// AuthorizeURL is empty: there is no such page.
func (wechatMini) AuthorizeURL(string) string { return "" }

type wechatOfficial struct{ client *wechat.Official }

// Person redeems a code of the page of authorisation.
func (o wechatOfficial) Person(ctx context.Context, code string) (identity.Person, error) {
	return vouched(o.client.Person(ctx, code))
}

// Mobile is refused: official accounts are told none.
func (wechatOfficial) Mobile(context.Context, identity.Person, identity.PhoneProof) (cnid.Mobile, error) {
	return cnid.Mobile{}, identity.ChannelRefused
}

// AuthorizeURL is WeChat's page.
func (o wechatOfficial) AuthorizeURL(state string) string { return o.client.AuthorizeURL(state) }

type alipayMini struct{ client *alipay.Client }

// Person redeems a code of my.getAuthCode.
func (m alipayMini) Person(ctx context.Context, code string) (identity.Person, error) {
	return vouched(m.client.Person(ctx, code))
}

// Mobile opens what my.getPhoneNumber answered. Alipay does not say whose it is.
func (m alipayMini) Mobile(ctx context.Context, _ identity.Person, proof identity.PhoneProof) (cnid.Mobile, error) {
	return told(m.client.Mobile(ctx, proof.Response, proof.Sign))
}

// AuthorizeURL is empty: mini-programs have no such page.
func (alipayMini) AuthorizeURL(string) string { return "" }

type alipayLife struct{ client *alipay.Client }

// Person redeems a code of the page of authorisation.
func (l alipayLife) Person(ctx context.Context, code string) (identity.Person, error) {
	return vouched(l.client.Person(ctx, code))
}

// Mobile is refused: life accounts are told none.
func (alipayLife) Mobile(context.Context, identity.Person, identity.PhoneProof) (cnid.Mobile, error) {
	return cnid.Mobile{}, identity.ChannelRefused
}

// AuthorizeURL is Alipay's page.
func (l alipayLife) AuthorizeURL(state string) string { return l.client.AuthorizeURL(state) }

type numbers struct{ client *oneclick.Client }

// Mobile redeems a token of a carrier's SDK.
func (n numbers) Mobile(ctx context.Context, carrier identity.Carrier, token string) (cnid.Mobile, error) {
	return told(n.client.Mobile(ctx, string(carrier), token))
}

func vouched(p vouch.Person, err error) (identity.Person, error) {
	return identity.Person(p), refused(err)
}

func told(m cnid.Mobile, err error) (cnid.Mobile, error) { return m, refused(err) }

// refused says in identity's words that a platform does not vouch; other faults stay as they are.
func refused(err error) error {
	if errors.Is(err, vouch.Refused) {
		return identity.ChannelRefused.Because(err)
	}
	return err
}
