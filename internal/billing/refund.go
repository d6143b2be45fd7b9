package billing

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/refund"
	"parkbff/ent/task"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/money"
	"parkbff/internal/outbox"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

const longestReason = 200

// NewRefund is what staff give back of an order.
type NewRefund struct {
	IdempotencyKey string
	Order          int64 // its row
	Fen            int64
	Reason         string // kept; 1 to 200 characters
}

// RefundOrder gives back a part of what was paid for an order, or all of it, the way it came. It is for managers of
// the order's lot who have passed the second factor; cash comes out of the drawer of their own shift there. The same key
// refunds once.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, STEP_UP_REQUIRED, NOT_FOUND, idempotent.InvalidKey, KeyReused, InvalidReason,
// RefundTooLarge; shift.Required, shift.DrawerTooLow.
func (s *Service) RefundOrder(ctx context.Context, n NewRefund) (*Order, error) {
	v := viewer.Of(ctx)
	if v.Kind == viewer.Anonymous {
		return nil, fault.Unauthenticated
	}
	order, err := s.seen(ctx, n.Order, "")
	switch {
	case err != nil:
		return nil, err
	case v.Kind != viewer.Staff || !v.ManagesLot(order.LotID):
		return nil, fault.Forbidden
	}
	if err := s.office.SteppedUp(ctx); err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "refund", n.IdempotencyKey)
	switch {
	case err != nil:
		return nil, err
	case n.Reason == "" || utf8.RuneCountInString(n.Reason) > longestReason:
		return nil, InvalidReason
	case n.Fen <= 0:
		return nil, RefundTooLarge
	}
	err = s.write(ctx, jobRefund, func(ctx context.Context, tx *ent.Tx) error {
		return s.refundOnce(ctx, tx, v, key, n)
	})
	if err != nil {
		return nil, err
	}
	return s.Order(ctx, n.Order, "")
}

func (s *Service) refundOnce(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, n NewRefund) error {
	known, err := tx.Refund.Query().Where(refund.KeyHash(key)).Only(ctx)
	switch {
	case err == nil && (known.OrderID != n.Order || known.Fen != n.Fen):
		return idempotent.KeyReused
	case err == nil:
		return nil
	case !ent.IsNotFound(err):
		return fmt.Errorf("look for the refund: %w", err)
	}
	from, err := tx.Payment.Query().
		Where(payment.OrderID(n.Order), payment.StateEQ(payment.StateSUCCEEDED), payment.TakenFenGT(0)).
		Order(ent.Desc(payment.FieldID)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the order's payments: %w", err)
	}
	for _, row := range from {
		if kept(row) >= n.Fen {
			_, err := s.decide(ctx, tx, decision{
				payment: row, fen: n.Fen, reason: refund.ReasonREQUESTED, key: key, staff: v.StaffID, note: n.Reason,
			})
			return err
		}
	}
	return RefundTooLarge
}

// kept is what of a payment was taken and has not gone back.
func kept(row *ent.Payment) int64 {
	surplus := row.PaidFen - row.TakenFen
	return row.TakenFen - (row.RefundedFen - surplus)
}

// decision is that so much of a payment goes back.
type decision struct {
	payment *ent.Payment
	fen     int64
	reason  refund.Reason
	key     []byte
	staff   int64 // 0: the program
	note    string
}

// decide writes down that money goes back, with the task that sees to it; what lies in a drawer has gone back when
// staff say so.
func (s *Service) decide(ctx context.Context, tx *ent.Tx, d decision) (*ent.Refund, error) {
	row, err := s.createRefund(ctx, tx, d)
	if err != nil {
		return nil, err
	}
	n, err := tx.Payment.Update().
		Where(payment.ID(d.payment.ID), payment.RefundedFen(d.payment.RefundedFen)).AddRefundedFen(d.fen).Save(ctx)
	if err := store.ChangedOne(n, err, "note what goes back of the payment"); err != nil {
		return nil, err
	}
	order, err := tx.PaymentOrder.Get(ctx, d.payment.OrderID)
	if err != nil {
		return nil, fmt.Errorf("read the order: %w", err)
	}
	owedBack := ledger.SurplusOwedBack(d.fen)
	if d.reason != refund.ReasonSURPLUS {
		owedBack = ledger.EarningsOwedBack(s.purposeOf(order).earning(), d.fen)
		if err := s.unsettle(ctx, tx, order, d.fen); err != nil {
			return nil, err
		}
		if err := s.takeBack(ctx, tx, d.payment, row.ID, d.fen); err != nil {
			return nil, err
		}
		if err := s.invoices.Refunded(ctx, tx, order.ID); err != nil {
			return nil, err
		}
	}
	err = s.book.Write(ctx, tx, ledger.Movement{
		Cause: ledgerentry.CauseREFUND_DECIDED, CauseID: row.ID, LotID: row.LotID, OrderID: order.ID,
		SessionID: order.SessionID, OccurredAt: row.CreatedAt, Lines: owedBack,
	})
	if err != nil {
		return nil, err
	}
	if d.payment.Channel == money.Cash {
		return row, s.gaveBack(ctx, tx, row, d.payment, row.CreatedAt)
	}
	return row, s.tasks.Put(ctx, tx, task.KindREFUND, row.ID, 0)
}

func (s *Service) createRefund(ctx context.Context, tx *ent.Tx, d decision) (*ent.Refund, error) {
	number, err := charge.Draw(s.random)
	if err != nil {
		return nil, err
	}
	create := tx.Refund.Create().SetPaymentID(d.payment.ID).SetOrderID(d.payment.OrderID).SetLotID(d.payment.LotID).
		SetNumber(number).SetFen(d.fen).SetReason(d.reason).SetKeyHash(d.key).SetCreatedAt(s.clock.Now()).SetNote(d.note)
	if d.staff != 0 {
		create.SetStaffID(d.staff)
	}
	if d.payment.Channel == money.Cash {
		drawer, err := s.drawers.Take(ctx, tx, d.staff, d.payment.LotID, d.fen)
		if err != nil {
			return nil, err
		}
		create.SetShiftID(drawer)
	}
	row, err := create.Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the refund has just been decided: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the refund: %w", err)
	}
	return row, nil
}

// unsettle takes what goes back from the order and its stay.
func (s *Service) unsettle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error {
	back := tx.PaymentOrder.Update().
		Where(paymentorder.ID(order.ID), paymentorder.RefundedFen(order.RefundedFen), paymentorder.StateEQ(order.State)).
		AddRefundedFen(fen)
	if order.RefundedFen+fen == order.TakenFen {
		back.SetState(paymentorder.StateREFUNDED)
	}
	n, err := back.Save(ctx)
	if err := store.ChangedOne(n, err, "note what goes back of the order"); err != nil {
		return err
	}
	return s.purposeOf(order).unsettle(ctx, tx, order, fen)
}

// lookAgain is the pause between two looks at a refund that its channel is busy with.
const lookAgain = time.Minute

// giveBack has a channel give money back, and asks until it has (task REFUND). What the channel cannot give back for
// good is a dead letter, and stays owed in the ledger.
func (s *Service) giveBack(ctx context.Context, job outbox.Job) error {
	row, err := s.store.Fresh(ctx).Refund.Query().Where(refund.ID(job.AboutID)).WithPayment().Only(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the refund: %w", err)
	case row.State == refund.StateDONE:
		return nil
	}
	of := row.Edges.Payment
	offer, ok := s.tills[of.Channel]
	if !ok {
		return ChannelNotOffered
	}
	asked := charge.Refund{
		Number: row.Number, PaymentNumber: of.Number, Fen: row.Fen, PaidFen: of.PaidFen, CreatedAt: row.CreatedAt,
	}
	if of.TransactionID != nil {
		asked.Transaction = *of.TransactionID
	}
	receipt, err := s.askForRefund(ctx, offer.Till, row, asked)
	switch {
	case errors.Is(err, charge.Refused), errors.Is(err, charge.Declined):
		return s.failed(ctx, row.ID, err)
	case err != nil:
		return err
	}
	return s.refunded(ctx, row.ID, receipt)
}

func (s *Service) askForRefund(ctx context.Context, till Till, row *ent.Refund, asked charge.Refund) (charge.RefundReceipt, error) {
	if row.State == refund.StatePENDING {
		return till.FindRefund(ctx, asked)
	}
	return till.Refund(ctx, asked)
}

// Refunded takes in that a channel has given money back, as often as it says so. What it says of a refund that is not
// done, the refund's task hears of. Errors: UnknownPayment; UNAVAILABLE.
func (s *Service) Refunded(ctx context.Context, channel money.Channel, r charge.RefundReceipt) error {
	if r.State != charge.Done {
		return nil
	}
	ctx = viewer.AsSystem(ctx, jobRefund)
	row, err := s.store.Fresh(ctx).Refund.Query().
		Where(refund.Number(r.Number), refund.HasPaymentWith(payment.ChannelEQ(channel))).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return UnknownPayment
	case err != nil:
		return fmt.Errorf("read the refund: %w", err)
	}
	return s.refunded(ctx, row.ID, r)
}

// refunded notes what a channel says of a refund. A refund that is not done is looked at again.
func (s *Service) refunded(ctx context.Context, id int64, r charge.RefundReceipt) error {
	switch r.State {
	case charge.Closed:
		return s.failed(ctx, id, errors.New("the channel has given the refund up"))
	case charge.Done:
		return s.write(ctx, jobRefund, func(ctx context.Context, tx *ent.Tx) error {
			row, err := tx.Refund.Query().Where(refund.ID(id)).WithPayment().Only(ctx)
			switch {
			case err != nil:
				return fmt.Errorf("read the refund: %w", err)
			case row.State == refund.StateDONE:
				return nil
			}
			return s.gaveBack(ctx, tx, row, row.Edges.Payment, s.instant(r.At))
		})
	}
	err := s.write(ctx, jobRefund, func(ctx context.Context, tx *ent.Tx) error {
		return tx.Refund.Update().Where(refund.ID(id), refund.StateEQ(refund.StateDECIDED)).SetState(refund.StatePENDING).Exec(ctx)
	})
	if err != nil {
		return err
	}
	return outbox.Postpone(s.clock.Now().Add(lookAgain))
}

// gaveBack notes that money has gone back, and tells its payer.
func (s *Service) gaveBack(ctx context.Context, tx *ent.Tx, row *ent.Refund, of *ent.Payment, at time.Time) error {
	n, err := tx.Refund.Update().Where(refund.ID(row.ID), refund.StateEQ(row.State)).
		SetState(refund.StateDONE).SetDoneAt(at).Save(ctx)
	if err := store.ChangedOne(n, err, "note that the refund is done"); err != nil {
		return err
	}
	order, err := tx.PaymentOrder.Get(ctx, row.OrderID)
	if err != nil {
		return fmt.Errorf("read the order: %w", err)
	}
	err = s.book.Write(ctx, tx, ledger.Movement{
		Cause: ledgerentry.CauseREFUND_DONE, CauseID: row.ID, LotID: row.LotID, OrderID: row.OrderID,
		SessionID: order.SessionID, ShiftID: row.ShiftID, OccurredAt: at, Lines: ledger.GivenBack(of.Channel, row.Fen),
	})
	if err != nil || of.AccountID == nil {
		return err
	}
	return s.purposeOf(order).tellRefunded(ctx, tx, order, parking.Payment{AccountID: *of.AccountID, Fen: row.Fen, PaidAt: at})
}

// failed notes that a channel cannot give money back.
func (s *Service) failed(ctx context.Context, id int64, why error) error {
	err := s.write(ctx, jobRefund, func(ctx context.Context, tx *ent.Tx) error {
		return tx.Refund.Update().Where(refund.ID(id), refund.StateIn(refund.StateDECIDED, refund.StatePENDING)).
			SetState(refund.StateFAILED).Exec(ctx)
	})
	if err != nil {
		return err
	}
	return outbox.Hopeless(why)
}
