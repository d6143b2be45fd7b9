package billing

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/refund"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/discount"
	"parkbff/internal/money"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
)

// Received takes in what a channel says of a payment that was made, as often as it says so. What is owed is taken
// and settles the stay; the rest, which nobody owed, goes back at once: a second payment for the same stay, one
// that came too late, or one of another amount. Of a payment that was not made nothing is noted.
//
// Errors: UnknownPayment; UNAVAILABLE.
func (s *Service) Received(ctx context.Context, channel money.Channel, r charge.Receipt) error {
	if r.State != charge.Done {
		return nil
	}
	return s.write(ctx, jobReceive, func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.Payment.Query().Where(payment.Number(r.Number), payment.ChannelEQ(channel)).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			return UnknownPayment
		case err != nil:
			return fmt.Errorf("read the payment: %w", err)
		case row.State == payment.StateSUCCEEDED:
			return s.repaid(ctx, tx, row, r)
		}
		order, err := tx.PaymentOrder.Get(ctx, row.OrderID)
		if err != nil {
			return fmt.Errorf("read the order: %w", err)
		}
		return s.receive(ctx, tx, order, row, r)
	})
}

// receive books money that has arrived.
func (s *Service) receive(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, row *ent.Payment, r charge.Receipt) error {
	r.PaidAt = s.instant(r.PaidAt)
	parts, err := s.usable(ctx, tx, order)
	if err != nil {
		return err
	}
	settled, err := s.settle(ctx, tx, order, parking.Payment{
		AccountID: accountOf(row), Fen: r.Fen, DiscountFen: discount.Total(parts), PaidAt: r.PaidAt,
	})
	if err != nil {
		return err
	}
	taken := settled.Fen
	if err := succeed(ctx, tx, row, r, taken); err != nil {
		return err
	}
	err = s.book.Write(ctx, tx, ledger.Movement{
		Cause: ledgerentry.CausePAYMENT, CauseID: row.ID, LotID: row.LotID, OrderID: order.ID, SessionID: order.SessionID,
		ShiftID: row.ShiftID, OccurredAt: r.PaidAt, Lines: ledger.Received(row.Channel, s.purposeOf(order).earning(), taken, r.Fen-taken),
	})
	if err != nil {
		return err
	}
	if err := s.takeOff(ctx, tx, order, parts, settled.DiscountFen, r.PaidAt); err != nil {
		return err
	}
	if err := s.advance(ctx, tx, order, row, r, settled); err != nil {
		return err
	}
	if err := s.earn(ctx, tx, order, row, taken); err != nil {
		return err
	}
	if err := s.letGo(ctx, tx, order, settled); err != nil {
		return err
	}
	if surplus := r.Fen - taken; surplus > 0 {
		_, err = s.decide(ctx, tx, decision{payment: row, fen: surplus, reason: refund.ReasonSURPLUS, key: s.ownKey("surplus", row.ID)})
	}
	return err
}

// repaid notes of a payment that was received before that its payer owes it to the channel no more (R035).
func (s *Service) repaid(ctx context.Context, tx *ent.Tx, row *ent.Payment, r charge.Receipt) error {
	if !r.Repaid {
		return nil
	}
	err := tx.PaymentOrder.Update().Where(paymentorder.ID(row.OrderID), paymentorder.Deferred(true)).SetDeferred(false).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note that the channel has been repaid: %w", err)
	}
	return nil
}

// settle books what is owed. For an order that has been refunded nothing is.
func (s *Service) settle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by parking.Payment) (parking.Settled, error) {
	if order.State == paymentorder.StateREFUNDED {
		return parking.Settled{}, nil
	}
	return s.purposeOf(order).settle(ctx, tx, order, by)
}

// letGo lets the car go of a stay that is covered and booked.
func (s *Service) letGo(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, settled parking.Settled) error {
	if !settled.Covers {
		return nil
	}
	return s.stays.LetOut(ctx, tx, *order.SessionID)
}

// instant is when a channel says that it was paid, if that can be.
func (s *Service) instant(said time.Time) time.Time {
	if now := s.clock.Now(); said.IsZero() || said.After(now) {
		return now
	}
	return said
}

func succeed(ctx context.Context, tx *ent.Tx, row *ent.Payment, r charge.Receipt, taken int64) error {
	done := tx.Payment.Update().Where(payment.ID(row.ID), payment.StateEQ(row.State)).
		SetState(payment.StateSUCCEEDED).SetPaidAt(r.PaidAt).SetPaidFen(r.Fen).SetTakenFen(taken)
	if r.Transaction != "" {
		done.SetTransactionID(r.Transaction)
	}
	n, err := done.Save(ctx)
	return store.ChangedOne(n, err, "note the payment")
}

// advance moves an order on when money has arrived. An order for which nothing was owed any more is closed.
func (s *Service) advance(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by *ent.Payment, r charge.Receipt, taken parking.Settled) error {
	moved := tx.PaymentOrder.Update().
		Where(paymentorder.ID(order.ID), paymentorder.StateEQ(order.State), paymentorder.TakenFen(order.TakenFen))
	switch {
	case taken.Fen+taken.DiscountFen > 0:
		moved.AddTakenFen(taken.Fen).AddDiscountedFen(taken.DiscountFen).SetState(paymentorder.StatePAID).
			SetPaidAt(r.PaidAt).SetPaidChannel(by.Channel).SetNillablePaidWay(by.Way).SetDeferred(r.Advanced)
		if order.AccountID == nil && by.AccountID != nil {
			moved.SetAccountID(*by.AccountID)
		}
	case order.State == paymentorder.StateOPEN:
		return s.closeOrders(ctx, tx, paymentorder.CloseReasonREPLACED, paymentorder.ID(order.ID))
	default:
		return nil
	}
	n, err := moved.Save(ctx)
	return store.ChangedOne(n, err, "move the order on")
}

func accountOf(row *ent.Payment) int64 {
	if row.AccountID == nil {
		return 0
	}
	return *row.AccountID
}
