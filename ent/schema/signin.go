package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// SignIn is one proved sign-in and the family of refresh tokens that grew from it.
type SignIn struct{ ent.Schema }

// Mixin of SignIn.
func (SignIn) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of SignIn. Of refresh tokens only hashes are kept, and the newest one sealed, so that the
// immediate predecessor is answered with the same successor inside the grace (RFC 9700 section 4.14).
// family_hash is that of the part all tokens of the sign-in share: by it a token long spent is known.
// A sign-in is a device to its person (R085). stepped_up_at is when it last passed a second factor.
func (SignIn) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("channel").Values("WECHAT_MINI", "WECHAT_OFFICIAL", "ALIPAY_MINI", "ALIPAY_LIFE", "APP", "H5").Immutable(),
		field.Bytes("family_hash").Unique().Immutable().Sensitive(),
		field.Bytes("refresh_hash").Unique().Sensitive(),
		field.Bytes("refresh").GoType(vault.Sealed{}).Sensitive(),
		field.Bytes("previous_hash").Optional().Unique().Sensitive(),
		field.Time("rotated_at"),
		field.Time("expires_at"),
		mixin.Instant("revoked_at"),
		field.Bytes("device_name").GoType(vault.Sealed{}).Optional().Sensitive(),
		mixin.Instant("stepped_up_at"),
	}
}

// Policy of SignIn.
func (SignIn) Policy() ent.Policy { return policy.SignIn() }
