package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// SettlementItem is what a settlement pays for one bay. It is never changed.
type SettlementItem struct{ ent.Schema }

// Mixin of SettlementItem.
func (SettlementItem) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of SettlementItem. The space may be gone with its account; bay is its number.
func (SettlementItem) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("settlement_id").Immutable(),
		field.Int64("space_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.String("bay").Immutable(),
		field.Int64("fen").Immutable(),
	}
}

// Edges of SettlementItem.
func (SettlementItem) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("settlement", Settlement.Type).Field("settlement_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of SettlementItem.
func (SettlementItem) Indexes() []ent.Index {
	return []ent.Index{index.Fields("settlement_id"), index.Fields("space_id")}
}

// Policy of SettlementItem.
func (SettlementItem) Policy() ent.Policy { return policy.SettlementItem() }
