package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// Shift is the time in which a member of staff takes cash at a lot, and the drawer in which it lies.
type Shift struct{ ent.Schema }

// Mixin of Shift.
func (Shift) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Shift. A state only moves forward, in the order given: one that follows another is OFFERED until its member
// of staff has accepted what was counted. float_fen lay in the drawer at first; taken_fen came, and refunded_fen went,
// by so many payments and the refunds of it. counted_fen is what was found in the end. closed_by is who counted.
func (Shift) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Int64("staff_id").Immutable(),
		field.Int64("follows_id").Optional().Nillable().Unique().Immutable(),
		field.Enum("state").Values("OFFERED", "OPEN", "CLOSED"),
		field.Int64("float_fen").NonNegative().Immutable(),
		field.Int64("taken_fen").Default(0),
		field.Int64("refunded_fen").Default(0),
		field.Int("payments").Default(0),
		mixin.Instant("opened_at"),
		mixin.Instant("closed_at"),
		field.Int64("counted_fen").NonNegative().Optional().Nillable(),
		field.String("note").Optional(),
		field.Int64("closed_by").Optional().Nillable(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
		field.Bytes("closing_key_hash").Optional().Unique().Sensitive(),
	}
}

// Indexes of Shift: a member of staff has one at a lot that is not closed.
func (Shift) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("staff_id", "lot_id").Unique().StorageKey("shift_one_open").
			Annotations(entsql.IndexWhere("state <> 'CLOSED'")),
		index.Fields("lot_id", "id"),
		index.Fields("staff_id", "lot_id", "id"),
	}
}

// Policy of Shift.
func (Shift) Policy() ent.Policy { return policy.Shift() }
