package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// Follower is what an official account last told about one of its followers, whether or not the person has
// an account here (R023).
type Follower struct{ ent.Schema }

// Mixin of Follower.
func (Follower) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of Follower. Of the person only keyed hashes are kept. told_at is the platform's time of the event
// told last: an older one changes nothing.
func (Follower) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("channel").Values("WECHAT_OFFICIAL", "ALIPAY_LIFE").Immutable(),
		field.Bytes("subject_index").Immutable().Sensitive(),
		field.Bytes("union_index").Optional().Sensitive(),
		field.Bool("following"),
		field.Time("told_at"),
	}
}

// Indexes of Follower.
func (Follower) Indexes() []ent.Index {
	return []ent.Index{index.Fields("channel", "subject_index").Unique(), index.Fields("union_index")}
}

// Policy of Follower.
func (Follower) Policy() ent.Policy { return policy.SystemOnly() }
