package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// noticeKinds are what a notice may be about.
var noticeKinds = []string{"ENTERED", "EXITED", "BOUND_BY_ANOTHER", "EVICTED", "CO_DRIVER_REMOVED", "DISPUTE_OPENED", "DISPUTE_DECIDED", "PAID", "REFUNDED", "DEDUCTION_FAILED", "CHARGE_DECIDED", "RESERVED", "NO_SHOW"}

// Delivery is one notice on its way to one person over one channel, and afterwards the record of it (R125).
type Delivery struct{ ent.Schema }

// Mixin of Delivery.
func (Delivery) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of Delivery. Nothing of what was said is kept. reason is a code: why it failed or was dropped. progress
// is how far handing it over has come, by which whoever tries again repeats nothing.
func (Delivery) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("notice_id").Immutable(),
		field.Enum("kind").Values(noticeKinds...).Immutable(),
		field.Enum("channel").Values("JPUSH", "GETUI", "WECHAT_MINI", "ALIPAY_MINI", "SMS").Immutable(),
		field.Enum("state").Values("WAITING", "SENT", "FAILED", "DROPPED").Default("WAITING"),
		field.String("reason").Optional(),
		field.String("progress").Optional().Sensitive(),
		mixin.Instant("settled_at"),
	}
}

// Indexes of Delivery: a notice goes over a channel once.
func (Delivery) Indexes() []ent.Index {
	return []ent.Index{index.Fields("notice_id", "channel").Unique()}
}

// Policy of Delivery.
func (Delivery) Policy() ent.Policy { return policy.Delivery() }

// PushEndpoint is where the app on one device can be reached. It belongs to the device's sign-in.
type PushEndpoint struct{ ent.Schema }

// Mixin of PushEndpoint.
func (PushEndpoint) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of PushEndpoint. token is what the provider calls the device.
func (PushEndpoint) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("sign_in_id").Unique().Immutable(),
		field.Enum("provider").Values("JPUSH", "GETUI").Immutable(),
		field.Enum("platform").Values("IOS", "ANDROID", "HARMONY").Immutable(),
		field.Bytes("token").GoType(vault.Sealed{}).Immutable().Sensitive(),
		field.Bytes("token_index").Unique().Immutable().Sensitive(),
	}
}

// Policy of PushEndpoint.
func (PushEndpoint) Policy() ent.Policy { return policy.PushEndpoint() }

// MessageQuota counts how many messages of a kind a person has agreed to be sent on a platform that asks for
// that message by message (P09).
type MessageQuota struct{ ent.Schema }

// Mixin of MessageQuota.
func (MessageQuota) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Owned{}} }

// Fields of MessageQuota.
func (MessageQuota) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("channel").Values("WECHAT_MINI", "ALIPAY_MINI").Immutable(),
		field.Enum("kind").Values(noticeKinds...).Immutable(),
		field.Int("remaining").NonNegative(),
		field.Time("changed_at"),
	}
}

// Indexes of MessageQuota.
func (MessageQuota) Indexes() []ent.Index {
	return []ent.Index{index.Fields("account_id", "channel", "kind").Unique()}
}

// Policy of MessageQuota.
func (MessageQuota) Policy() ent.Policy { return policy.MessageQuota() }
