package server

import (
	"context"
	"net/http"
	"net/url"

	"parkbff/internal/billing"
	"parkbff/internal/money"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/wechatpay"
	"parkbff/internal/payout"
	"parkbff/server/callback"
)

// Where each channel calls us.
const (
	wechatPayPath = "wechat"
	alipayPayPath = "alipay"
)

var payPaths = map[money.Channel]string{
	money.WeChat: wechatPayPath, money.Alipay: alipayPayPath, money.UnionPay: "unionpay", money.QuickPass: "quickpass",
	money.ABC: "abc", money.CCB: "ccb", money.Wallet: "wallet",
}

// Offers answers who takes payments, by channel, in the words of billing.
func (p *Partners) Offers() map[money.Channel]billing.Offer {
	tills := map[money.Channel]billing.Offer{}
	if p.WechatPay != nil {
		tills[money.WeChat] = billing.Offer{Till: wechatTill{p.WechatPay}, Ways: p.ways[money.WeChat]}
	}
	if p.AlipayPay != nil {
		tills[money.Alipay] = billing.Offer{Till: alipayTill{p.AlipayPay}, Ways: p.ways[money.Alipay]}
	}
	for channel, client := range p.UnionPay {
		tills[channel] = billing.Offer{Till: client, Ways: p.ways[channel]}
	}
	return tills
}

// Clearing answers who pays out what people have earned: the merchant of UNIONPAY, when it has UnionPay's encryption
// certificate. Else nobody does.
func (p *Partners) Clearing() payout.Bank {
	if client := p.UnionPay[money.UnionPay]; client != nil && client.PaysOut() {
		return client
	}
	return nil
}

// payCallbacks answers who understands what a channel calls us with, by path.
func (p *Partners) payCallbacks() map[string]callback.Channel {
	channels := map[string]callback.Channel{}
	if p.WechatPay != nil {
		channels[wechatPayPath] = callback.Channel{Name: money.WeChat, Notice: p.WechatPay.Notice}
	}
	if p.AlipayPay != nil {
		channels[alipayPayPath] = callback.Channel{Name: money.Alipay, Notice: form(p.AlipayPay.Notice)}
	}
	for channel, client := range p.UnionPay {
		channels[payPaths[channel]] = callback.Channel{Name: channel, Notice: form(client.Notice)}
	}
	return channels
}

// form reads a body as a form, for protocols that speak in forms.
func form(notice func(url.Values) (*charge.Notice, error)) func(http.Header, []byte) (*charge.Notice, error) {
	return func(_ http.Header, body []byte) (*charge.Notice, error) {
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, callback.Unreadable
		}
		return notice(values)
	}
}

type wechatTill struct{ *wechatpay.Client }

// Find tells what became of a charge.
func (t wechatTill) Find(ctx context.Context, of charge.Named) (charge.Receipt, error) {
	return t.Client.Find(ctx, of.Number)
}

// Close keeps a charge from being paid.
func (t wechatTill) Close(ctx context.Context, of charge.Named) error {
	return t.Client.Close(ctx, of.Number)
}

// FindRefund tells what became of a refund.
func (t wechatTill) FindRefund(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error) {
	return t.Client.FindRefund(ctx, r.Number)
}

type alipayTill struct{ *alipay.Pay }

// Find tells what became of a charge.
func (t alipayTill) Find(ctx context.Context, of charge.Named) (charge.Receipt, error) {
	return t.Pay.Find(ctx, of.Number)
}

// Close keeps a charge from being paid.
func (t alipayTill) Close(ctx context.Context, of charge.Named) error {
	return t.Pay.Close(ctx, of.Number)
}

// FindRefund tells what became of a refund.
func (t alipayTill) FindRefund(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error) {
	return t.Pay.FindRefund(ctx, r.PaymentNumber, r.Number)
}
