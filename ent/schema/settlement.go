package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// Settlement pays what the owner of shared bays is owed to a bank card (R079).
type Settlement struct{ ent.Schema }

// Mixin of Settlement.
func (Settlement) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Settlement. A state only moves forward. number is by what the clearing bank knows it. payee is as in
// PayoutAccount, of the card to which it pays, until it is decided; masked_card shows which it was. txn_id is what the
// clearing bank calls what it has paid, reason why it has not. The account is forgotten with the account.
func (Settlement) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("account_id").Optional().Nillable(),
		field.String("number").Unique().Immutable(),
		field.Enum("state").Values("PENDING", "PAID", "FAILED").Default("PENDING"),
		field.Int64("fen").Immutable(),
		field.Bytes("payee").GoType(vault.Sealed{}).Optional().Sensitive(),
		field.String("masked_card").Optional().Sensitive(),
		field.String("txn_id").Optional(),
		field.Enum("reason").Values("CARD_REFUSED", "REFUSED", "ACCOUNT_CLOSED").Optional().Nillable(),
		mixin.Instant("decided_at"),
	}
}

// Edges of Settlement.
func (Settlement) Edges() []ent.Edge {
	return []ent.Edge{edge.From("items", SettlementItem.Type).Ref("settlement")}
}

// Indexes of Settlement.
func (Settlement) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account_id", "id").Annotations(entsql.IndexWhere("account_id IS NOT NULL")),
		index.Fields("id").StorageKey("settlement_pending").Annotations(entsql.IndexWhere("state = 'PENDING'")),
	}
}

// Policy of Settlement.
func (Settlement) Policy() ent.Policy { return policy.Settlement() }
