package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/payoutaccount"
	"parkbff/ent/reservation"
	"parkbff/ent/settlement"
	"parkbff/ent/sharedspace"
	"parkbff/internal/billing/ledger"
)

// Where package payout seals to whose card something is paid.
const (
	fieldPayoutAccount = "payout_account.payee"
	fieldSettlement    = "settlement.payee"
)

// owesEarnings tells whether an account has earned by shared bays what was not paid yet, or is being paid, or will earn
// because a bay of it is reserved: with the account it would be known no more whose that is.
func owesEarnings(ctx context.Context, tx *ent.Tx, accountID int64) (bool, error) {
	pending, err := tx.Settlement.Query().Where(settlement.AccountID(accountID), settlement.StateEQ(settlement.StatePENDING)).Exist(ctx)
	if err != nil || pending {
		return pending, err
	}
	spaces, err := tx.SharedSpace.Query().Where(sharedspace.AccountID(accountID)).IDs(ctx)
	if err != nil {
		return false, fmt.Errorf("read the account's spaces: %w", err)
	}
	reserved, err := tx.Reservation.Query().Where(reservation.SpaceIDIn(spaces...),
		reservation.StateIn(reservation.StateHELD, reservation.StateCONFIRMED, reservation.StateARRIVED)).Exist(ctx)
	switch {
	case err != nil:
		return false, fmt.Errorf("look who has reserved the account's spaces: %w", err)
	case reserved:
		return true, nil
	}
	owed, err := ledger.OwedToOwners(ctx, tx.LedgerLine, spaces)
	sum := int64(0)
	for _, fen := range owed {
		sum += fen
	}
	return sum >= ledger.LeastPayout, err
}

// endSettlements keeps what was paid out, and forgets to whom and to which card. A settlement that is being paid is followed
// up all the same.
func endSettlements(ctx context.Context, tx *ent.Tx, accountID int64) (items int, err error) {
	return tx.Settlement.Update().Where(settlement.AccountID(accountID)).ClearAccountID().ClearPayee().ClearMaskedCard().Save(ctx)
}

// moveEarnings moves settlements, and the card to which they are paid, unless the survivor has one of its own.
func (g *merging) moveEarnings(ctx context.Context) error {
	if err := g.moveCard(ctx); err != nil {
		return err
	}
	rows, err := g.tx.Settlement.Query().Where(settlement.AccountID(g.from)).All(ctx)
	if err != nil {
		return fmt.Errorf("read settlements: %w", err)
	}
	for _, row := range rows {
		change := g.tx.Settlement.Update().Where(settlement.ID(row.ID)).SetAccountID(g.to)
		if row.Payee != nil {
			payee, err := g.reseal(ctx, fieldSettlement, row.Payee)
			if err != nil {
				return err
			}
			change.SetPayee(payee)
		}
		if err := change.Exec(ctx); err != nil {
			return fmt.Errorf("move the settlement: %w", err)
		}
	}
	return nil
}

func (g *merging) moveCard(ctx context.Context) error {
	row, err := g.tx.PayoutAccount.Query().Where(payoutaccount.AccountID(g.from)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("read the payout account: %w", err)
	}
	has, err := g.tx.PayoutAccount.Query().Where(payoutaccount.AccountID(g.to)).Exist(ctx)
	if err == nil && has {
		err = g.tx.PayoutAccount.DeleteOne(row).Exec(ctx)
	} else if err == nil {
		var payee []byte
		if payee, err = g.reseal(ctx, fieldPayoutAccount, row.Payee); err == nil {
			err = g.tx.PayoutAccount.UpdateOneID(row.ID).SetPayee(payee).Modify(g.moved).Exec(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("move the payout account: %w", err)
	}
	return nil
}
