package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// Erasure is the evidence that an account's data was erased, or the deadline by which it must be (R143).
type Erasure struct{ ent.Schema }

// Mixin of Erasure.
func (Erasure) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of Erasure. account_id names a row that holds nothing personal once erased_at is set; items counts
// the rows that were erased or emptied.
func (Erasure) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("account_id").Unique().Immutable(),
		field.Enum("reason").Values("MINOR_WITHOUT_CONSENT", "ACCOUNT_CLOSED", "ACCOUNTS_MERGED").Immutable(),
		mixin.Since("noticed_at"),
		mixin.Since("deadline"),
		mixin.Instant("erased_at"),
		field.Int("items").Default(0),
	}
}

// Indexes of Erasure: the deadlines that are open are few, and asked for every hour.
func (Erasure) Indexes() []ent.Index {
	return []ent.Index{index.Fields("deadline").Annotations(entsql.IndexWhere("erased_at IS NULL"))}
}

// Policy of Erasure.
func (Erasure) Policy() ent.Policy { return policy.Erasure() }
