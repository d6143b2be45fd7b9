package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/permit"
	"parkbff/ent/permitperiod"
	"parkbff/ent/plateright"
	"parkbff/ent/privacy"
)

// Permit is read by its account.
func Permit() ent.Policy {
	return own(privacy.PermitQueryRuleFunc(func(ctx context.Context, q *gen.PermitQuery) error {
		return driver(ctx, func(id int64) { q.Where(permit.AccountID(id)) })
	}))
}

// PermitPeriod is read by the account of its permit.
func PermitPeriod() ent.Policy {
	return own(privacy.PermitPeriodQueryRuleFunc(func(ctx context.Context, q *gen.PermitPeriodQuery) error {
		return driver(ctx, func(id int64) { q.Where(permitperiod.HasPermitWith(permit.AccountID(id))) })
	}))
}

// PlateRight is read by the account that has the permit, or that invited, and by the staff of its lot.
func PlateRight() ent.Policy {
	return own(privacy.PlateRightQueryRuleFunc(func(ctx context.Context, q *gen.PlateRightQuery) error {
		if err := staffAtLots(ctx, func(ids []int64) { q.Where(plateright.LotIDIn(ids...)) }); err != privacy.Skip {
			return err
		}
		return driver(ctx, func(id int64) { q.Where(plateright.AccountID(id)) })
	}))
}
