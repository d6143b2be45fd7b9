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

// Gate is a machine at a lane of a lot.
type Gate struct{ ent.Schema }

// Mixin of Gate.
func (Gate) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of Gate. A token names the generation it was made for; raising it revokes every earlier one,
// but the one before until previous_until, so that a gate changes its token without a pause. lane_code
// stands on the lane's screen and lets a driver quote the car standing there.
func (Gate) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.String("code").Immutable(),
		field.Enum("direction").Values("ENTRY", "EXIT", "BOTH"),
		field.Enum("offline_policy").Values("OPEN_AND_UPLOAD", "HOLD").Default("OPEN_AND_UPLOAD"),
		field.String("lane_code").Unique(),
		field.Int64("token_generation").Default(1),
		mixin.Instant("previous_until"),
		field.Int64("command_sequence").Default(0),
	}
}

// Edges of Gate.
func (Gate) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("lot", Lot.Type).Field("lot_id").Unique().Required().Immutable(),
	}
}

// Indexes of Gate.
func (Gate) Indexes() []ent.Index { return []ent.Index{index.Fields("lot_id", "code").Unique()} }

// Policy of Gate.
func (Gate) Policy() ent.Policy { return policy.Gate() }

// GateCommand is an order to a gate, kept until the gate says what became of it (P03).
type GateCommand struct{ ent.Schema }

// Mixin of GateCommand.
func (GateCommand) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of GateCommand. A command not carried out before expires_at must not be carried out at all:
// a barrier that opens for a car long gone opens for the next.
func (GateCommand) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("gate_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Int64("sequence").Immutable(),
		field.String("idempotency_key").Immutable(),
		field.Enum("kind").Values("OPEN", "DISPLAY").Immutable(),
		field.String("text").Optional().Immutable(),
		field.String("reason").Immutable(),
		field.Int64("staff_id").Optional().Nillable().Immutable(),
		mixin.Since("expires_at"),
		mixin.Instant("acknowledged_at"),
		field.Enum("outcome").Values("DONE", "EXPIRED", "FAILED").Optional().Nillable(),
	}
}

// Edges of GateCommand.
func (GateCommand) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("gate", Gate.Type).Field("gate_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of GateCommand.
func (GateCommand) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("gate_id", "sequence").Unique(),
		index.Fields("gate_id", "idempotency_key").Unique(),
		index.Fields("staff_id", "lot_id", "id").Annotations(entsql.IndexWhere("staff_id IS NOT NULL")),
	}
}

// Policy of GateCommand.
func (GateCommand) Policy() ent.Policy { return policy.GateCommand() }
