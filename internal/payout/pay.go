package payout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/payoutaccount"
	"parkbff/ent/settlement"
	"parkbff/internal/billing"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
)

const (
	// firstLook is how long after a payout was taken in the bank is asked what became of it; each further look comes
	// after a pause twice as long, an hour at most.
	firstLook = 15 * time.Second
	mostPause = time.Hour
	// unheard is how long a bank may take to hear of a payout that was asked for: what nobody can ask for again, because its
	// account is gone, counts as not paid only then.
	unheard = 24 * time.Hour
)

// errAmount is for people to look at: the bank has paid another amount than it was asked for.
var errAmount = errors.New("the bank says that it has paid another amount")

// pay has the bank pay a settlement, and asks until it is known what became of it (task PAYOUT). The bank is always asked
// first: an earlier try may have paid, and its answer may have been lost.
func (s *Service) pay(ctx context.Context, job outbox.Job) error {
	row, err := s.Store.Fresh(ctx).Settlement.Get(ctx, job.AboutID)
	switch {
	case err != nil:
		return fmt.Errorf("read the settlement: %w", err)
	case row.State != settlement.StatePENDING:
		return nil
	case s.Bank == nil:
		return NotOffered // an operator has taken it away too early
	}
	receipt, err := s.Bank.PayoutStatus(ctx, named(row))
	switch {
	case err != nil:
		return err
	case receipt.State != charge.Unknown:
		return s.decide(ctx, row, receipt)
	case row.Payee == nil || row.AccountID == nil:
		return s.abandon(ctx, row)
	}
	return s.send(ctx, row)
}

func named(row *ent.Settlement) charge.Named {
	return charge.Named{Number: row.Number, CreatedAt: row.CreatedAt}
}

// send asks the bank to pay. What it refuses counts as not paid once it says that nothing became of the number.
func (s *Service) send(ctx context.Context, row *ent.Settlement) error {
	to, err := s.opened(ctx, *row.AccountID, fieldSettlement, row.Payee)
	if err != nil {
		return err
	}
	receipt, err := s.Bank.Payout(ctx, charge.Payout{
		Number: row.Number, Fen: row.Fen, Card: to.Card, Holder: to.Holder, CreatedAt: row.CreatedAt,
	})
	refused, declined := errors.Is(err, charge.Refused), errors.Is(err, charge.Declined)
	if refused || declined {
		receipt, err = s.Bank.PayoutStatus(ctx, named(row))
		if err == nil && receipt.State == charge.Unknown {
			receipt = charge.PayoutReceipt{State: charge.Closed, BadCard: declined}
		}
	}
	if err != nil {
		return err
	}
	return s.decide(ctx, row, receipt)
}

// decide takes in what the bank says of a settlement.
func (s *Service) decide(ctx context.Context, row *ent.Settlement, receipt charge.PayoutReceipt) error {
	switch {
	case receipt.State == charge.Done && receipt.Fen != row.Fen:
		return outbox.Hopeless(errAmount)
	case receipt.State == charge.Done:
		return s.paid(ctx, row.ID, receipt)
	case receipt.State == charge.Closed && receipt.BadCard:
		return s.fail(ctx, row.ID, settlement.ReasonCARD_REFUSED)
	case receipt.State == charge.Closed:
		return s.fail(ctx, row.ID, settlement.ReasonREFUSED)
	}
	now := s.Clock.Now()
	return outbox.Postpone(now.Add(min(max(firstLook, now.Sub(row.CreatedAt)), mostPause)))
}

// abandon gives a settlement up of which the bank has not heard, and to whose card nobody can pay any more.
func (s *Service) abandon(ctx context.Context, row *ent.Settlement) error {
	if until := row.CreatedAt.Add(unheard); s.Clock.Now().Before(until) {
		return outbox.Postpone(until)
	}
	return s.fail(ctx, row.ID, settlement.ReasonACCOUNT_CLOSED)
}

// paid notes that a settlement was paid, and books it: once, however many say so.
func (s *Service) paid(ctx context.Context, id int64, receipt charge.PayoutReceipt) error {
	return s.write(ctx, jobPay, func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.Settlement.Query().Where(settlement.ID(id)).WithItems().Only(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("read the settlement: %w", err)
		case row.State != settlement.StatePENDING:
			return nil
		}
		at := receipt.At.UTC()
		n, err := tx.Settlement.Update().Where(settlement.ID(id), settlement.StateEQ(settlement.StatePENDING)).
			SetState(settlement.StatePAID).SetDecidedAt(at).SetTxnID(receipt.Transaction).ClearPayee().Save(ctx)
		if err := store.ChangedOne(n, err, "note that the settlement is paid"); err != nil {
			return err
		}
		for _, i := range row.Edges.Items {
			err := s.Books.PaidOut(ctx, tx, billing.PaidOut{Item: i.ID, Space: i.SpaceID, Lot: i.LotID, Fen: i.Fen, At: at})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// fail notes that a settlement was not paid: what it held is owed as before. A card that the bank refuses is not paid to
// until it is set anew.
func (s *Service) fail(ctx context.Context, id int64, why settlement.Reason) error {
	return s.write(ctx, jobPay, func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.Settlement.Get(ctx, id)
		switch {
		case err != nil:
			return fmt.Errorf("read the settlement: %w", err)
		case row.State != settlement.StatePENDING:
			return nil
		}
		n, err := tx.Settlement.Update().Where(settlement.ID(id), settlement.StateEQ(settlement.StatePENDING)).
			SetState(settlement.StateFAILED).SetDecidedAt(s.Clock.Now()).SetReason(why).ClearPayee().Save(ctx)
		if err := store.ChangedOne(n, err, "note that the settlement has failed"); err != nil || why != settlement.ReasonCARD_REFUSED {
			return err
		}
		return s.pause(ctx, tx, row)
	})
}

// pause pays nothing more to the card of a settlement, unless its account has set another meanwhile.
func (s *Service) pause(ctx context.Context, tx *ent.Tx, row *ent.Settlement) error {
	if row.AccountID == nil || row.Payee == nil {
		return nil
	}
	current, err := tx.PayoutAccount.Query().Where(payoutaccount.AccountID(*row.AccountID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("read the payout account: %w", err)
	}
	refused, err := s.opened(ctx, *row.AccountID, fieldSettlement, row.Payee)
	if err != nil {
		return err
	}
	now, err := s.opened(ctx, *row.AccountID, fieldAccount, current.Payee)
	if err != nil || now.Card != refused.Card || current.SetAt.After(row.CreatedAt) {
		return err
	}
	n, err := tx.PayoutAccount.Update().Where(payoutaccount.ID(current.ID), payoutaccount.SetAt(current.SetAt)).
		SetRefusedAt(s.Clock.Now()).Save(ctx)
	return store.ChangedOne(n, err, "note that the card was refused")
}
