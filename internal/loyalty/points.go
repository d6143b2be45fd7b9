package loyalty

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/pointentry"
	"parkbff/ent/pointlot"
	"parkbff/ent/pointuse"
)

// Paid is what an account has paid for a stay, and was kept.
type Paid struct {
	AccountID, PaymentID, OrderID int64
	Fen                           int64
}

// Earn gives an account the points of what it has paid, in the transaction that books it: one for each whole yuan, times
// what its level brings. Whoever takes no part earns none. A payment earns once.
func (s *Service) Earn(ctx context.Context, tx *ent.Tx, p Paid) error {
	if pointsOf(p.Fen, steps()[0].percent) == 0 {
		return nil
	}
	if agreed, err := s.agrees(ctx, tx, p.AccountID); err != nil || !agreed {
		return err
	}
	if done, err := moved(ctx, tx, pointentry.KindEARNED, pointentry.CausePAYMENT, p.PaymentID); err != nil || done {
		return err
	}
	m, err := s.begun(ctx, tx, p.AccountID)
	if err != nil {
		return err
	}
	earned, err := s.earnedLately(ctx, tx.Client(), m.ID)
	if err != nil {
		return err
	}
	at, _ := stepAt(earned)
	return s.credit(ctx, tx, m, movement{
		kind: pointentry.KindEARNED, cause: pointentry.CausePAYMENT, causeID: p.PaymentID, order: &p.OrderID,
	}, []parcel{{pointsOf(p.Fen, at.percent), lapsesAt(s.clock.Now()), &p.PaymentID, at.percent}})
}

// GivenBack is that something of a payment goes back.
type GivenBack struct {
	PaymentID, RefundID, OrderID int64
	Before, After                int64 // fen that were kept of it, and that are
}

// TakeBack takes back what the part of a payment had earned that goes back, in the transaction that decides so. What is
// not there any more, because it was spent, is owed: the next earnings pay it. Of points that have lapsed none are taken.
func (s *Service) TakeBack(ctx context.Context, tx *ent.Tx, g GivenBack) error {
	of, err := tx.PointLot.Query().Where(pointlot.PaymentID(g.PaymentID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("read the points of the payment: %w", err)
	case !s.clock.Now().Before(of.ExpiresAt):
		return nil
	}
	wanted := pointsOf(g.Before, of.Percent) - pointsOf(g.After, of.Percent)
	if wanted == 0 {
		return nil
	}
	m, err := tx.Membership.Get(ctx, of.MembershipID)
	if err != nil {
		return fmt.Errorf("read the membership: %w", err)
	}
	if err := s.lapse(ctx, tx, m); err != nil {
		return err
	}
	others, err := there(ctx, tx, m)
	if err != nil {
		return err
	}
	taken := min(wanted, m.Balance)
	return s.debit(ctx, tx, m, movement{
		kind: pointentry.KindTAKEN_BACK, cause: pointentry.CauseREFUND, causeID: g.RefundID, points: -taken, owed: wanted - taken, order: &g.OrderID,
	}, firstOf(of.ID, others))
}

// firstOf puts one of some lots before the others.
func firstOf(row int64, lots []*ent.PointLot) []*ent.PointLot {
	var first, rest []*ent.PointLot
	for _, lot := range lots {
		if lot.ID == row {
			first = append(first, lot)
		} else {
			rest = append(rest, lot)
		}
	}
	return append(first, rest...)
}

// Spend takes points of an account for an order of the mall, those that lapse first before the others. Error: NotEnough,
// also for as many as are owed.
func (s *Service) Spend(ctx context.Context, tx *ent.Tx, accountID, points, mallOrder int64) error {
	m, err := s.held(ctx, tx, accountID)
	switch {
	case err != nil:
		return err
	case m == nil || m.Balance-m.OwedPoints < points:
		return NotEnough
	}
	lots, err := there(ctx, tx, m)
	if err != nil {
		return err
	}
	return s.debit(ctx, tx, m, movement{
		kind: pointentry.KindSPENT, cause: pointentry.CauseMALL_ORDER, causeID: mallOrder, points: -points,
	}, lots)
}

// Return gives back the points that an order of the mall had cost, once. They lapse when they would have lapsed, at once
// where that is over.
func (s *Service) Return(ctx context.Context, tx *ent.Tx, mallOrder int64) error {
	if done, err := moved(ctx, tx, pointentry.KindRETURNED, pointentry.CauseMALL_ORDER, mallOrder); err != nil || done {
		return err
	}
	spent, err := tx.PointEntry.Query().Where(pointentry.KindEQ(pointentry.KindSPENT), pointentry.CauseEQ(pointentry.CauseMALL_ORDER),
		pointentry.CauseID(mallOrder)).WithMembership().Only(ctx)
	if err != nil {
		return fmt.Errorf("read what was spent: %w", err)
	}
	uses, err := tx.PointUse.Query().Where(pointuse.EntryID(spent.ID)).Order(pointuse.ByID()).WithLot().All(ctx)
	if err != nil {
		return fmt.Errorf("read which points were spent: %w", err)
	}
	parcels := make([]parcel, len(uses))
	for i, use := range uses {
		parcels[i] = parcel{points: use.Points, expires: use.Edges.Lot.ExpiresAt}
	}
	m := spent.Edges.Membership
	if err := s.lapse(ctx, tx, m); err != nil {
		return err
	}
	err = s.credit(ctx, tx, m, movement{kind: pointentry.KindRETURNED, cause: pointentry.CauseMALL_ORDER, causeID: mallOrder}, parcels)
	if err != nil {
		return err
	}
	return s.lapse(ctx, tx, m)
}
