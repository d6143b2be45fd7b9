package server

import (
	"errors"
	"net/http"

	"parkbff/server/callback"
)

var errUnsignedCallbacks = errors.New("wechatOfficial: encodingAesKey is required in production: without it nothing signs what a call-back says")

// CheckCallbacks answers whether the signatures of call-backs cover what they say. Production refuses to start
// otherwise. Alipay's are signed whole whatever the setting.
func (p *Partners) CheckCallbacks() error {
	if p.WechatOfficial.SignedWhole() {
		return nil
	}
	return errUnsignedCallbacks
}

// callbacks are the routes on which partners call us.
func (h *House) callbacks() map[string]http.Handler {
	return callback.Routes(callback.Options{
		WeChat: h.Partners.WechatOfficial, Alipay: h.Partners.AlipayLife, Followers: h.Identity,
		Risks: h.Risk, Log: h.Log, Money: h.Billing, Channels: h.Partners.payCallbacks(),
	})
}
