package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
	"parkbff/internal/money"
	"parkbff/internal/vault"
)

// Agreement is a channel's leave to take money for a car without anybody's doing anything (R020).
type Agreement struct{ ent.Schema }

// Mixin of Agreement.
func (Agreement) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Agreement. A state only moves forward, in the order given. It holds while its binding does. payer is what
// the channel calls the payer, sealed under the account's key.
func (Agreement) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("account_id").Optional().Nillable(),
		field.Int64("vehicle_id").Immutable(),
		field.Int64("binding_id").Immutable(),
		field.Enum("channel").GoType(money.Channel("")).Immutable(),
		field.Enum("state").Values("OPENING", "OPEN", "CLOSED").Default("OPENING"),
		field.Bytes("payer").GoType(vault.Sealed{}).Optional().Sensitive(),
		mixin.Instant("opened_at"),
		mixin.Instant("closed_at"),
	}
}

// Edges of Agreement.
func (Agreement) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("binding", VehicleBinding.Type).Field("binding_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of Agreement: a car has one open at a channel, and an account asks for one at a time.
func (Agreement) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("vehicle_id", "channel").Unique().StorageKey("agreement_one_open").Annotations(entsql.IndexWhere("state = 'OPEN'")),
		index.Fields("binding_id", "channel").Unique().StorageKey("agreement_one_opening").Annotations(entsql.IndexWhere("state = 'OPENING'")),
		index.Fields("account_id"),
	}
}

// Policy of Agreement.
func (Agreement) Policy() ent.Policy { return policy.Agreement() }

// AgreedStay is a stay of a car with an agreement, as its channel knows it.
type AgreedStay struct{ ent.Schema }

// Mixin of AgreedStay.
func (AgreedStay) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of AgreedStay. number is ours, and the channel knows the stay by it; reference is the channel's, once it has
// been told of the entry. left_at is when the car was last seen leaving, and left_told that the channel knows.
func (AgreedStay) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("agreement_id").Immutable(),
		field.Int64("session_id").Immutable(),
		field.String("number").Unique().Immutable(),
		field.String("reference").Optional(),
		mixin.Instant("left_at"),
		field.Bool("left_told").Default(false),
	}
}

// Edges of AgreedStay.
func (AgreedStay) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("agreement", Agreement.Type).Field("agreement_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.NoAction)),
	}
}

// Indexes of AgreedStay.
func (AgreedStay) Indexes() []ent.Index {
	return []ent.Index{index.Fields("session_id", "agreement_id").Unique()}
}

// Policy of AgreedStay.
func (AgreedStay) Policy() ent.Policy { return policy.AgreedStay() }
