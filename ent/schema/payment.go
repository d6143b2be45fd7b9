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

// Payment is one attempt to pay an order through a channel.
type Payment struct{ ent.Schema }

// Mixin of Payment.
func (Payment) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Payment. A state only moves forward, in the order given: money that a channel has taken is a fact, also
// after we have CLOSED the payment. number is ours, and the channel knows the payment by it; transaction_id is the
// channel's. paid_fen is what was taken, of which taken_fen settled the order and refunded_fen went back or is about
// to, so that what did not settle it goes back at once.
// reconciled_at is when a statement of the channel named it. What has an agreement_id is deducted without
// anybody's doing anything. shift_id is in whose drawer cash lies.
func (Payment) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("order_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Int64("account_id").Optional().Nillable(),
		field.Enum("channel").GoType(money.Channel("")).Immutable(),
		field.Enum("way").GoType(money.Way("")).Optional().Nillable().Immutable(),
		field.String("number").Unique().Immutable(),
		field.Enum("state").Values("CREATED", "PENDING", "CLOSED", "SUCCEEDED").Default("CREATED"),
		field.Int64("fen").Immutable(),
		mixin.Since("expires_at"),
		field.String("transaction_id").Optional().Nillable(),
		mixin.Instant("paid_at"),
		field.Int64("paid_fen").Default(0),
		field.Int64("taken_fen").Default(0),
		field.Int64("refunded_fen").Default(0),
		field.Int64("staff_id").Optional().Nillable().Immutable(),
		field.Int64("agreement_id").Optional().Nillable().Immutable(),
		field.Int64("shift_id").Optional().Nillable().Immutable(),
		mixin.Instant("reconciled_at"),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Edges of Payment.
func (Payment) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("order", PaymentOrder.Type).Field("order_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of Payment: a channel's transaction pays once.
func (Payment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("channel", "transaction_id").Unique().Annotations(entsql.IndexWhere("transaction_id IS NOT NULL")),
		index.Fields("order_id"),
		index.Fields("channel", "paid_at"), // what a daily statement is held against
		index.Fields("shift_id").Annotations(entsql.IndexWhere("shift_id IS NOT NULL")),
	}
}

// Policy of Payment.
func (Payment) Policy() ent.Policy { return policy.Payment() }

// Refund is money that goes back the way it came.
type Refund struct{ ent.Schema }

// Mixin of Refund.
func (Refund) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Refund. A state only moves forward, in the order given. A FAILED one is still owed: the channel cannot
// give it back, and somebody must. note is why, as the member of staff put it. shift_id is out of whose drawer cash went.
func (Refund) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("payment_id").Immutable(),
		field.Int64("order_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.String("number").Unique().Immutable(),
		field.Int64("fen").Immutable(),
		field.Enum("reason").Values("SURPLUS", "REQUESTED", "DISPUTED").Immutable(),
		field.Enum("state").Values("DECIDED", "PENDING", "FAILED", "DONE").Default("DECIDED"),
		field.String("note").Optional().Immutable(),
		mixin.Instant("done_at"),
		mixin.Instant("reconciled_at"),
		field.Int64("staff_id").Optional().Nillable().Immutable(),
		field.Int64("shift_id").Optional().Nillable().Immutable(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Edges of Refund.
func (Refund) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("payment", Payment.Type).Field("payment_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of Refund.
func (Refund) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("payment_id"),
		index.Fields("order_id"),
		index.Fields("shift_id").Annotations(entsql.IndexWhere("shift_id IS NOT NULL")),
	}
}

// Policy of Refund.
func (Refund) Policy() ent.Policy { return policy.Refund() }
