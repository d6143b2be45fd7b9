package payout

import (
	"context"
	"errors"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/payoutaccount"
	"parkbff/ent/settlement"
	"parkbff/ent/settlementitem"
	"parkbff/ent/sharedspace"
	"parkbff/ent/task"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/partner/charge"
	"parkbff/internal/privacy"
	"parkbff/internal/viewer"
)

// settledAtOnce bounds what is read at once.
const settledAtOnce = 200

// SettleDue makes the settlements of the day: each account whose card was set before today, and was not refused, is paid
// what it is owed and is not being paid already, if that is ledger.LeastPayout or more. However many replicas do it, a day makes one
// settlement of an account.
func (s *Service) SettleDue(ctx context.Context) error {
	if s.Bank == nil {
		return nil
	}
	ctx = viewer.AsSystem(ctx, jobSettle)
	var failed []error
	for after := int64(0); ; {
		due, err := s.Store.Fresh(ctx).PayoutAccount.Query().
			Where(payoutaccount.RefusedAtIsNil(), payoutaccount.DueAtLTE(s.Clock.Now()), payoutaccount.IDGT(after)).
			Order(ent.Asc(payoutaccount.FieldID)).Limit(settledAtOnce).IDs(ctx)
		if err != nil {
			return errors.Join(append(failed, fmt.Errorf("find whom to settle with: %w", err))...)
		}
		for _, row := range due {
			after = row
			failed = append(failed, s.write(ctx, jobSettle, func(ctx context.Context, tx *ent.Tx) error { return s.settle(ctx, tx, row) }))
		}
		if len(due) < settledAtOnce {
			return errors.Join(failed...)
		}
	}
}

// settle makes the settlement of an account, if it is still due. It holds the account's row.
func (s *Service) settle(ctx context.Context, tx *ent.Tx, row int64) error {
	now := s.Clock.Now()
	n, err := tx.PayoutAccount.Update().
		Where(payoutaccount.ID(row), payoutaccount.RefusedAtIsNil(), payoutaccount.DueAtLTE(now)).SetDueAt(tomorrow(now)).Save(ctx)
	if err != nil {
		return fmt.Errorf("hold the payout account: %w", err)
	}
	if n == 0 {
		return nil
	}
	of, err := tx.PayoutAccount.Get(ctx, row)
	if err != nil {
		return fmt.Errorf("read the payout account: %w", err)
	}
	items, fen, err := s.toPay(ctx, tx, of.AccountID)
	if err != nil || fen < ledger.LeastPayout {
		return err
	}
	return s.create(ctx, tx, of, items, fen)
}

// item is what is to be paid for one space.
type item struct {
	space *ent.SharedSpace
	fen   int64
}

// toPay answers what an account is owed, and is not being paid already, by space.
func (s *Service) toPay(ctx context.Context, tx *ent.Tx, accountID int64) (items []item, fen int64, err error) {
	spaces, err := tx.SharedSpace.Query().Where(sharedspace.AccountID(accountID)).Order(ent.Asc(sharedspace.FieldID)).All(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("read the account's spaces: %w", err)
	}
	owed, held, err := standing(ctx, tx.Client(), rowsOf(spaces))
	if err != nil {
		return nil, 0, err
	}
	for _, space := range spaces {
		if left := owed[space.ID] - held[space.ID]; left > 0 {
			items = append(items, item{space, left})
			fen += left
		}
	}
	return items, fen, nil
}

func rowsOf(spaces []*ent.SharedSpace) []int64 {
	rows := make([]int64, len(spaces))
	for i, space := range spaces {
		rows[i] = space.ID
	}
	return rows
}

// standing answers what is owed for spaces, and what of it pending settlements hold.
func standing(ctx context.Context, c *ent.Client, spaces []int64) (owed, held map[int64]int64, err error) {
	if owed, err = ledger.OwedToOwners(ctx, c.LedgerLine, spaces); err != nil {
		return nil, nil, err
	}
	var sums []struct {
		SpaceID int64 `json:"space_id"`
		Fen     int64 `json:"fen"`
	}
	err = c.SettlementItem.Query().
		Where(settlementitem.SpaceIDIn(spaces...), settlementitem.HasSettlementWith(settlement.StateEQ(settlement.StatePENDING))).
		Modify(func(q *sql.Selector) {
			q.Select(q.C(settlementitem.FieldSpaceID), "CAST(SUM("+q.C(settlementitem.FieldFen)+") AS bigint) AS fen").
				GroupBy(q.C(settlementitem.FieldSpaceID))
		}).Scan(ctx, &sums)
	if err != nil {
		return nil, nil, fmt.Errorf("sum up what is being paid: %w", err)
	}
	held = map[int64]int64{}
	for _, sum := range sums {
		held[sum.SpaceID] = sum.Fen
	}
	return owed, held, nil
}

func (s *Service) create(ctx context.Context, tx *ent.Tx, of *ent.PayoutAccount, items []item, fen int64) error {
	to, err := s.opened(ctx, of.AccountID, fieldAccount, of.Payee)
	if err != nil {
		return err
	}
	sealed, err := s.sealed(ctx, of.AccountID, fieldSettlement, to)
	if err != nil {
		return err
	}
	number, err := charge.Draw(s.Random)
	if err != nil {
		return err
	}
	made, err := tx.Settlement.Create().SetAccountID(of.AccountID).SetNumber(number).SetFen(fen).SetPayee(sealed).
		SetMaskedCard(privacy.BankAccount(to.Card)).SetCreatedAt(s.Clock.Now()).Save(ctx)
	if err != nil {
		return fmt.Errorf("make a settlement: %w", err)
	}
	err = tx.SettlementItem.MapCreateBulk(items, func(c *ent.SettlementItemCreate, i int) {
		c.SetSettlementID(made.ID).SetSpaceID(items[i].space.ID).SetLotID(items[i].space.LotID).SetBay(items[i].space.Bay).SetFen(items[i].fen)
	}).Exec(ctx)
	if err != nil {
		return fmt.Errorf("make the items of a settlement: %w", err)
	}
	// The task is nobody's: it goes on when the account is erased.
	return s.Tasks.Put(ctx, tx, task.KindPAYOUT, made.ID, 0)
}
