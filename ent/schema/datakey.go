package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// DataKey is the wrapped key under which an owner's personal values are sealed. Without it they are
// noise: deleting it erases them everywhere, backups included.
type DataKey struct{ ent.Schema }

// Mixin of DataKey.
func (DataKey) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of DataKey. owner is a vault.Owner.
func (DataKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("owner").Unique().Immutable(),
		field.Bytes("wrapped").Sensitive(),
	}
}

// Policy of DataKey.
func (DataKey) Policy() ent.Policy { return policy.SystemOnly() }
