package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
	"parkbff/internal/weekly"
)

// SharedSpace is a bay of a person's own in a lot that the person offers to share (R076).
type SharedSpace struct{ ent.Schema }

// Mixin of SharedSpace.
func (SharedSpace) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of SharedSpace. bay is the number of the bay, owner is who owns it, as JSON, and is kept until the offer is
// rejected or withdrawn. hours are when the bay is shared, of one that is APPROVED. purpose is for what the officer who decided had looked at the case, answer what they have to
// say to the person.
func (SharedSpace) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.String("bay").Immutable(),
		field.Bytes("owner").GoType(vault.Sealed{}).Optional().Sensitive(),
		field.JSON("hours", weekly.Plan{}).Optional(),
		field.Enum("state").Values("SUBMITTED", "APPROVED", "REJECTED", "WITHDRAWN").Default("SUBMITTED"),
		mixin.Instant("decided_at"),
		field.Int64("staff_id").Optional().Nillable(),
		field.String("purpose").Optional(),
		field.String("answer").Optional().Sensitive(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Indexes of SharedSpace: a bay is shared by one owner.
func (SharedSpace) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("lot_id", "bay").Unique().StorageKey("sharedspace_one_owner").
			Annotations(entsql.IndexWhere("state = 'APPROVED'")),
		index.Fields("state", "id"),
	}
}

// Policy of SharedSpace.
func (SharedSpace) Policy() ent.Policy { return policy.SharedSpace() }
