package server

import (
	"context"
	"slices"

	"parkbff/ent/messagequota"
	"parkbff/ent/notice"
	"parkbff/ent/pushendpoint"
	"parkbff/graph/relay"
	"parkbff/internal/cnid"
	"parkbff/internal/delivery"
	notices "parkbff/internal/notice"
	"parkbff/internal/partner/message"
	"parkbff/internal/partner/sms"
	"parkbff/internal/vault"
)

// openDelivery makes the service that brings notices out of the program.
func (h *House) openDelivery(v *vault.Vault) error {
	const typ = "Notice"
	sealer, err := relay.NewSealer(h.Keys.IDKey(), typ)
	if err != nil {
		return err
	}
	p := h.Partners
	c := delivery.Config{
		Store: h.Store, Vault: v, Clock: h.Clock, Log: h.Log, Outbox: h.Outbox, Notices: h.Notices, People: h.Identity,
		Office: h.Staff, Pushers: map[pushendpoint.Provider]delivery.Pusher{}, Messengers: map[messagequota.Channel]delivery.Messenger{
			messagequota.ChannelWECHAT_MINI: templated{p.WechatMini, p.WechatNotices},
			messagequota.ChannelALIPAY_MINI: templated{p.AlipayMini, p.AlipayNotices},
		},
		Texter: noticeTexter{p.Texts, p.SMSNotices}, InUse: p.InUse(),
		PublicID: func(row int64) string { return sealer.SealID(typ, row) }, NoticesKept: notices.DefaultRetention,
	}
	if p.JPush != nil {
		c.Pushers[pushendpoint.ProviderJPUSH] = p.JPush
	}
	if p.GeTui != nil {
		c.Pushers[pushendpoint.ProviderGETUI] = p.GeTui
	}
	h.Delivery = delivery.New(c)
	return nil
}

// templated sends through a mini-program in the templates of a file.
type templated struct {
	client interface {
		Send(ctx context.Context, to string, t message.Template, words message.Words) error
	}
	templates NoticeTemplates
}

// Template answers the platform's id of a kind's template.
func (t templated) Template(kind notice.Kind) (id string, offered bool) {
	found, offered := t.templates[kind]
	return found.ID, offered
}

// Send sends one message.
func (t templated) Send(ctx context.Context, to string, kind notice.Kind, words message.Words) error {
	return t.client.Send(ctx, to, t.templates[kind], words)
}

type noticeTexter struct {
	client    *sms.Client
	templates NoticeTemplates
}

// Offers tells whether there is a text for a kind.
func (t noticeTexter) Offers(kind notice.Kind) bool {
	_, ok := t.templates[kind]
	return ok
}

// SendNotice sends one text.
func (t noticeTexter) SendNotice(ctx context.Context, name string, to cnid.Mobile, kind notice.Kind, words message.Words) error {
	return t.client.SendNotice(ctx, to, t.templates[kind], words, name)
}

// InUse are the packages of the partners that the file names, and that nothing stands in for.
func (p *Partners) InUse() []string {
	real := func(name string) bool { return !slices.Contains(p.StandIns, name) }
	var used []string
	for name, uses := range map[string]bool{
		"sms": real("sms"), "ocr": real("ocr"), "oneclick": real(oneClickName),
		"wechat":    real(wechatMiniName) || real(wechatOfficialName),
		"alipay":    real(alipayMiniName) || real(alipayLifeName) || p.AlipayPay != nil && real(alipayPayName),
		"wechatpay": p.WechatPay != nil && real(wechatPayName), "unionpay": len(p.UnionPay) > 0 && real(unionPayName),
		"jpush": p.JPush != nil && real(jpushName), "getui": p.GeTui != nil && real(getuiName),
		"einvoice": p.EInvoice != nil && real(einvoiceName), "mail": p.Mail != nil && real(mailName),
	} {
		if uses {
			used = append(used, name)
		}
	}
	return used
}
