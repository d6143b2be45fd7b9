package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// Store is a workshop.
type Store struct{ ent.Schema }

// Mixin of Store.
func (Store) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of Store.
func (Store) Fields() []ent.Field {
	return []ent.Field{
		field.String("code").Unique().Immutable(),
		field.String("name"),
	}
}

// Policy of Store.
func (Store) Policy() ent.Policy { return policy.Published() }
