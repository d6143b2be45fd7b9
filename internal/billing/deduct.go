package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/task"
	"parkbff/internal/money"
	"parkbff/internal/outbox"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
)

// Collection is what a channel is to take for a stay by an agreement, without anybody's doing anything (R020).
type Collection struct {
	SessionID, LotID       int64
	AccountID, AgreementID int64
	Channel                money.Channel
	Way                    money.Way
	Fen                    int64
}

const (
	// deductWithin is until when the channel is asked to deduct. What became of it is asked until it is known.
	deductWithin = 10 * time.Minute
	// patience is how long whoever waits at a barrier waits for the channel before the lane's screen asks for the money.
	patience = 20 * time.Second
	// deductLook is the first pause between two looks at a deduction; each further one is as long as all before.
	deductLook = time.Second
)

// Collect writes down, in the transaction tx and as the system, that a channel is to deduct what a stay owes, less what
// merchants gave, with the task that has it do so, and tells whether that has begun; where they bear it all, that is done
// at once. For a stay of which a deduction has failed none begins again, and one that is under way is not begun twice.
func (s *Service) Collect(ctx context.Context, tx *ent.Tx, c Collection) (begun bool, err error) {
	before, err := tx.Payment.Query().
		Where(payment.AgreementIDNotNil(), payment.StateNEQ(payment.StateSUCCEEDED), payment.HasOrderWith(paymentorder.SessionID(c.SessionID))).
		Order(ent.Desc(payment.FieldID)).First(ctx)
	switch {
	case err == nil:
		return before.State != payment.StateCLOSED, nil
	case !ent.IsNotFound(err):
		return false, fmt.Errorf("look for an earlier deduction: %w", err)
	}
	if err := s.closeOpen(ctx, tx, c.SessionID); err != nil {
		return false, err
	}
	number, err := charge.Draw(s.random)
	if err != nil {
		return false, err
	}
	key := s.vault.Index("idempotency", "deduct|own|"+number)
	until := s.clock.Now().Add(deductWithin)
	owed, err := s.stays.Owed(ctx, tx, c.SessionID, s.clock.Now())
	if err != nil {
		return false, err
	}
	order, parts, err := s.openWithGiven(ctx, tx, key, owed, opening{
		kind: paymentorder.KindSTAY, account: &c.AccountID, session: &c.SessionID, lot: c.LotID, fee: c.Fen, until: until,
	})
	switch {
	case err != nil:
		return false, err
	case order.DueFen == 0:
		_, err := s.settleByVouchers(ctx, tx, order, parts)
		return true, err
	}
	row, err := tx.Payment.Create().SetOrderID(order.ID).SetLotID(c.LotID).SetAccountID(c.AccountID).SetAgreementID(c.AgreementID).
		SetChannel(c.Channel).SetWay(c.Way).SetNumber(number).SetFen(order.DueFen).SetExpiresAt(until).SetCreatedAt(s.clock.Now()).
		SetKeyHash(key).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("write the deduction: %w", err)
	}
	return true, s.tasks.Put(ctx, tx, task.KindPAYMENT, row.ID, 0)
}

// deduct has a channel deduct, and asks until it is known what became of it. What is refused is asked for at the lane
// and by a notice; what takes long is asked for at the lane meanwhile.
func (s *Service) deduct(ctx context.Context, row *ent.Payment) error {
	order, err := s.store.Fresh(ctx).PaymentOrder.Get(ctx, row.OrderID)
	if err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	receipt, err := s.askToDeduct(ctx, row, *order.SessionID)
	switch {
	case errors.Is(err, charge.AlreadyPaid):
		if receipt, err = s.agreements.FindDeduction(ctx, row.Channel, named(row)); err != nil {
			return err
		}
	case errors.Is(err, charge.Declined), errors.Is(err, charge.Refused):
		return s.declined(ctx, row)
	}
	switch {
	case err != nil:
		return errors.Join(err, s.askMeanwhile(ctx, row, *order.SessionID))
	case receipt.State == charge.Done:
		return s.Received(ctx, row.Channel, receipt)
	case receipt.State == charge.Closed:
		return s.declined(ctx, row)
	}
	if err := s.pending(ctx, row.ID); err != nil {
		return err
	}
	if err := s.askMeanwhile(ctx, row, *order.SessionID); err != nil {
		return err
	}
	now := s.clock.Now()
	return outbox.Postpone(now.Add(max(deductLook, now.Sub(row.CreatedAt))))
}

func (s *Service) askToDeduct(ctx context.Context, row *ent.Payment, sessionID int64) (charge.Receipt, error) {
	if row.State == payment.StatePENDING {
		return s.agreements.FindDeduction(ctx, row.Channel, named(row))
	}
	return s.agreements.Deduct(ctx, *row.AgreementID, sessionID, charge.Charge{
		Number: row.Number, Fen: row.Fen, Description: described[paymentorder.KindSTAY], Address: thisMachine,
		CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
	})
}

// askMeanwhile has the lane ask for the money when a channel takes long: whoever pays both ways has one back.
func (s *Service) askMeanwhile(ctx context.Context, row *ent.Payment, sessionID int64) error {
	if s.clock.Now().Before(row.CreatedAt.Add(patience)) {
		return nil
	}
	return s.write(ctx, jobDeduct, func(ctx context.Context, tx *ent.Tx) error { return s.stays.AskToPay(ctx, tx, sessionID) })
}

// declined closes a deduction and its order, and asks for the money.
func (s *Service) declined(ctx context.Context, row *ent.Payment) error {
	return s.write(ctx, jobDeduct, func(ctx context.Context, tx *ent.Tx) error {
		n, err := tx.Payment.Update().
			Where(payment.ID(row.ID), payment.StateIn(payment.StateCREATED, payment.StatePENDING)).SetState(payment.StateCLOSED).Save(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("close the deduction: %w", err)
		case n == 0:
			return nil
		}
		if err := s.closeOrders(ctx, tx, paymentorder.CloseReasonDECLINED, paymentorder.ID(row.OrderID)); err != nil {
			return err
		}
		order, err := tx.PaymentOrder.Get(ctx, row.OrderID)
		if err != nil {
			return fmt.Errorf("read the order: %w", err)
		}
		if err := s.stays.AskToPay(ctx, tx, *order.SessionID); err != nil {
			return err
		}
		if row.AccountID == nil {
			return nil
		}
		return s.stays.TellDeclined(ctx, tx, parking.Payment{
			SessionID: *order.SessionID, AccountID: *row.AccountID, Fen: row.Fen, PaidAt: s.clock.Now(),
		})
	})
}

// pending notes that a channel has taken a payment in.
func (s *Service) pending(ctx context.Context, row int64) error {
	return s.write(ctx, jobPay, func(ctx context.Context, tx *ent.Tx) error {
		return tx.Payment.Update().Where(payment.ID(row), payment.StateEQ(payment.StateCREATED)).SetState(payment.StatePENDING).Exec(ctx)
	})
}
