package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/place"
)

// Lot is a place to park, after APDS Place. Everything in it is published.
type Lot struct{ ent.Schema }

// Mixin of Lot.
func (Lot) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Lot. half_name is the name as records show it below VERIFIED: it depends on every lot of
// the city and is computed again whenever one of them changes. Coordinates are decimal degrees in the
// stated datum.
func (Lot) Fields() []ent.Field {
	return []ent.Field{
		field.String("code").Unique().Immutable(),
		field.String("name"),
		field.String("half_name"),
		field.String("region"),
		field.String("city"),
		field.String("district").Optional(),
		field.String("address").Optional(),
		field.Float("latitude").Optional().Nillable(),
		field.Float("longitude").Optional().Nillable(),
		field.String("datum").Optional(),
		field.Int("capacity"),
		field.Bool("barrier").Default(true),
		field.String("tariff_text").Optional(),
		field.JSON("capabilities", []string{}).Optional(),
		field.JSON("facts", place.Facts{}).Optional(),
	}
}

// Indexes of Lot.
func (Lot) Indexes() []ent.Index { return []ent.Index{index.Fields("city")} }

// Policy of Lot.
func (Lot) Policy() ent.Policy { return policy.Published() }

// Tariff is a lot's prices: every version it had, has and is known to get.
type Tariff struct{ ent.Schema }

// Mixin of Tariff.
func (Tariff) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Tariff.
func (Tariff) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Unique().Immutable(),
		field.JSON("schedule", json.RawMessage{}), // tariff.Schedule
	}
}

// Policy of Tariff.
func (Tariff) Policy() ent.Policy { return policy.Published() }
