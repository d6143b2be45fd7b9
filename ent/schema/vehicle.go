package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// Vehicle is a plate that somebody has bound. The plate itself stands, sealed, with each binding; VIN,
// engine number, owner name and model are never kept (R071).
type Vehicle struct{ ent.Schema }

// Mixin of Vehicle.
func (Vehicle) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Vehicle. A vehicle with an owner_account_id is protected: nobody else may bind it (R064). password_free
// tells that there may be an agreement to deduct for it (R020), so that nothing is asked for the cars without one.
func (Vehicle) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("plate_index").Unique().Immutable().Sensitive(),
		field.Int64("owner_account_id").Optional().Nillable(),
		field.Bool("password_free").Default(false),
	}
}

// Policy of Vehicle.
func (Vehicle) Policy() ent.Policy { return policy.Vehicle() }
