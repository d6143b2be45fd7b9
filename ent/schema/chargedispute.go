package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/vault"
)

// ChargeDispute is a person's complaint about what a stay has cost or is to cost them.
type ChargeDispute struct{ ent.Schema }

// Mixin of ChargeDispute.
func (ChargeDispute) Mixin() []ent.Mixin {
	return []ent.Mixin{mixin.Row{}, mixin.Owned{}, mixin.Recorded{}}
}

// Fields of ChargeDispute. words are the person's own. paid_fen is what the account had paid for the stay and not got
// back when it complained, owed_fen what the stay still owed. An instant one was decided by the program as it was made;
// any other is to be decided by due_at. returned_fen and written_off_fen are what it brought. answer is what the member
// of staff who decided has to say to the person.
func (ChargeDispute) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("session_id").Immutable(),
		field.Int64("lot_id").Immutable(),
		field.Enum("reason").Values("NOT_MY_STAY", "WRONG_TIMES", "WRONG_AMOUNT", "CHARGED_TWICE", "OTHER").Immutable(),
		field.Bytes("words").GoType(vault.Sealed{}).Sensitive(),
		field.Int64("paid_fen").Immutable(),
		field.Int64("owed_fen").Immutable(),
		field.Enum("state").Values("OPEN", "UPHELD", "REJECTED").Default("OPEN"),
		field.Bool("instant").Default(false).Immutable(),
		mixin.Since("due_at"),
		mixin.Instant("decided_at"),
		field.Int64("staff_id").Optional().Nillable(),
		field.Int64("returned_fen").Default(0),
		field.Int64("written_off_fen").Default(0),
		field.String("answer").Optional().Sensitive(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Indexes of ChargeDispute: an account disputes a stay once.
func (ChargeDispute) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("session_id", "account_id").Unique(),
		index.Fields("lot_id", "due_at").StorageKey("chargedispute_to_decide"),
	}
}

// Policy of ChargeDispute.
func (ChargeDispute) Policy() ent.Policy { return policy.ChargeDispute() }
