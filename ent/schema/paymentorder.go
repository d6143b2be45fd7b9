package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/money"
)

// PaymentOrder is an amount that somebody has undertaken to pay for something, firm until it expires.
type PaymentOrder struct{ ent.Schema }

// Mixin of PaymentOrder.
func (PaymentOrder) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of PaymentOrder. A state only moves forward, in the order given: money that arrives for a CLOSED one and
// is still owed makes it PAID. taken_fen is what was received for it and kept, refunded_fen what of that was given
// back or is about to be. discount_fen is what its vouchers are to take off, so that due_fen is what is left to pay, and
// discounted_fen what they have taken off. key_hash is of the client's own key and whose it is, terms_hash of what it
// asked for. It is deferred while its channel has paid it and its payer owes it to the channel (R035). permit_id is the
// permit that a PERMIT order buys so many periods of, reservation_id the reservation whose only order it is, mall_item_id
// the item that a MALL order buys one of.
func (PaymentOrder) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("kind").Values("STAY", "VOUCHER", "PERMIT", "RESERVATION", "MALL").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Int64("session_id").Optional().Nillable().Immutable(),
		field.Int64("voucher_offer_id").Optional().Nillable().Immutable(),
		field.Int64("mall_item_id").Optional().Nillable().Immutable(),
		field.Int64("permit_id").Optional().Nillable().Immutable(),
		field.Int("periods").Default(0).Immutable(),
		field.Int64("reservation_id").Optional().Nillable().Unique().Immutable(),
		field.Int64("account_id").Optional().Nillable(),
		field.Enum("state").Values("OPEN", "CLOSED", "PAID", "REFUNDED").Default("OPEN"),
		field.Enum("close_reason").Values("EXPIRED", "REPLACED", "CANCELLED", "DECLINED").Optional().Nillable(),
		field.Int64("due_fen").Immutable(),
		field.Int64("discount_fen").Default(0).Immutable(),
		field.Int64("discounted_fen").Default(0),
		field.Int64("taken_fen").Default(0),
		field.Int64("refunded_fen").Default(0),
		mixin.Since("expires_at"),
		mixin.Instant("paid_at"),
		field.Enum("paid_channel").GoType(money.Channel("")).Optional().Nillable(),
		field.Enum("paid_way").GoType(money.Way("")).Optional().Nillable(),
		field.Bool("deferred").Default(false),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
		field.Bytes("terms_hash").Optional().Immutable().Sensitive(),
	}
}

// Edges of PaymentOrder.
func (PaymentOrder) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("session", ParkingSession.Type).Field("session_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of PaymentOrder: a stay has at most one open order, and so has a permit.
func (PaymentOrder) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("session_id").Unique().StorageKey("paymentorder_one_open").
			Annotations(entsql.IndexWhere("state = 'OPEN' AND session_id IS NOT NULL")),
		index.Fields("permit_id").Unique().StorageKey("paymentorder_one_open_permit").
			Annotations(entsql.IndexWhere("state = 'OPEN' AND permit_id IS NOT NULL")),
		index.Fields("session_id", "id"),
		index.Fields("account_id", "id"),
		index.Fields("lot_id", "id"),
	}
}

// Policy of PaymentOrder.
func (PaymentOrder) Policy() ent.Policy { return policy.PaymentOrder() }
