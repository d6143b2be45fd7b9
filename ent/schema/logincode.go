package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// LoginCode is a code sent to a mobile, of which only a keyed hash is kept.
type LoginCode struct{ ent.Schema }

// Mixin of LoginCode.
func (LoginCode) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of LoginCode. serial counts the codes of one mobile, so that of two sent at once only one is
// written.
func (LoginCode) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("mobile_index").Immutable().Sensitive(),
		field.Int64("serial").Immutable(),
		field.Bytes("code_hash").Immutable().Sensitive(),
		field.Int("attempts").Default(0),
		mixin.Since("expires_at"),
		mixin.Instant("used_at"),
	}
}

// Indexes of LoginCode.
func (LoginCode) Indexes() []ent.Index {
	return []ent.Index{index.Fields("mobile_index", "serial").Unique()}
}

// Policy of LoginCode.
func (LoginCode) Policy() ent.Policy { return policy.SystemOnly() }
