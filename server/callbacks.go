package server

import (
	"context"
	"net/http"

	"parkbff/internal/identity"
	"parkbff/server/callback"
)

// callbacks are the routes on which partners call us.
func (h *House) callbacks() map[string]http.Handler {
	return callback.Routes(callback.Options{
		WeChat: h.Partners.WechatOfficial, Alipay: h.Partners.AlipayLife, Followers: h.followers(),
		Risks: h.Risk, Clock: h.Clock, Log: h.Log,
	})
}

// followers answers who keeps the followers that call-backs tell of.
func (h *House) followers() callback.Followers {
	if keeper, ok := any(h.Identity).(callback.Followers); ok {
		return keeper
	}
	return nobody{}
}

// nobody keeps no followers.
type nobody struct{}

// Followed forgets what it is told.
func (nobody) Followed(context.Context, identity.FollowEvent) error { return nil }
