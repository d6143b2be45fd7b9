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

// Staff is somebody who works for lot operators, workshops or the platform. A token names the generation
// it was made for.
type Staff struct{ ent.Schema }

// Mixin of Staff.
func (Staff) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Staff. label is a personnel number, not a name. password_hash is argon2id in PHC form;
// totp_step is the time step of the code last accepted, so that none is accepted twice (RFC 6238 section
// 5.2). enrol_hash is that of the one-time code by which the person sets both.
func (Staff) Fields() []ent.Field {
	return []ent.Field{
		field.String("label").Unique().Immutable(),
		field.Int64("token_generation").Default(1),
		field.String("password_hash").Optional().Sensitive(),
		field.Bytes("totp_secret").GoType(vault.Sealed{}).Optional().Sensitive(),
		field.Int64("totp_step").Default(0),
		field.Bytes("enrol_hash").Optional().Unique().Sensitive(),
		mixin.Instant("enrol_until"),
		mixin.Instant("enrolled_at"),
		field.Int("failed_tries").Default(0),
		mixin.Instant("locked_until"),
	}
}

// Edges of Staff.
func (Staff) Edges() []ent.Edge {
	return []ent.Edge{edge.From("roles", StaffRole.Type).Ref("staff")}
}

// Policy of Staff.
func (Staff) Policy() ent.Policy { return policy.SystemOnly() }

// StaffRole is what a member of staff may do at one lot, in one store, or, with neither, on the platform.
type StaffRole struct{ ent.Schema }

// Mixin of StaffRole.
func (StaffRole) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of StaffRole.
func (StaffRole) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("staff_id").Immutable(),
		field.Int64("lot_id").Optional().Nillable().Immutable(),
		field.Int64("store_id").Optional().Nillable().Immutable(),
		field.Enum("role").Values("ATTENDANT", "MANAGER", "CLERK", "OFFICER", "ADMIN"),
	}
}

// Edges of StaffRole.
func (StaffRole) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("staff", Staff.Type).Field("staff_id").Unique().Required().Immutable(),
		edge.To("lot", Lot.Type).Field("lot_id").Unique().Immutable(),
		edge.To("store", Store.Type).Field("store_id").Unique().Immutable(),
	}
}

// Indexes of StaffRole.
func (StaffRole) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("staff_id", "lot_id").Unique(),
		index.Fields("staff_id", "store_id").Unique(),
		index.Fields("staff_id", "role").Unique().Annotations(entsql.IndexWhere("lot_id IS NULL AND store_id IS NULL")),
	}
}

// Policy of StaffRole.
func (StaffRole) Policy() ent.Policy { return policy.SystemOnly() }
