package parking

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/parkingsession"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

const mostCounted = 100_000

// CountLot records how many cars were counted in a lot. A count of none is evidence that every car
// that had come before it has gone: its stays become GHOSTs, and their number is answered. It is for
// the staff and the gates of the lot. Errors: UnknownLot, InvalidLotCount, InFuture, fault.Forbidden.
func (s *Service) CountLot(ctx context.Context, lotCode string, occupied int, at time.Time) (int, error) {
	lot, ok := s.Lot(lotCode)
	v := viewer.Of(ctx)
	switch {
	case v.Kind == viewer.Anonymous:
		return 0, fault.Unauthenticated
	case !ok:
		return 0, UnknownLot.At("lotCode")
	case !v.WorksAt(lot.Row):
		return 0, fault.Forbidden
	case occupied < 0 || occupied > mostCounted:
		return 0, InvalidLotCount.At("occupied")
	case at.After(s.clock.Now().Add(clockSkew)):
		return 0, InFuture.At("countedAt")
	case occupied > 0:
		return 0, nil
	}
	ghosts := 0
	err := s.store.WithTx(viewer.AsSystem(ctx, jobCount), func(ctx context.Context, tx *ent.Tx) (err error) {
		ghosts, err = tx.ParkingSession.Update().
			Where(parkingsession.LotID(lot.Row), parkingsession.StateEQ(parkingsession.StateOPEN),
				parkingsession.EnteredAtLT(at)).
			SetState(parkingsession.StateGHOST).SetGoneBefore(at).Modify(owingWhatWasPaid).Save(ctx)
		if err != nil {
			return fmt.Errorf("make ghosts: %w", err)
		}
		return nil
	})
	return ghosts, err
}

// owingWhatWasPaid makes the fee what has been paid and taken off: a GHOST owes nothing more and gets nothing back by
// itself.
func owingWhatWasPaid(u *sql.UpdateBuilder) {
	u.Set(parkingsession.FieldFeeFen, sql.Expr(u.Quote(parkingsession.FieldPaidFen)+" + "+u.Quote(parkingsession.FieldDiscountedFen)))
}
