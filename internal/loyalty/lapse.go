package loyalty

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/pointentry"
	"parkbff/ent/pointlot"
	"parkbff/internal/viewer"
)

// mostAtOnce bounds how many memberships one look finds of which points have lapsed.
const mostAtOnce = 100

// Lapse writes down which points have lapsed. Whoever spends or is shown points does not wait for it.
func (s *Service) Lapse(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, jobLapse)
	for more := true; more; {
		members, err := s.store.Fresh(ctx).PointLot.Query().Where(pointlot.RemainingGT(0), pointlot.ExpiresAtLTE(s.clock.Now())).
			Modify(func(q *sql.Selector) { q.Select(q.C(pointlot.FieldMembershipID)).Distinct().Limit(mostAtOnce) }).Ints(ctx)
		if err != nil {
			return fmt.Errorf("look for points that have lapsed: %w", err)
		}
		for _, id := range members {
			err := s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
				m, err := tx.Membership.Get(ctx, int64(id))
				if err != nil {
					return fmt.Errorf("read the membership: %w", err)
				}
				return s.lapse(ctx, tx, m)
			})
			if err != nil {
				return err
			}
		}
		more = len(members) == mostAtOnce
	}
	return nil
}

// lapse writes down in one entry which points of a membership have lapsed.
func (s *Service) lapse(ctx context.Context, tx *ent.Tx, m *ent.Membership) error {
	lots, err := tx.PointLot.Query().Where(pointlot.MembershipID(m.ID), pointlot.RemainingGT(0), pointlot.ExpiresAtLTE(s.clock.Now())).
		Order(pointlot.ByExpiresAt(), pointlot.ByID()).All(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look for points that have lapsed: %w", err)
	case len(lots) == 0:
		return nil
	}
	var sum int64
	for _, lot := range lots {
		sum += lot.Remaining
	}
	return s.debit(ctx, tx, m, movement{
		kind: pointentry.KindEXPIRED, cause: pointentry.CausePOINT_LOT, causeID: lots[0].ID, points: -sum,
	}, lots)
}
