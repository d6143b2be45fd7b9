package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// QuoteAttempt counts what strangers ask about a plate, whether the car is there or not.
type QuoteAttempt struct{ ent.Schema }

// Mixin of QuoteAttempt.
func (QuoteAttempt) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of QuoteAttempt.
func (QuoteAttempt) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("plate_index").Immutable().Sensitive(),
		field.Int64("lot_id").Immutable(),
	}
}

// Indexes of QuoteAttempt.
func (QuoteAttempt) Indexes() []ent.Index {
	return []ent.Index{index.Fields("plate_index", "created_at"), index.Fields("created_at")}
}

// Policy of QuoteAttempt.
func (QuoteAttempt) Policy() ent.Policy { return policy.SystemOnly() }
