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

// LedgerEntry is one movement of money, with two lines or more that sum to nothing. It is never changed.
type LedgerEntry struct{ ent.Schema }

// Mixin of LedgerEntry.
func (LedgerEntry) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of LedgerEntry. cause_id is the row, of the table that the cause names, which caused it: a cause moves money
// once. What an order did not cause has none; what went into or out of the drawer of a shift names it. The row of a SHARE is
// the reservation out of which an owner earned, that of a PAYOUT the item of a settlement.
func (LedgerEntry) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("cause").Values("PAYMENT", "REFUND_DECIDED", "REFUND_DONE", "DISCOUNT", "SHIFT_OPENED", "SHIFT_CLOSED", "SHARE", "PAYOUT").Immutable(),
		field.Int64("cause_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Int64("order_id").Optional().Nillable().Immutable(),
		field.Int64("shift_id").Optional().Nillable().Immutable(),
		field.Int64("session_id").Optional().Nillable().Immutable(),
		mixin.Since("occurred_at"),
	}
}

// Edges of LedgerEntry.
func (LedgerEntry) Edges() []ent.Edge {
	return []ent.Edge{edge.From("lines", LedgerLine.Type).Ref("entry")}
}

// Indexes of LedgerEntry.
func (LedgerEntry) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("cause", "cause_id").Unique(),
		index.Fields("session_id"),
		index.Fields("order_id"),
		index.Fields("shift_id", "id").Annotations(entsql.IndexWhere("shift_id IS NOT NULL")),
		index.Fields("lot_id", "occurred_at"),
	}
}

// Policy of LedgerEntry.
func (LedgerEntry) Policy() ent.Policy { return policy.LedgerEntry() }

// LedgerLine is what a movement does to one account. It is never changed.
type LedgerLine struct{ ent.Schema }

// Mixin of LedgerLine.
func (LedgerLine) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of LedgerLine. Debits are more than zero. CHANNEL is what a channel holds for us, DRAWER what lies in the drawers
// of shifts, SAFE what a lot keeps elsewhere of its cash: floats come out of it, and what is counted goes into it.
// CASH_DIFFERENCE is what was missing, or less than nothing where there was more. LOT is what a lot has earned; SURPLUS
// is what was received and nobody owed; REFUNDS is what is to go back.
// VOUCHERS is what was received for vouchers that are not used yet; DISCOUNTS is what a lot gives away by vouchers,
// less what those brought that it had sold. PERMITS is what was received for permits: which month of a period earns how
// much of it, accountants decide. RESERVATIONS is what was received for bays that were kept, MALL what was received for
// items. MERCHANTS is what merchants owe the lot for what their discounts have taken off, each that of store_id. OWNERS is what is owed to the owners of
// shared bays, each that of space_id; CLEARING is what the clearing bank has paid out of ours.
func (LedgerLine) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("entry_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Enum("account").Values("CHANNEL", "LOT", "SURPLUS", "REFUNDS", "VOUCHERS", "DISCOUNTS", "PERMITS", "DRAWER", "SAFE", "CASH_DIFFERENCE", "MERCHANTS", "RESERVATIONS", "OWNERS", "CLEARING", "MALL").Immutable(),
		field.Enum("channel").GoType(money.Channel("")).Optional().Nillable().Immutable(),
		field.Int64("store_id").Optional().Nillable().Immutable(),
		field.Int64("space_id").Optional().Nillable().Immutable(),
		field.Int64("fen").Immutable(),
	}
}

// Edges of LedgerLine.
func (LedgerLine) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("entry", LedgerEntry.Type).Field("entry_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of LedgerLine.
func (LedgerLine) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("entry_id"),
		index.Fields("store_id", "id").Annotations(entsql.IndexWhere("store_id IS NOT NULL")),
		index.Fields("space_id", "id").Annotations(entsql.IndexWhere("space_id IS NOT NULL")),
	}
}

// Policy of LedgerLine.
func (LedgerLine) Policy() ent.Policy { return policy.LedgerLine() }
