package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/payoutaccount"
	"parkbff/ent/privacy"
	"parkbff/ent/settlement"
	"parkbff/ent/settlementitem"
)

// PayoutAccount is read by its account.
func PayoutAccount() ent.Policy {
	return own(privacy.PayoutAccountQueryRuleFunc(func(ctx context.Context, q *gen.PayoutAccountQuery) error {
		return driver(ctx, func(id int64) { q.Where(payoutaccount.AccountID(id)) })
	}))
}

// Settlement is read by the account that it pays.
func Settlement() ent.Policy {
	return own(privacy.SettlementQueryRuleFunc(func(ctx context.Context, q *gen.SettlementQuery) error {
		return driver(ctx, func(id int64) { q.Where(settlement.AccountID(id)) })
	}))
}

// SettlementItem is read as its settlement.
func SettlementItem() ent.Policy {
	return own(privacy.SettlementItemQueryRuleFunc(func(ctx context.Context, q *gen.SettlementItemQuery) error {
		return driver(ctx, func(id int64) { q.Where(settlementitem.HasSettlementWith(settlement.AccountID(id))) })
	}))
}
