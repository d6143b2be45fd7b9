package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/privacy"
	"parkbff/ent/shift"
	"parkbff/internal/viewer"
)

// Shift is read by its member of staff while they work at its lot, and by the managers of that lot.
func Shift() ent.Policy {
	return own(privacy.ShiftQueryRuleFunc(func(ctx context.Context, q *gen.ShiftQuery) error {
		return staffAtLots(ctx, func(ids []int64) {
			v := viewer.Of(ctx)
			q.Where(shift.LotIDIn(ids...), shift.Or(shift.StaffID(v.StaffID), shift.LotIDIn(v.ManagedLotIDs()...)))
		})
	}))
}
