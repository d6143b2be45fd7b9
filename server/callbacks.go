package server

import (
	"net/http"

	"parkbff/server/callback"
)

// callbacks are the routes on which partners call us.
func (h *House) callbacks() map[string]http.Handler {
	return callback.Routes(callback.Options{
		WeChat: h.Partners.WechatOfficial, Alipay: h.Partners.AlipayLife, Followers: h.Identity,
		Risks: h.Risk, Log: h.Log,
	})
}
