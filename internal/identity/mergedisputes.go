package identity

import (
	"context"
	"fmt"

	"parkbff/ent/chargedispute"
	"parkbff/ent/sharedspace"
)

// Where packages dispute and space seal what an account typed or showed.
const (
	fieldComplaint = "charge_dispute.words"
	fieldSpace     = "shared_space.owner"
)

// moveComplaints moves disputes of charges; of two about one stay the survivor's stays.
func (g *merging) moveComplaints(ctx context.Context) error {
	rows, err := g.tx.ChargeDispute.Query().Where(chargedispute.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read disputes of charges: %w", err)
	}
	for _, row := range rows {
		twice, err := g.tx.ChargeDispute.Query().Where(chargedispute.AccountID(g.to), chargedispute.SessionID(row.SessionID)).Exist(ctx)
		if err == nil && twice {
			err = g.tx.ChargeDispute.DeleteOne(row).Exec(ctx)
		} else if err == nil {
			var words []byte
			if words, err = g.reseal(ctx, fieldComplaint, row.Words); err == nil {
				err = g.tx.ChargeDispute.UpdateOneID(row.ID).SetWords(words).Modify(g.moved).Exec(ctx)
			}
		}
		if err != nil {
			return fmt.Errorf("move the dispute of a charge: %w", err)
		}
	}
	return nil
}

// moveSpaces moves the bays that the other account offers.
func (g *merging) moveSpaces(ctx context.Context) error {
	rows, err := g.tx.SharedSpace.Query().Where(sharedspace.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read spaces: %w", err)
	}
	for _, row := range rows {
		change := g.tx.SharedSpace.UpdateOneID(row.ID)
		if row.Owner != nil {
			owner, err := g.reseal(ctx, fieldSpace, row.Owner)
			if err != nil {
				return err
			}
			change.SetOwner(owner)
		}
		if err := change.Modify(g.moved).Exec(ctx); err != nil {
			return fmt.Errorf("move the space: %w", err)
		}
	}
	return nil
}
