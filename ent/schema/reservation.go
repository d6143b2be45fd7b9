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

// ReservationOffer is how a lot lets its bays be reserved, after APDS RightSpecification. It is held by whoever counts
// the reservations of its lot.
type ReservationOffer struct{ ent.Schema }

// Mixin of ReservationOffer.
func (ReservationOffer) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of ReservationOffer. bays is how many may be reserved at a time. A window costs fee_fen, or that for every
// unit_minutes begun when there are any. It begins ahead_minutes from now at the latest, and lasts longest_minutes at
// most. Of what a bay brings that is shared by its owner, the owner gets so many hundredths as owner_percent says. A car may come early_minutes before it, and is waited for grace_minutes after it has begun. What is cancelled
// free_minutes before it goes back whole, and later, or when no car comes, so many hundredths as late_percent says.
func (ReservationOffer) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Unique().Immutable(),
		field.Bool("open"),
		field.Int("bays").NonNegative(),
		field.Int64("fee_fen"),
		field.Int("unit_minutes").Default(0),
		field.Int("ahead_minutes"),
		field.Int("longest_minutes"),
		field.Int("early_minutes"),
		field.Int("grace_minutes"),
		field.Int("free_minutes"),
		field.Int("late_percent"),
		field.Int("owner_percent").Default(0),
		field.Int64("staff_id"),
	}
}

// Policy of ReservationOffer.
func (ReservationOffer) Policy() ent.Policy { return policy.Published() }

// Reservation is a bay of a lot that is kept for one plate during a window, after APDS AssignedRight.
type Reservation struct{ ent.Schema }

// Mixin of Reservation. The plate is sealed for its lot.
func (Reservation) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Plate{}, mixin.Recorded{}}
}

// Fields of Reservation. A state only moves forward: HELD, until held_until, for who is about to pay, then CONFIRMED,
// ARRIVED when its car has come and ENDED when its time is over; or EXPIRED unpaid, CANCELLED, or NO_SHOW when no car
// has come by late_at. The bay is kept from opens_at, which is before starts_at for those who come early, until ends_at.
// Its terms are those of the offer when it was made: cancelled until free_until it costs nothing, and else late_refund_fen
// of fee_fen go back. space_id is the shared space whose bay is kept, if it is not one that the lot has set aside; its
// owner gets owner_percent hundredths of what it brings. paid_fen is what was paid and has not gone back, shared_fen what the owner of a shared bay earned by it.
// vehicle_id is the vehicle as it was bound then.
func (Reservation) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Int64("account_id").Optional().Nillable(),
		field.Int64("vehicle_id").Optional().Nillable().Immutable(),
		field.Enum("state").Values("HELD", "CONFIRMED", "ARRIVED", "ENDED", "EXPIRED", "CANCELLED", "NO_SHOW"),
		mixin.Since("opens_at"),
		mixin.Since("starts_at"),
		mixin.Since("ends_at"),
		mixin.Since("late_at"),
		mixin.Since("held_until"),
		mixin.Since("free_until"),
		field.Int64("fee_fen").Immutable(),
		field.Int64("late_refund_fen").Immutable(),
		field.Int64("space_id").Optional().Nillable().Immutable(),
		field.String("bay").Optional().Immutable(),
		field.Int("owner_percent").Default(0).Immutable(),
		field.Int64("paid_fen").Default(0),
		field.Int64("shared_fen").Default(0),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
		field.Bytes("terms_hash").Immutable().Sensitive(),
	}
}

// Edges of Reservation.
func (Reservation) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("lot", Lot.Type).Field("lot_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of Reservation: those that keep a bay are counted, and those that wait for a car or the end are looked for.
func (Reservation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("lot_id", "plate_index"),
		index.Fields("lot_id", "ends_at"),
		index.Fields("state", "opens_at"),
		index.Fields("account_id", "id"),
		index.Fields("lot_id", "id"),
		index.Fields("space_id", "ends_at").Annotations(entsql.IndexWhere("space_id IS NOT NULL")),
	}
}

// Policy of Reservation.
func (Reservation) Policy() ent.Policy { return policy.Reservation() }
