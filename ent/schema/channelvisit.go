package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// ChannelVisit is one way through a platform's page of authorisation: the state we gave it, which comes
// back once (RFC 9700 section 4.7).
type ChannelVisit struct{ ent.Schema }

// Mixin of ChannelVisit.
func (ChannelVisit) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of ChannelVisit.
func (ChannelVisit) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("channel").Values("WECHAT_OFFICIAL", "ALIPAY_LIFE").Immutable(),
		field.Bytes("state_hash").Unique().Immutable().Sensitive(),
		mixin.Since("expires_at"),
		mixin.Instant("used_at"),
	}
}

// Indexes of ChannelVisit.
func (ChannelVisit) Indexes() []ent.Index { return []ent.Index{index.Fields("expires_at")} }

// Policy of ChannelVisit.
func (ChannelVisit) Policy() ent.Policy { return policy.SystemOnly() }
