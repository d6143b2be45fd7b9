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

// PermitPlan is a kind of permit that a lot sells, after APDS RightSpecification.
type PermitPlan struct{ ent.Schema }

// Mixin of PermitPlan.
func (PermitPlan) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of PermitPlan. A period costs price_fen and lasts so many months, up to the settlement day of each month, or
// so many days, as renewal says. A permit has bays for plates, of which there may be more. bay is the number of the one
// that a BAY plan lets. stock is how many permits may still be sold: each holds one until it is over.
func (PermitPlan) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Enum("kind").Values("MONTHLY", "BAY").Immutable(),
		field.String("title").Immutable(),
		field.String("bay").Default("").Immutable(),
		field.Int64("price_fen").Immutable(),
		field.Enum("renewal").Values("ROLLING", "SETTLEMENT_DAY", "CALENDAR_MONTH", "CUSTOM").Immutable(),
		field.Int("months").Default(0).Immutable(),
		field.Int("settlement_day").Default(0).Immutable(),
		field.Int("days").Default(0).Immutable(),
		field.Int("bays").Default(1).Immutable(),
		field.Int("plates").Default(1).Immutable(),
		field.Int("stock").NonNegative(),
		mixin.Since("sold_until"),
		field.Int64("staff_id").Immutable(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Indexes of PermitPlan.
func (PermitPlan) Indexes() []ent.Index { return []ent.Index{index.Fields("lot_id", "id")} }

// Policy of PermitPlan.
func (PermitPlan) Policy() ent.Policy { return policy.Published() }

// Permit is the right of an account to park in a lot for the periods that it has paid, after APDS AssignedRight.
type Permit struct{ ent.Schema }

// Mixin of Permit.
func (Permit) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Permit. An ACTIVE one holds one of its plan's stock: it is paid until ends_at, or somebody is about to pay.
func (Permit) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Int64("plan_id").Immutable(),
		field.Int64("account_id").Optional().Nillable(),
		field.Enum("state").Values("ACTIVE", "ENDED").Default("ENDED"),
		field.Time("ends_at"),
		field.Int("bays").Immutable(),
		field.Int("plates").Immutable(),
	}
}

// Edges of Permit.
func (Permit) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("plan", PermitPlan.Type).Field("plan_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.From("periods", PermitPeriod.Type).Ref("permit"),
		edge.From("rights", PlateRight.Type).Ref("permit"),
	}
}

// Indexes of Permit: those that are over are looked for.
func (Permit) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account_id", "id"),
		index.Fields("lot_id", "id"),
		index.Fields("ends_at").Annotations(entsql.IndexWhere("state = 'ACTIVE'")),
	}
}

// Policy of Permit.
func (Permit) Policy() ent.Policy { return policy.Permit() }

// PermitPeriod is a stretch of time that one order has paid for a permit.
type PermitPeriod struct{ ent.Schema }

// Mixin of PermitPeriod.
func (PermitPeriod) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of PermitPeriod. It ends so many months after the day on which the run of periods without a gap began:
// counted from there no day is lost in short months. revoked_at is when it was taken back.
func (PermitPeriod) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("permit_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Int64("order_id").Unique().Immutable(),
		mixin.Since("starts_at"),
		mixin.Since("ends_at"),
		mixin.Since("run_from"),
		field.Int("run_months").Immutable(),
		field.Int64("price_fen").Immutable(),
		mixin.Instant("revoked_at"),
	}
}

// Edges of PermitPeriod.
func (PermitPeriod) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("permit", Permit.Type).Field("permit_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of PermitPeriod.
func (PermitPeriod) Indexes() []ent.Index { return []ent.Index{index.Fields("permit_id", "id")} }

// Policy of PermitPeriod.
func (PermitPeriod) Policy() ent.Policy { return policy.PermitPeriod() }

// PlateRight is what one plate may do in one lot: the gate looks for it at each entry.
type PlateRight struct{ ent.Schema }

// Mixin of PlateRight. The plate is sealed for its lot.
func (PlateRight) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Plate{}, mixin.Recorded{}}
}

// Fields of PlateRight. One of a PERMIT holds while the permit has a period too. note says why a plate is on a list.
func (PlateRight) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Enum("kind").Values("PERMIT", "EXEMPT", "VISITOR", "BLOCKED").Immutable(),
		field.Int64("permit_id").Optional().Nillable().Immutable(),
		field.Int64("account_id").Optional().Nillable(),
		mixin.Since("starts_at"),
		mixin.Instant("ends_at"),
		field.Bytes("note").GoType(vault.Sealed{}).Optional().Immutable().Sensitive(),
		field.Int64("staff_id").Optional().Nillable().Immutable(),
	}
}

// Edges of PlateRight.
func (PlateRight) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("permit", Permit.Type).Field("permit_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of PlateRight.
func (PlateRight) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("lot_id", "plate_index"),
		index.Fields("permit_id"),
		index.Fields("lot_id", "kind", "id"),
		index.Fields("account_id").Annotations(entsql.IndexWhere("account_id IS NOT NULL")),
	}
}

// Policy of PlateRight.
func (PlateRight) Policy() ent.Policy { return policy.PlateRight() }
