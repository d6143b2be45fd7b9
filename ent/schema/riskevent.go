package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// RiskEvent is something that looked like an attack on an account, a member of staff or the service (R086).
type RiskEvent struct{ ent.Schema }

// Mixin of RiskEvent.
func (RiskEvent) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}} }

// Fields of RiskEvent. Nothing of a person is kept but the row of the account; path is that of a URL,
// without query and fragment.
func (RiskEvent) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("kind").Values("REFRESH_TOKEN_REUSED", "CODE_GUESSED", "PLATES_PROBED", "QUOTES_PROBED",
			"VERIFICATION_ABUSED", "STAFF_LOCKED", "CALLBACK_FORGED", "STEP_UP", "NEW_DEVICE", "RISKY_URL").Immutable(),
		field.Enum("outcome").Values("NOTED", "BLOCKED", "PASSED", "FAILED").Immutable(),
		field.Int64("account_id").Optional().Nillable().Immutable(),
		field.Int64("staff_id").Optional().Nillable().Immutable(),
		field.String("path").Optional().Immutable(),
		mixin.Since("occurred_at"),
	}
}

// Indexes of RiskEvent.
func (RiskEvent) Indexes() []ent.Index {
	return []ent.Index{index.Fields("account_id"), index.Fields("occurred_at")}
}

// Policy of RiskEvent.
func (RiskEvent) Policy() ent.Policy { return policy.RiskEvent() }
