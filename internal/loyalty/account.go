package loyalty

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/membership"
	"parkbff/ent/pointentry"
	"parkbff/ent/pointlot"
	"parkbff/internal/store"
)

// movement is one entry that is about to be written.
type movement struct {
	kind    pointentry.Kind
	cause   pointentry.Cause
	causeID int64
	points  int64 // more than zero when they come
	owed    int64 // by how much what is owed grows
	order   *int64
	expires *time.Time
}

// held answers the membership of an account, or nil, without what has lapsed.
func (s *Service) held(ctx context.Context, tx *ent.Tx, accountID int64) (*ent.Membership, error) {
	row, err := tx.Membership.Query().Where(membership.AccountID(accountID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the membership: %w", err)
	}
	return row, s.lapse(ctx, tx, row)
}

// begun answers the membership of an account, and makes it where there is none.
func (s *Service) begun(ctx context.Context, tx *ent.Tx, accountID int64) (*ent.Membership, error) {
	row, err := s.held(ctx, tx, accountID)
	if err != nil || row != nil {
		return row, err
	}
	row, err = tx.Membership.Create().SetAccountID(accountID).SetCreatedAt(s.clock.Now()).Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the membership has just begun: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the membership: %w", err)
	}
	return row, nil
}

// moved tells whether a cause has moved points of one kind already.
func moved(ctx context.Context, tx *ent.Tx, kind pointentry.Kind, cause pointentry.Cause, causeID int64) (bool, error) {
	done, err := tx.PointEntry.Query().Where(pointentry.KindEQ(kind), pointentry.CauseEQ(cause), pointentry.CauseID(causeID)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look for the entry: %w", err)
	}
	return done, nil
}

// enter writes an entry and what the membership has after it. The membership is held by it until the commit.
func (s *Service) enter(ctx context.Context, tx *ent.Tx, m *ent.Membership, e movement) (*ent.PointEntry, error) {
	n, err := tx.Membership.Update().Where(membership.ID(m.ID), membership.Balance(m.Balance), membership.OwedPoints(m.OwedPoints)).
		SetBalance(m.Balance + e.points).SetOwedPoints(m.OwedPoints + e.owed).Save(ctx)
	if err := store.ChangedOne(n, err, "change the balance"); err != nil {
		return nil, err
	}
	m.Balance, m.OwedPoints = m.Balance+e.points, m.OwedPoints+e.owed
	row, err := tx.PointEntry.Create().SetMembershipID(m.ID).SetKind(e.kind).SetCause(e.cause).SetCauseID(e.causeID).SetPoints(e.points).
		SetOwed(e.owed).SetBalance(m.Balance).SetNillableOrderID(e.order).SetNillableExpiresAt(e.expires).SetCreatedAt(s.clock.Now()).Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the points have just been moved: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the entry: %w", err)
	}
	return row, nil
}

// parcel is points that come and lapse together.
type parcel struct {
	points  int64
	expires time.Time
	payment *int64 // by which they were earned
	percent int
}

// credit has points come, and pays what is owed with them.
func (s *Service) credit(ctx context.Context, tx *ent.Tx, m *ent.Membership, e movement, parcels []parcel) error {
	for i, p := range parcels {
		e.points += p.points
		if i == 0 || p.expires.Before(*e.expires) {
			e.expires = &parcels[i].expires
		}
	}
	owed := m.OwedPoints
	entry, err := s.enter(ctx, tx, m, e)
	if err != nil {
		return err
	}
	lots := make([]*ent.PointLot, len(parcels))
	for i, p := range parcels {
		lots[i], err = tx.PointLot.Create().SetMembershipID(m.ID).SetEntryID(entry.ID).SetNillablePaymentID(p.payment).SetPercent(p.percent).
			SetPoints(p.points).SetRemaining(p.points).SetExpiresAt(p.expires).Save(ctx)
		if err != nil {
			return fmt.Errorf("write the points: %w", err)
		}
	}
	pays := min(owed, e.points)
	if pays == 0 {
		return nil
	}
	return s.debit(ctx, tx, m, movement{
		kind: pointentry.KindTAKEN_BACK, cause: pointentry.CausePOINT_ENTRY, causeID: entry.ID, points: -pays, owed: -pays, order: e.order,
	}, lots)
}

// debit has points go out of lots, in their order, which have as many.
func (s *Service) debit(ctx context.Context, tx *ent.Tx, m *ent.Membership, e movement, lots []*ent.PointLot) error {
	entry, err := s.enter(ctx, tx, m, e)
	if err != nil {
		return err
	}
	left := -e.points
	for _, lot := range lots {
		taken := min(left, lot.Remaining)
		if taken == 0 {
			continue
		}
		n, err := tx.PointLot.Update().Where(pointlot.ID(lot.ID), pointlot.Remaining(lot.Remaining)).SetRemaining(lot.Remaining - taken).Save(ctx)
		if err := store.ChangedOne(n, err, "take points"); err != nil {
			return err
		}
		if err := tx.PointUse.Create().SetEntryID(entry.ID).SetLotID(lot.ID).SetPoints(taken).Exec(ctx); err != nil {
			return fmt.Errorf("write which points were taken: %w", err)
		}
		left -= taken
	}
	if left > 0 {
		return store.Retry(fmt.Errorf("%d points are not there any more", left))
	}
	return nil
}

// there are the lots of which something is left, those that lapse first before the others.
func there(ctx context.Context, tx *ent.Tx, m *ent.Membership) ([]*ent.PointLot, error) {
	lots, err := tx.PointLot.Query().Where(pointlot.MembershipID(m.ID), pointlot.RemainingGT(0)).
		Order(pointlot.ByExpiresAt(), pointlot.ByID()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the points: %w", err)
	}
	return lots, nil
}

// earnedLately are the points that were earned in the last twelve months and not taken back.
func (s *Service) earnedLately(ctx context.Context, db *ent.Client, membershipID int64) (int64, error) {
	query := db.PointEntry.Query().Where(pointentry.MembershipID(membershipID), pointentry.CreatedAtGT(yearBefore(s.clock.Now())),
		pointentry.KindIn(pointentry.KindEARNED, pointentry.KindTAKEN_BACK))
	earned, err := total(ctx, query.Modify(func(q *sql.Selector) {
		q.Select(sumOf(q.C(pointentry.FieldPoints) + " - " + q.C(pointentry.FieldOwed)))
	}))
	if err != nil {
		return 0, fmt.Errorf("sum what was earned: %w", err)
	}
	return max(0, earned), nil
}

// sumOf sums an expression; PostgreSQL would answer a numeric, and of no rows both would answer nothing.
func sumOf(expression string) string { return "CAST(COALESCE(SUM(" + expression + "), 0) AS bigint)" }

// total scans one sum.
func total(ctx context.Context, query interface {
	Ints(ctx context.Context) ([]int, error)
},
) (int64, error) {
	sums, err := query.Ints(ctx)
	if err != nil || len(sums) == 0 {
		return 0, err
	}
	return int64(sums[0]), nil
}
