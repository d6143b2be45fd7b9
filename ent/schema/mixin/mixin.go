// Package mixin holds the fields that several entities share.
package mixin

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"entgo.io/ent/schema/mixin"

	"parkbff/internal/vault"
)

// Row gives every entity its int64 id. Ids stay inside: the contract shows them sealed.
type Row struct{ mixin.Schema }

// Fields of the mixin.
func (Row) Fields() []ent.Field {
	return []ent.Field{field.Int64("id").Immutable()}
}

// Plate is a number plate at rest: sealed for its reader, indexed by a keyed hash for its finder.
type Plate struct{ mixin.Schema }

// Fields of the mixin. plate_index is the keyed hash of text and colour (cnid.Plate.Key).
func (Plate) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("plate").GoType(vault.Sealed{}).Sensitive(),
		field.Bytes("plate_index").Sensitive(),
		field.String("plate_color").Immutable(),
	}
}

// Owned marks an entity that belongs to one account and dies with it.
type Owned struct{ mixin.Schema }

// Fields of the mixin.
func (Owned) Fields() []ent.Field {
	return []ent.Field{field.Int64("account_id").Immutable()}
}

// Indexes of the mixin.
func (Owned) Indexes() []ent.Index {
	return []ent.Index{index.Fields("account_id")}
}

// Recorded says when a row was written.
type Recorded struct{ mixin.Schema }

// Fields of the mixin. The value is set by the service, from its clock.
func (Recorded) Fields() []ent.Field {
	return []ent.Field{field.Time("created_at").Immutable()}
}

// Instant is an optional point in time, UTC.
func Instant(name string) ent.Field {
	return field.Time(name).Optional().Nillable()
}

// Since is a point in time that never changes, UTC.
func Since(name string) ent.Field {
	return field.Time(name).Immutable()
}
