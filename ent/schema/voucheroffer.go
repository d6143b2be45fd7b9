package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"

	"parkbff/ent/schema/mixin"
	"parkbff/ent/schema/policy"
)

// VoucherOffer is a kind of voucher that a lot sells.
type VoucherOffer struct{ ent.Schema }

// Mixin of VoucherOffer.
func (VoucherOffer) Mixin() []ent.Mixin { return []ent.Mixin{mixin.Row{}, mixin.Recorded{}} }

// Fields of VoucherOffer. stock is how many are left: an order takes one, and gives it back when it is closed unpaid.
// What was bought holds for holds_days.
func (VoucherOffer) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("lot_id").Immutable(),
		field.Enum("kind").Values("AMOUNT", "TIME", "WAIVER").Immutable(),
		field.Int64("fen").Default(0).Immutable(),
		field.Int("minutes").Default(0).Immutable(),
		field.Int64("price_fen").Immutable(),
		field.Int("stock").NonNegative(),
		field.Int("holds_days").Immutable(),
		mixin.Since("sold_until"),
		field.Int64("staff_id").Immutable(),
		field.Bytes("key_hash").Unique().Immutable().Sensitive(),
	}
}

// Indexes of VoucherOffer.
func (VoucherOffer) Indexes() []ent.Index { return []ent.Index{index.Fields("lot_id", "id")} }

// Policy of VoucherOffer.
func (VoucherOffer) Policy() ent.Policy { return policy.Published() }
