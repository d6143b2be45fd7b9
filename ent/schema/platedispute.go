package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// PlateDispute is a person's claim to a plate that another account has verified.
type PlateDispute struct{ ent.Schema }

// Mixin of PlateDispute.
func (PlateDispute) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Plate{}, mixin.Recorded{}}
}

// Fields of PlateDispute. Of the documents only person_index, the keyed hash of the claimant's identity
// number, is kept until the claim is decided.
func (PlateDispute) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("vehicle_id").Immutable(),
		field.Enum("state").Values("OPEN", "UPHELD", "REJECTED", "WITHDRAWN").Default("OPEN"),
		field.Bytes("person_index").Optional().Sensitive(),
		mixin.Instant("decided_at"),
		field.Int64("staff_id").Optional().Nillable(),
		field.String("purpose").Optional(),
	}
}

// Indexes of PlateDispute.
func (PlateDispute) Indexes() []ent.Index {
	return []ent.Index{index.Fields("state"), index.Fields("vehicle_id")}
}

// Policy of PlateDispute.
func (PlateDispute) Policy() ent.Policy { return policy.PlateDispute() }
