package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// CoDriverInvitation lets one other account bind a vehicle that its owner has verified (P17).
type CoDriverInvitation struct{ ent.Schema }

// Mixin of CoDriverInvitation.
func (CoDriverInvitation) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of CoDriverInvitation.
func (CoDriverInvitation) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("vehicle_id").Immutable(),
		field.Bytes("code_hash").Unique().Immutable().Sensitive(),
		mixin.Since("expires_at"),
		mixin.Instant("accepted_at"),
		mixin.Instant("revoked_at"),
	}
}

// Policy of CoDriverInvitation.
func (CoDriverInvitation) Policy() ent.Policy { return policy.CoDriverInvitation() }
