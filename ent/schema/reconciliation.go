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

// Reconciliation is a channel's statement of one day, held against the ledger.
type Reconciliation struct{ ent.Schema }

// Mixin of Reconciliation.
func (Reconciliation) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Reconciliation. day is midnight in Shanghai. Amounts are the channel's.
func (Reconciliation) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("channel").GoType(money.Channel("")).Immutable(),
		mixin.Since("day"),
		field.Int("payments").Immutable(),
		field.Int64("paid_fen").Immutable(),
		field.Int("refunds").Immutable(),
		field.Int64("refunded_fen").Immutable(),
		field.Int("differences").Immutable(),
	}
}

// Indexes of Reconciliation: a day is reconciled once.
func (Reconciliation) Indexes() []ent.Index {
	return []ent.Index{index.Fields("channel", "day").Unique()}
}

// Policy of Reconciliation.
func (Reconciliation) Policy() ent.Policy { return policy.Reconciliation() }

// Difference is a movement of which a channel says something else than the ledger.
type Difference struct{ ent.Schema }

// Mixin of Difference.
func (Difference) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of Difference. number is ours, of the payment or the refund. An UNHEARD one was paid at the channel and not
// here, and has been booked since; one of an UNKNOWN number is none of ours.
func (Difference) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("reconciliation_id").Immutable(),
		field.Enum("kind").Values("UNHEARD", "UNKNOWN", "AMOUNT", "MISSING").Immutable(),
		field.Bool("refund").Immutable(),
		field.String("number").Immutable(),
		field.Int64("channel_fen").Immutable(),
		field.Int64("ledger_fen").Immutable(),
	}
}

// Edges of Difference.
func (Difference) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("reconciliation", Reconciliation.Type).Field("reconciliation_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of Difference.
func (Difference) Indexes() []ent.Index { return []ent.Index{index.Fields("reconciliation_id")} }

// Policy of Difference.
func (Difference) Policy() ent.Policy { return policy.Difference() }
