package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// ChannelLink is a channel on which an account follows the platform (R023).
type ChannelLink struct{ ent.Schema }

// Mixin of ChannelLink.
func (ChannelLink) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Owned{}} }

// Fields of ChannelLink.
func (ChannelLink) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("channel").Values("WECHAT_MINI", "WECHAT_OFFICIAL", "ALIPAY_MINI", "ALIPAY_LIFE", "APP").Immutable(),
		field.Time("linked_at"),
		mixin.Instant("ended_at"),
	}
}

// Indexes of ChannelLink.
func (ChannelLink) Indexes() []ent.Index {
	return []ent.Index{index.Fields("account_id", "channel").Unique()}
}

// Policy of ChannelLink.
func (ChannelLink) Policy() ent.Policy { return policy.ChannelLink() }
