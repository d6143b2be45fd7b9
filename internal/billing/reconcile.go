package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/difference"
	"parkbff/ent/payment"
	"parkbff/ent/reconciliation"
	"parkbff/ent/refund"
	"parkbff/internal/clock"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Stater is a till that states each day what moved. Error: fault.Unavailable, also while the statement is not ready.
type Stater interface {
	Statement(ctx context.Context, day time.Time) ([]charge.Line, error)
}

const (
	// reconciledBack is how many days are made up for when statements did not come.
	reconciledBack = 7
	// refundStated is how long after it was done a refund may come in a statement: some channels state it under the
	// day on which it was asked for, others under the day on which it was done.
	refundStated = 48 * time.Hour
)

// ReconcileDue holds the statements of the last days, since a channel was first paid through, against the ledger that
// were not held against it yet. A channel whose statement does not come is tried again at the next turn, and keeps no
// other from its turn.
func (s *Service) ReconcileDue(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, jobReconcile)
	var failed []error
	for channel, offer := range s.tills {
		if stater, states := offer.Till.(Stater); states {
			if err := s.reconcileDue(ctx, channel, stater); err != nil {
				failed = append(failed, fmt.Errorf("reconcile %s: %w", channel, err))
			}
		}
	}
	return errors.Join(failed...)
}

func (s *Service) reconcileDue(ctx context.Context, channel money.Channel, stater Stater) error {
	first, err := s.store.Fresh(ctx).Payment.Query().Where(payment.ChannelEQ(channel)).Order(ent.Asc(payment.FieldID)).First(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("look for the first payment: %w", err)
	}
	today := dayOf(s.clock.Now())
	day := today.AddDate(0, 0, -reconciledBack)
	if begun := dayOf(first.CreatedAt); begun.After(day) {
		day = begun
	}
	for ; day.Before(today); day = day.AddDate(0, 0, 1) {
		done, err := s.store.Fresh(ctx).Reconciliation.Query().
			Where(reconciliation.ChannelEQ(channel), reconciliation.Day(day.UTC())).Exist(ctx)
		if err != nil {
			return fmt.Errorf("look for a reconciliation: %w", err)
		}
		if done {
			continue
		}
		if err := s.reconcile(ctx, channel, stater, day); err != nil {
			return err
		}
	}
	return nil
}

// dayOf is midnight in Shanghai, where channels' days begin.
func dayOf(t time.Time) time.Time { return midnight(t.In(clock.Shanghai)) }

// reconcile holds one statement against the ledger. What the channel took and we never heard of is booked.
func (s *Service) reconcile(ctx context.Context, channel money.Channel, stater Stater, day time.Time) error {
	lines, err := stater.Statement(ctx, day)
	if err != nil {
		return err
	}
	found := &comparison{service: s, channel: channel, day: day}
	for _, line := range lines {
		if err := found.take(ctx, line); err != nil {
			return err
		}
	}
	err = s.write(ctx, jobReconcile, func(ctx context.Context, tx *ent.Tx) error { return found.keep(ctx, tx) })
	if store.IsDuplicate(err) {
		return nil // another replica has just done it
	}
	return err
}

// comparison is a statement as it is gone through.
type comparison struct {
	service     *Service
	channel     money.Channel
	day         time.Time
	payments    []int64 // rows that the statement names
	refunds     []int64
	paid, back  int64 // fen, as the channel says
	lines       [2]int
	differences []diff
}

type diff struct {
	kind         difference.Kind
	refund       bool
	number       string
	theirs, ours int64
}

// take holds one line against the payment or the refund that it names.
func (c *comparison) take(ctx context.Context, line charge.Line) error {
	if line.RefundNumber != "" {
		return c.takeRefund(ctx, line)
	}
	c.lines[0]++
	c.paid += line.Fen
	row, err := c.service.store.Fresh(ctx).Payment.Query().
		Where(payment.Number(line.Number), payment.ChannelEQ(c.channel)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		c.differ(diff{difference.KindUNKNOWN, false, line.Number, line.Fen, 0})
		return nil
	case err != nil:
		return fmt.Errorf("read the payment of a statement: %w", err)
	}
	c.payments = append(c.payments, row.ID)
	if row.State != payment.StateSUCCEEDED {
		c.differ(diff{difference.KindUNHEARD, false, line.Number, line.Fen, 0})
		return c.service.Received(ctx, c.channel, charge.Receipt{
			Number: line.Number, Transaction: line.Transaction, State: charge.Done, Fen: line.Fen, PaidAt: line.At,
		})
	}
	if row.PaidFen != line.Fen {
		c.differ(diff{difference.KindAMOUNT, false, line.Number, line.Fen, row.PaidFen})
	}
	return nil
}

func (c *comparison) takeRefund(ctx context.Context, line charge.Line) error {
	c.lines[1]++
	c.back += line.Fen
	row, err := c.service.store.Fresh(ctx).Refund.Query().
		Where(refund.Number(line.RefundNumber), refund.HasPaymentWith(payment.ChannelEQ(c.channel))).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		c.differ(diff{difference.KindUNKNOWN, true, line.RefundNumber, line.Fen, 0})
		return nil
	case err != nil:
		return fmt.Errorf("read the refund of a statement: %w", err)
	}
	c.refunds = append(c.refunds, row.ID)
	if row.Fen != line.Fen {
		c.differ(diff{difference.KindAMOUNT, true, line.RefundNumber, line.Fen, row.Fen})
	}
	return nil
}

func (c *comparison) differ(d diff) { c.differences = append(c.differences, d) }

// keep notes what the statement named, and what it should have named and did not.
func (c *comparison) keep(ctx context.Context, tx *ent.Tx) error {
	now := c.service.clock.Now()
	if err := tx.Payment.Update().Where(payment.IDIn(c.payments...)).SetReconciledAt(now).Exec(ctx); err != nil {
		return fmt.Errorf("note payments of a statement: %w", err)
	}
	if err := tx.Refund.Update().Where(refund.IDIn(c.refunds...)).SetReconciledAt(now).Exec(ctx); err != nil {
		return fmt.Errorf("note refunds of a statement: %w", err)
	}
	differences, err := c.missing(ctx, tx)
	if err != nil {
		return err
	}
	row, err := tx.Reconciliation.Create().SetChannel(c.channel).SetDay(c.day.UTC()).SetCreatedAt(now).
		SetPayments(c.lines[0]).SetPaidFen(c.paid).SetRefunds(c.lines[1]).SetRefundedFen(c.back).
		SetDifferences(len(differences)).Save(ctx)
	if err != nil {
		return fmt.Errorf("keep a reconciliation: %w", err)
	}
	err = tx.Difference.MapCreateBulk(differences, func(create *ent.DifferenceCreate, i int) {
		d := differences[i]
		create.SetReconciliationID(row.ID).SetKind(d.kind).SetRefund(d.refund).SetNumber(d.number).
			SetChannelFen(d.theirs).SetLedgerFen(d.ours)
	}).Exec(ctx)
	if err != nil {
		return fmt.Errorf("keep what differs: %w", err)
	}
	return nil
}

// missing adds what the ledger has of that day, and of refunds until two days ago, and no statement has named. It is
// told once.
func (c *comparison) missing(ctx context.Context, tx *ent.Tx) ([]diff, error) {
	end := c.day.AddDate(0, 0, 1)
	paid, err := tx.Payment.Query().Where(payment.ChannelEQ(c.channel), payment.StateEQ(payment.StateSUCCEEDED),
		payment.PaidAtGTE(c.day.UTC()), payment.PaidAtLT(end.UTC()), payment.ReconciledAtIsNil()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for payments no statement names: %w", err)
	}
	differences := c.differences
	for _, row := range paid {
		differences = append(differences, diff{difference.KindMISSING, false, row.Number, 0, row.PaidFen})
	}
	late := end.Add(-refundStated)
	back, err := tx.Refund.Query().Where(refund.HasPaymentWith(payment.ChannelEQ(c.channel)), refund.StateEQ(refund.StateDONE),
		refund.DoneAtGTE(late.AddDate(0, 0, -1).UTC()), refund.DoneAtLT(late.UTC()), refund.ReconciledAtIsNil()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for refunds no statement names: %w", err)
	}
	for _, row := range back {
		differences = append(differences, diff{difference.KindMISSING, true, row.Number, 0, row.Fen})
	}
	return differences, nil
}
