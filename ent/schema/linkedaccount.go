package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// LinkedAccount is a person's account with WeChat or Alipay, linked to one of ours after consent (R084).
type LinkedAccount struct{ ent.Schema }

// Mixin of LinkedAccount.
func (LinkedAccount) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Owned{}} }

// Fields of LinkedAccount. subject is the platform's id of the person in one of our apps there (openid,
// user id); union_index, where the platform has such a thing, is the keyed hash of the id that all our apps
// there share. channel is the source that vouched for it.
func (LinkedAccount) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("channel").Values("WECHAT_MINI", "WECHAT_OFFICIAL", "ALIPAY_MINI", "ALIPAY_LIFE").Immutable(),
		field.Bytes("subject").GoType(vault.Sealed{}).Sensitive(),
		field.Bytes("subject_index").Sensitive(),
		field.Bytes("union_index").Optional().Sensitive(),
		field.Int64("consent_id"),
		field.Time("linked_at"),
		mixin.Instant("ended_at"),
	}
}

// Indexes of LinkedAccount: one of theirs is linked to one of ours at a time, and one of ours to one of
// theirs on each channel.
func (LinkedAccount) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("channel", "subject_index").Unique().Annotations(entsql.IndexWhere("ended_at IS NULL")),
		index.Fields("account_id", "channel").Unique().Annotations(entsql.IndexWhere("ended_at IS NULL")),
		index.Fields("union_index"),
	}
}

// Policy of LinkedAccount.
func (LinkedAccount) Policy() ent.Policy { return policy.LinkedAccount() }
