package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// Consent is what a person agreed to, for one purpose and one version of the policy.
type Consent struct{ ent.Schema }

// Mixin of Consent.
func (Consent) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Owned{}} }

// Fields of Consent. MOVEMENT_TRACK is given for each bound vehicle apart (PIPL 28, 29). A consent ends
// by being withdrawn, or with what it was given for: the vehicle, the linked account, the account (R092).
func (Consent) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("purpose").Values("PARKING_CORE", "MOVEMENT_TRACK", "THIRD_PARTY_ACCOUNT", "AFFILIATE_SHARING", "PROMOTIONS", "MEMBERSHIP").Immutable(),
		field.Int64("vehicle_id").Optional().Nillable().Immutable(),
		field.String("policy_version").Immutable(),
		mixin.Since("granted_at"),
		mixin.Instant("withdrawn_at"),
		mixin.Instant("ended_at"),
	}
}

// Policy of Consent.
func (Consent) Policy() ent.Policy { return policy.Consent() }
