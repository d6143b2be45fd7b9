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

// Voucher takes something off one stay, once. It belongs to an account, or to whoever holds its code.
type Voucher struct{ ent.Schema }

// Mixin of Voucher.
func (Voucher) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Voucher. lot_id is where it holds. fen is of AMOUNT, minutes of TIME. order_id is the order that has
// RESERVED or USED it. price_fen is what it was SOLD for. code_hash finds it by its code, key_hash by what caused it.
// One that was EXCHANGED was had for points.
// One of a MERCHANT is for session_id alone, once it was given to that stay, and the merchant of its contingent bears it.
func (Voucher) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Int64("account_id").Optional().Nillable(),
		field.Enum("source").Values("GRANTED", "SOLD", "MERCHANT", "EXCHANGED").Immutable(),
		field.Enum("kind").Values("AMOUNT", "TIME", "WAIVER").Immutable(),
		field.Int64("fen").Default(0).Immutable(),
		field.Int("minutes").Default(0).Immutable(),
		field.Int64("price_fen").Default(0).Immutable(),
		field.Int64("bought_by_order_id").Optional().Nillable().Immutable(),
		field.Enum("state").Values("FREE", "RESERVED", "USED", "REVOKED").Default("FREE"),
		field.Int64("order_id").Optional().Nillable(),
		field.Int64("contingent_id").Optional().Nillable().Immutable(),
		field.Int64("session_id").Optional().Nillable(),
		mixin.Since("expires_at"),
		field.Int64("staff_id").Optional().Nillable().Immutable(),
		field.Bytes("code_hash").Optional().Unique().Sensitive(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Edges of Voucher.
func (Voucher) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("contingent", MerchantContingent.Type).Field("contingent_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of Voucher: an order buys one.
func (Voucher) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account_id", "id"),
		index.Fields("order_id"),
		index.Fields("session_id").Annotations(entsql.IndexWhere("session_id IS NOT NULL")),
		index.Fields("contingent_id", "created_at").Annotations(entsql.IndexWhere("contingent_id IS NOT NULL")),
		index.Fields("bought_by_order_id").Unique().Annotations(entsql.IndexWhere("bought_by_order_id IS NOT NULL")),
	}
}

// Policy of Voucher.
func (Voucher) Policy() ent.Policy { return policy.Voucher() }

// OrderDiscount is what one voucher takes off one order.
type OrderDiscount struct{ ent.Schema }

// Mixin of OrderDiscount.
func (OrderDiscount) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of OrderDiscount. fen is what it takes off, as was said when it was ordered, taken_fen what it has taken off
// since the order was settled. Rows stand in the order in which they are taken.
func (OrderDiscount) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("order_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Int64("voucher_id").Immutable(),
		field.Int64("fen").Immutable(),
		field.Int64("taken_fen").Default(0),
	}
}

// Edges of OrderDiscount.
func (OrderDiscount) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("order", PaymentOrder.Type).Field("order_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.To("voucher", Voucher.Type).Field("voucher_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of OrderDiscount: a voucher takes something off once, whatever orders it was meant for.
func (OrderDiscount) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("order_id", "voucher_id").Unique(),
		index.Fields("voucher_id").Unique().StorageKey("orderdiscount_one_use").Annotations(entsql.IndexWhere("taken_fen > 0")),
	}
}

// Policy of OrderDiscount.
func (OrderDiscount) Policy() ent.Policy { return policy.OrderDiscount() }
