package policy

import (
	"context"

	"entgo.io/ent"

	gen "parkbff/ent"
	"parkbff/ent/privacy"
	"parkbff/ent/reservation"
)

// Reservation is read by the account that made it, and by the staff of its lot as long as it is anybody's.
func Reservation() ent.Policy {
	return own(privacy.ReservationQueryRuleFunc(func(ctx context.Context, q *gen.ReservationQuery) error {
		if err := staffAtLots(ctx, func(ids []int64) { q.Where(reservation.LotIDIn(ids...), reservation.AccountIDNotNil()) }); err != privacy.Skip {
			return err
		}
		return driver(ctx, func(id int64) { q.Where(reservation.AccountID(id)) })
	}))
}
