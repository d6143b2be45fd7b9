package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// Staff is somebody who works for lot operators. A token names the generation it was made for.
type Staff struct{ ent.Schema }

// Mixin of Staff.
func (Staff) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Staff. label is a personnel number, not a name.
func (Staff) Fields() []ent.Field {
	return []ent.Field{
		field.String("label").Unique().Immutable(),
		field.Int64("token_generation").Default(1),
	}
}

// Edges of Staff.
func (Staff) Edges() []ent.Edge {
	return []ent.Edge{edge.From("roles", StaffRole.Type).Ref("staff")}
}

// Policy of Staff.
func (Staff) Policy() ent.Policy { return policy.SystemOnly() }

// StaffRole is what a member of staff may do at one lot.
type StaffRole struct{ ent.Schema }

// Mixin of StaffRole.
func (StaffRole) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of StaffRole.
func (StaffRole) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("staff_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Enum("role").Values("ATTENDANT", "MANAGER"),
	}
}

// Edges of StaffRole.
func (StaffRole) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("staff", Staff.Type).Field("staff_id").Unique().Required().Immutable(),
		edge.To("lot", Lot.Type).Field("lot_id").Unique().Required().Immutable(),
	}
}

// Indexes of StaffRole.
func (StaffRole) Indexes() []ent.Index {
	return []ent.Index{index.Fields("staff_id", "lot_id").Unique()}
}

// Policy of StaffRole.
func (StaffRole) Policy() ent.Policy { return policy.SystemOnly() }
