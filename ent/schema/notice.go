package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// Notice is something an account was told. Sequence counts up from 1 in each account, without gaps.
type Notice struct{ ent.Schema }

// Mixin of Notice.
func (Notice) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Notice. The plate is sealed anew under the account's own key.
func (Notice) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("account_id").Immutable(),
		field.Int64("sequence").Immutable(),
		field.Enum("kind").Values(noticeKinds...).Immutable(),
		field.Int64("session_id").Optional().Nillable().Immutable(),
		field.Int64("vehicle_id").Optional().Nillable().Immutable(),
		field.Int64("lot_id").Optional().Nillable().Immutable(),
		field.Bytes("plate").GoType(vault.Sealed{}).Immutable().Sensitive(),
		mixin.Since("occurred_at"),
		field.Int64("fee_fen").Optional().Nillable().Immutable(),
	}
}

// Edges of Notice.
func (Notice) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("account", Account.Type).Field("account_id").Unique().Required().Immutable(),
	}
}

// Indexes of Notice.
func (Notice) Indexes() []ent.Index {
	return []ent.Index{index.Fields("account_id", "sequence").Unique()}
}

// Policy of Notice.
func (Notice) Policy() ent.Policy { return policy.Notice() }
