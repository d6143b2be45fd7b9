package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/span"
)

// ParkingSession is one stay of one vehicle in one lot, after APDS Session.
type ParkingSession struct{ ent.Schema }

// Mixin of ParkingSession.
func (ParkingSession) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Plate{}, mixin.Recorded{}}
}

// Fields of ParkingSession. vehicle_id is the vehicle as it was bound when the stay was opened.
// fee_fen is fixed at the exit; while the stay is open the fee is computed when asked for. gone_before
// is when it became known that a GHOST's car had gone. paid_fen is money, discounted_fen what vouchers took off.
// password_free is as with its vehicle.
// free is when its plate may park for nothing; permit_id is the permit one of whose bays it takes, for more plates than bays;
// reservation_id is the reservation whose bay was kept for it.
func (ParkingSession) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Int64("vehicle_id").Optional().Nillable().Immutable(),
		field.Enum("state").Values("OPEN", "CLOSED", "GHOST").Default("OPEN"),
		field.Time("entered_at").Immutable(),
		mixin.Instant("exited_at"),
		mixin.Instant("gone_before"),
		field.Int64("fee_fen").Default(0),
		field.Int64("paid_fen").Default(0),
		field.Int64("discounted_fen").Default(0),
		mixin.Instant("paid_until"),
		field.Bool("password_free").Default(false),
		field.JSON("free", []span.Span{}).Optional(),
		field.Int64("permit_id").Optional().Nillable(),
		field.Int64("reservation_id").Optional().Nillable(),
		field.Enum("match").Values("EXACT", "NEAR_PLATE").Default("EXACT"),
		field.Enum("review").Values("NONE", "PENDING", "CONFIRMED", "REJECTED").Default("NONE"),
	}
}

// Edges of ParkingSession.
func (ParkingSession) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("lot", Lot.Type).Field("lot_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of ParkingSession: a plate has at most one open stay in a lot, and is sought across lots when
// it turns up elsewhere.
func (ParkingSession) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("lot_id", "plate_index").Unique().StorageKey("parkingsession_one_open").
			Annotations(entsql.IndexWhere("state = 'OPEN'")),
		index.Fields("plate_index", "entered_at"),
		index.Fields("permit_id").Annotations(entsql.IndexWhere("permit_id IS NOT NULL")), // who takes its bays
		index.Fields("reservation_id").Annotations(entsql.IndexWhere("reservation_id IS NOT NULL")),
		index.Fields("lot_id", "id"), // the pages of a lot's staff
		index.Fields("lot_id", "review").Annotations(entsql.IndexWhere("review = 'PENDING'")),
	}
}

// Policy of ParkingSession.
func (ParkingSession) Policy() ent.Policy { return policy.ParkingSession() }

// SessionAccess is an account's right to see a stay: it had the vehicle bound when the stay was opened,
// or it paid. Without a row there is no stay for that account.
type SessionAccess struct{ ent.Schema }

// Mixin of SessionAccess.
func (SessionAccess) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of SessionAccess. hidden is the person's own wish for that record (R065).
func (SessionAccess) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("account_id").Immutable(),
		field.Int64("session_id").Immutable(),
		field.Int64("vehicle_id").Optional().Nillable().Immutable(),
		field.Bool("bound"),
		field.Bool("paid").Default(false),
		field.Bool("hidden").Default(false),
	}
}

// Edges of SessionAccess.
func (SessionAccess) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("session", ParkingSession.Type).Field("session_id").Unique().Required().Immutable(),
		edge.To("account", Account.Type).Field("account_id").Unique().Required().Immutable(),
	}
}

// Indexes of SessionAccess: the history page walks the first; the second finds who watches a stay.
func (SessionAccess) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account_id", "session_id").Unique(),
		index.Fields("session_id"),
		index.Fields("account_id", "vehicle_id"),
	}
}

// Policy of SessionAccess.
func (SessionAccess) Policy() ent.Policy { return policy.SessionAccess() }
