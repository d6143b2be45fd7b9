package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// Task is slow work outside, written in the transaction that causes it and done by whichever replica takes
// it (design §7). It is deleted when it is done.
type Task struct{ ent.Schema }

// Mixin of Task.
func (Task) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of Task. about_id is the row that the kind is about. It is not taken up before due_at; whoever has
// taken it up holds it until held_until, so that two replicas do not do it at once. A dead one has failed for
// good, or too often, and waits for an operator; failure is the code of its last failure.
func (Task) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("kind").Values("NOTICE", "DELIVERY", "PAYMENT", "REFUND", "INVOICE", "INVOICE_DELIVERY", "AGREEMENT", "AGREED_ENTRY", "AGREED_EXIT", "PAYOUT").Immutable(),
		field.Int64("about_id").Immutable(),
		field.Int64("account_id").Optional().Nillable().Immutable(),
		field.Enum("state").Values("WAITING", "DEAD").Default("WAITING"),
		field.Int("attempts").Default(0),
		field.Time("due_at"),
		mixin.Instant("held_until"),
		field.String("failure").Optional(),
		mixin.Instant("died_at"),
	}
}

// Indexes of Task: what is due, what is dead, and one task to each cause.
func (Task) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("kind", "about_id").Unique(),
		index.Fields("due_at").Annotations(entsql.IndexWhere("state = 'WAITING'")).StorageKey("task_waiting"),
		index.Fields("died_at").Annotations(entsql.IndexWhere("state = 'DEAD'")).StorageKey("task_dead"),
		index.Fields("account_id").Annotations(entsql.IndexWhere("account_id IS NOT NULL")),
	}
}

// Policy of Task.
func (Task) Policy() ent.Policy { return policy.Task() }
