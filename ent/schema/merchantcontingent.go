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

// MerchantContingent is how many discounts of one kind a store may give to the customers who park in a lot (R034).
type MerchantContingent struct{ ent.Schema }

// Mixin of MerchantContingent.
func (MerchantContingent) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of MerchantContingent. pieces are how many are left: each voucher takes one, and gives it back when it lapses
// unused. most_per_stay and most_per_day bound how many are given to one stay, and in one day of Shanghai.
func (MerchantContingent) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Int64("store_id").Immutable(),
		field.Enum("kind").Values("AMOUNT", "TIME", "WAIVER").Immutable(),
		field.Int64("fen").Default(0).Immutable(),
		field.Int("minutes").Default(0).Immutable(),
		field.Int("pieces").NonNegative(),
		field.Int("most_per_stay").Immutable(),
		field.Int("most_per_day").Immutable(),
		mixin.Since("starts_at"),
		mixin.Since("ends_at"),
		field.Int64("staff_id").Immutable(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Edges of MerchantContingent.
func (MerchantContingent) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("store", Store.Type).Field("store_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.From("vouchers", Voucher.Type).Ref("contingent"),
	}
}

// Indexes of MerchantContingent.
func (MerchantContingent) Indexes() []ent.Index {
	return []ent.Index{index.Fields("store_id", "id"), index.Fields("lot_id", "id")}
}

// Policy of MerchantContingent.
func (MerchantContingent) Policy() ent.Policy { return policy.MerchantContingent() }
