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

// MallItem is something that a lot offers for money or for points (R017).
type MallItem struct{ ent.Schema }

// Mixin of MallItem.
func (MallItem) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of MallItem. code names it in its lot. It is what a store hands over, or a voucher on the terms of an offer of the
// lot; what it is does not change. price_fen is 0 when it is not for money, points when it is not for points. stock is how
// many are left, and holds_days for how long one that was had is kept for who had it.
func (MallItem) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.String("code").Immutable(),
		field.String("name"),
		field.Int64("store_id").Optional().Nillable().Immutable(),
		field.Int64("voucher_offer_id").Optional().Nillable().Immutable(),
		field.Int64("price_fen").NonNegative().Default(0),
		field.Int64("points").NonNegative().Default(0),
		field.Int("stock").NonNegative(),
		field.Time("sold_until"),
		field.Int("holds_days"),
		field.Int64("staff_id"),
	}
}

// Edges of MallItem.
func (MallItem) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("store", Store.Type).Field("store_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.To("voucher_offer", VoucherOffer.Type).Field("voucher_offer_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of MallItem.
func (MallItem) Indexes() []ent.Index {
	return []ent.Index{index.Fields("lot_id", "code").Unique(), index.Fields("lot_id", "id")}
}

// Policy of MallItem.
func (MallItem) Policy() ent.Policy { return policy.Published() }

// MallOrder is an item that an account has had, for money or for points.
type MallOrder struct{ ent.Schema }

// Mixin of MallOrder.
func (MallOrder) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of MallOrder. It is PAID until its store has handed it over, or it is cancelled; a voucher is handed over at once.
// name, price_fen and points are those of the item when it was had: one of the two is 0. payment_order_id is what it was
// paid by. code_hash finds it by its code, key_hash by what caused it. It is collected before expires_at.
func (MallOrder) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Int64("item_id").Immutable(),
		field.Int64("account_id").Optional().Nillable(),
		field.Int64("store_id").Optional().Nillable().Immutable(),
		field.Int64("voucher_id").Optional().Nillable().Immutable(),
		field.String("name").Immutable(),
		field.Enum("state").Values("PAID", "HANDED_OVER", "CANCELLED"),
		field.Int64("price_fen").Default(0).Immutable(),
		field.Int64("points").Default(0).Immutable(),
		field.Int64("payment_order_id").Optional().Nillable().Unique().Immutable(),
		mixin.Since("expires_at"),
		mixin.Instant("handed_over_at"),
		field.Int64("staff_id").Optional().Nillable(),
		field.Bytes("code_hash").Optional().Unique().Sensitive(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Edges of MallOrder.
func (MallOrder) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("item", MallItem.Type).Field("item_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.To("store", Store.Type).Field("store_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of MallOrder: those that wait to be collected are looked for.
func (MallOrder) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account_id", "id"),
		index.Fields("expires_at").StorageKey("mallorder_waiting").Annotations(entsql.IndexWhere("state = 'PAID'")),
	}
}

// Policy of MallOrder.
func (MallOrder) Policy() ent.Policy { return policy.MallOrder() }
