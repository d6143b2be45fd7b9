package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// PayoutAccount is the bank card to which an account's earnings by shared bays are paid (R079). It is held by whoever
// makes a settlement of the account.
type PayoutAccount struct{ ent.Schema }

// Mixin of PayoutAccount.
func (PayoutAccount) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of PayoutAccount. payee is the card, its bank and whose it is, as JSON, for the card that was set at set_at. A
// card that was refused at refused_at is paid to no more. A settlement is made from due_at on.
func (PayoutAccount) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("payee").GoType(vault.Sealed{}).Sensitive(),
		field.Time("set_at"),
		mixin.Instant("refused_at"),
		field.Time("due_at"),
	}
}

// Indexes of PayoutAccount: an account has one.
func (PayoutAccount) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("account_id").Unique().StorageKey("payoutaccount_one"),
		index.Fields("due_at", "id"),
	}
}

// Policy of PayoutAccount.
func (PayoutAccount) Policy() ent.Policy { return policy.PayoutAccount() }
