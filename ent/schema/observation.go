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

// Observation is what a gate reported of one car at one moment, after APDS Observation, and what the
// barrier was told. The answer is kept so that a report sent twice is answered alike.
type Observation struct{ ent.Schema }

// Mixin of Observation.
func (Observation) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Plate{}} }

// Fields of Observation. An observation older than a day when it is received is late (补传). Of what the gate
// calls the event, event_id keeps a keyed hash: some gates write the plate into it.
func (Observation) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Int64("gate_id").Immutable(),
		field.String("event_id").Immutable(),
		field.Enum("direction").Values("ENTRY", "EXIT").Immutable(),
		mixin.Since("observed_at"),
		mixin.Since("received_at"),
		field.Bool("late").Immutable(),
		field.Float("confidence").Immutable(),
		field.Int64("session_id").Optional().Nillable(),
		field.Enum("outcome").Values("OPENED", "CLOSED", "COMPLETED", "REREAD", "UNMATCHED", "GHOST").Default("UNMATCHED"),
		field.Enum("decision").Values("RELEASE", "HOLD", "RELEASE_AND_BILL").Default("HOLD"),
		field.Enum("reason").Values("WELCOME", "NOTHING_DUE", "PAYMENT_DUE", "DEDUCTING", "BILLED", "NO_ENTRY", "REREAD", "LATE_UPLOAD", "BLOCKED").Default("NO_ENTRY"),
	}
}

// Edges of Observation.
func (Observation) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("gate", Gate.Type).Field("gate_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of Observation: one row per event of a gate; unmatched exits wait to be found by their plate.
func (Observation) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("gate_id", "event_id").Unique(),
		index.Fields("lot_id", "plate_index", "observed_at").Annotations(entsql.IndexWhere("outcome = 'UNMATCHED'")),
		index.Fields("session_id"),
		index.Fields("gate_id", "observed_at"), // the car that stands at a lane
	}
}

// Policy of Observation.
func (Observation) Policy() ent.Policy { return policy.Observation() }
