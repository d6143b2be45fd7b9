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

// Membership is an account's points (R018). It is held by whoever changes them.
type Membership struct{ ent.Schema }

// Mixin of Membership.
func (Membership) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Membership. balance is what its entries sum to, and what is left of its lots of points. owed_points are those
// that were spent and then taken back: the next earnings pay them.
func (Membership) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("account_id").Optional().Nillable().Unique(),
		field.Int64("balance").NonNegative().Default(0),
		field.Int64("owed_points").NonNegative().Default(0),
	}
}

// Policy of Membership.
func (Membership) Policy() ent.Policy { return policy.Membership() }

// PointEntry is one movement of points. None of its fields is ever changed, and it is not deleted: only where two accounts
// become one does it go to the other's membership.
type PointEntry struct{ ent.Schema }

// Mixin of PointEntry.
func (PointEntry) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of PointEntry. cause_id is the row, of the table that the cause names, which caused it: a cause moves points of
// one kind once. points are more than zero when they come. owed is what was to be taken back and was not there, or less
// than nothing where that is paid. balance is what there was after it. expires_at is when the first of points that come
// lapse, order_id the payment order by which they were earned or taken back.
func (PointEntry) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("membership_id").Immutable(),
		field.Enum("kind").Values("EARNED", "SPENT", "RETURNED", "TAKEN_BACK", "EXPIRED").Immutable(),
		field.Enum("cause").Values("PAYMENT", "REFUND", "MALL_ORDER", "POINT_LOT", "POINT_ENTRY").Immutable(),
		field.Int64("cause_id").Immutable(),
		field.Int64("points").Immutable(),
		field.Int64("owed").Default(0).Immutable(),
		field.Int64("balance").NonNegative().Immutable(),
		field.Int64("order_id").Optional().Nillable().Immutable(),
		field.Time("expires_at").Optional().Nillable().Immutable(),
	}
}

// Edges of PointEntry.
func (PointEntry) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("membership", Membership.Type).Field("membership_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of PointEntry.
func (PointEntry) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("kind", "cause", "cause_id").Unique(),
		index.Fields("membership_id", "id"),
	}
}

// Policy of PointEntry.
func (PointEntry) Policy() ent.Policy { return policy.PointEntry() }

// PointLot is points that came together and lapse together.
type PointLot struct{ ent.Schema }

// Mixin of PointLot.
func (PointLot) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of PointLot. entry_id is the entry by which they came, remaining what of points is there still. payment_id is what
// they were earned by, and percent how many hundredths of a point each yuan of it brought; none for what was returned.
func (PointLot) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("membership_id").Immutable(),
		field.Int64("entry_id").Immutable(),
		field.Int64("payment_id").Optional().Nillable().Unique().Immutable(),
		field.Int("percent").Default(0).Immutable(),
		field.Int64("points").Immutable(),
		field.Int64("remaining").NonNegative(),
		mixin.Since("expires_at"),
	}
}

// Edges of PointLot.
func (PointLot) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("membership", Membership.Type).Field("membership_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.To("entry", PointEntry.Type).Field("entry_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of PointLot.
func (PointLot) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("membership_id", "expires_at"),
		index.Fields("expires_at").StorageKey("pointlot_remaining").Annotations(entsql.IndexWhere("remaining > 0")),
	}
}

// Policy of PointLot.
func (PointLot) Policy() ent.Policy { return policy.SystemOnly() }

// PointUse is what an entry took out of a lot of points. It is never changed.
type PointUse struct{ ent.Schema }

// Mixin of PointUse.
func (PointUse) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of PointUse.
func (PointUse) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("entry_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Int64("points").Immutable(),
	}
}

// Edges of PointUse.
func (PointUse) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("entry", PointEntry.Type).Field("entry_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.To("lot", PointLot.Type).Field("lot_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of PointUse.
func (PointUse) Indexes() []ent.Index {
	return []ent.Index{index.Fields("entry_id"), index.Fields("lot_id")}
}

// Policy of PointUse.
func (PointUse) Policy() ent.Policy { return policy.PointUse() }
