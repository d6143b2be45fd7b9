package identity

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/mallorder"
	"parkbff/ent/membership"
	"parkbff/ent/pointentry"
	"parkbff/ent/pointlot"
)

// movePoints moves what the other has earned and had of the mall. Where both have earned points, one membership has all of
// them, and owes what both owe: what they earned last year makes its level.
func (g *merging) movePoints(ctx context.Context) error {
	if err := g.tx.MallOrder.Update().Where(mallorder.AccountID(g.from)).Modify(g.moved).Exec(ctx); err != nil {
		return fmt.Errorf("move orders of the mall: %w", err)
	}
	theirs, err := g.tx.Membership.Query().Where(membership.AccountID(g.from)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("read the membership: %w", err)
	}
	own, err := g.tx.Membership.Query().Where(membership.AccountID(g.to)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		err = g.tx.Membership.Update().Where(membership.ID(theirs.ID)).Modify(g.moved).Exec(ctx)
	case err == nil:
		err = g.joinMemberships(ctx, own, theirs)
	}
	if err != nil {
		return fmt.Errorf("move the membership: %w", err)
	}
	return nil
}

// joinMemberships makes one of two.
func (g *merging) joinMemberships(ctx context.Context, keep, drop *ent.Membership) error {
	joined := func(u *sql.UpdateBuilder) { u.Set(pointentry.FieldMembershipID, keep.ID) }
	if err := g.tx.PointEntry.Update().Where(pointentry.MembershipID(drop.ID)).Modify(joined).Exec(ctx); err != nil {
		return err
	}
	if err := g.tx.PointLot.Update().Where(pointlot.MembershipID(drop.ID)).Modify(joined).Exec(ctx); err != nil {
		return err
	}
	err := g.tx.Membership.UpdateOne(keep).SetBalance(keep.Balance + drop.Balance).SetOwedPoints(keep.OwedPoints + drop.OwedPoints).Exec(ctx)
	if err != nil {
		return err
	}
	return g.tx.Membership.DeleteOneID(drop.ID).Exec(ctx)
}
