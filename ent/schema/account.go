package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// Account is a person known by one mobile (R061).
type Account struct{ ent.Schema }

// Mixin of Account.
func (Account) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Account. notice_sequence counts the notices written for it, gaplessly. Of an identity
// document only person_index (keyed hash of its number) and adult are kept (decision 4). verify_tries
// counts the verifications tried since verify_since, bind_tries the plates tried since bind_since.
//
// reachable is set while a notice can leave the program to the person by other ways than a text: then one that
// is told goes into the outbox. Quiet hours are minutes of the day in Asia/Shanghai, and may span midnight.
//
// profile is what the person chose to tell (R062), sealed as one. minor_since is when the account was
// first known to be a minor's; without a guardian's consent it is erased (R141, R143). A closed account
// has no mobile any more.
func (Account) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("mobile").GoType(vault.Sealed{}).Sensitive(),
		field.Bytes("mobile_index").Optional().Unique().Sensitive(),
		field.Bytes("profile").GoType(vault.Sealed{}).Optional().Sensitive(),
		field.Bool("full_mask").Default(false),
		field.Enum("message_display").Values("CLEAR", "HALF", "FULL").Optional().Nillable(),
		field.Int64("notice_sequence").Default(0),
		field.Bool("reachable").Default(false),
		field.Bool("push_wanted").Default(true),
		field.Bool("sms_wanted").Default(false),
		field.Int("quiet_from").Optional().Nillable(),
		field.Int("quiet_until").Optional().Nillable(),
		field.Bytes("person_index").Optional().Sensitive(),
		field.Bool("adult").Optional().Nillable(),
		field.Int("verify_tries").Default(0),
		mixin.Instant("verify_since"),
		field.Int("bind_tries").Default(0),
		mixin.Instant("bind_since"),
		mixin.Instant("minor_since"),
		mixin.Instant("guardian_consented_at"),
		mixin.Instant("closed_at"),
	}
}

// Policy of Account.
func (Account) Policy() ent.Policy { return policy.Account() }
