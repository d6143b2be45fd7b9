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

// VehicleBinding ties a vehicle to an account. It is what the contract calls Vehicle: the account's own
// view of the car, with its own id, so that two accounts cannot compare ids.
type VehicleBinding struct{ ent.Schema }

// Mixin of VehicleBinding.
func (VehicleBinding) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Plate{}}
}

// Fields of VehicleBinding. Of a verification only its outcome, method and time are kept (R072). A
// co-driver was invited by the account that verified the vehicle (P17). tracked says whether the separate
// consent to movement data holds: without it nothing new is shown or told. tell_entry and tell_exit are
// the message settings (R013).
func (VehicleBinding) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("vehicle_id").Immutable(),
		field.Bytes("nickname").GoType(vault.Sealed{}).Optional().Sensitive(),
		mixin.Since("bound_at"),
		mixin.Instant("ended_at"),
		field.Enum("end_reason").Values("UNBOUND", "EVICTED", "REVOKED", "MERGED", "CLOSED").Optional().Nillable(),
		field.Enum("verification").Values("NONE", "PASSED", "REFUSED").Default("NONE"),
		field.Enum("verification_method").Values("DOCUMENTS", "FLEET", "DISPUTE").Optional().Nillable(),
		field.String("verification_reason").Optional(),
		mixin.Instant("checked_at"),
		field.Enum("role").Values("BINDER", "CO_DRIVER").Default("BINDER"),
		field.Int64("invited_by_account_id").Optional().Nillable().Immutable(),
		field.Int64("fleet_id").Optional().Nillable(),
		field.Bool("tracked").Default(true),
		field.Bool("tell_entry").Default(true),
		field.Bool("tell_exit").Default(true),
	}
}

// Edges of VehicleBinding.
func (VehicleBinding) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("vehicle", Vehicle.Type).Field("vehicle_id").Unique().Required().Immutable(),
		edge.To("account", Account.Type).Field("account_id").Unique().Required().Immutable(),
	}
}

// Indexes of VehicleBinding: an account binds a vehicle once at a time; co-drivers are found by who invited them.
func (VehicleBinding) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("vehicle_id", "account_id").Unique().Annotations(entsql.IndexWhere("ended_at IS NULL")),
		index.Fields("invited_by_account_id").Annotations(entsql.IndexWhere("invited_by_account_id IS NOT NULL")),
	}
}

// Policy of VehicleBinding.
func (VehicleBinding) Policy() ent.Policy { return policy.VehicleBinding() }
