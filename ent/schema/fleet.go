package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// Fleet is a company whose vehicles an account verifies by the company's name on their licences (P17).
type Fleet struct{ ent.Schema }

// Mixin of Fleet.
func (Fleet) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}} }

// Fields of Fleet. name_index is the keyed hash of the company's name, with which a licence's owner is
// compared; credit_code_index is that of its unified social credit code (GB 32100).
func (Fleet) Fields() []ent.Field {
	return []ent.Field{
		field.Bytes("name").GoType(vault.Sealed{}).Sensitive(),
		field.Bytes("name_index").Sensitive(),
		field.Bytes("credit_code").GoType(vault.Sealed{}).Sensitive(),
		field.Bytes("credit_code_index").Sensitive(),
		mixin.Instant("ended_at"),
	}
}

// Indexes of Fleet.
func (Fleet) Indexes() []ent.Index {
	return []ent.Index{index.Fields("account_id", "credit_code_index").Unique()}
}

// Policy of Fleet.
func (Fleet) Policy() ent.Policy { return policy.Fleet() }
