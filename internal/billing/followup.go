package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/payment"
	"parkbff/internal/fault"
	"parkbff/internal/outbox"
	"parkbff/internal/partner/charge"
)

// firstLook is how long after a payment began its channel is first asked what became of it: call-backs are faster,
// and are lost now and then. Each further look comes after a pause twice as long, the last when the payment expires.
const firstLook = 15 * time.Second

// followUp asks a channel what became of a payment until that is known (task PAYMENT): it is received, or closed at
// the channel once it has expired.
func (s *Service) followUp(ctx context.Context, job outbox.Job) error {
	row, err := s.store.Fresh(ctx).Payment.Get(ctx, job.AboutID)
	switch {
	case err != nil:
		return fmt.Errorf("read the payment: %w", err)
	case row.State == payment.StateSUCCEEDED || row.State == payment.StateCLOSED:
		return nil
	case row.AgreementID != nil:
		return s.deduct(ctx, row)
	}
	offer, ok := s.tills[row.Channel]
	if !ok {
		return ChannelNotOffered // an operator has taken it away too early
	}
	if first := row.CreatedAt.Add(firstLook); s.clock.Now().Before(first) {
		return outbox.Postpone(first)
	}
	receipt, err := offer.Till.Find(ctx, named(row))
	switch {
	case err != nil:
		return err
	case receipt.State == charge.Done:
		return s.Received(ctx, row.Channel, receipt)
	case receipt.State == charge.Closed:
		return s.closePayment(ctx, row.ID)
	case s.clock.Now().Before(row.ExpiresAt):
		return outbox.Postpone(s.nextLook(row))
	}
	return s.expire(ctx, offer.Till, row)
}

// nextLook is when a payment is looked at again.
func (s *Service) nextLook(row *ent.Payment) time.Time {
	now := s.clock.Now()
	if next := now.Add(now.Sub(row.CreatedAt)); next.Before(row.ExpiresAt) {
		return next
	}
	return row.ExpiresAt
}

// receiveFound takes in a payment of which its channel has said that it was made.
func (s *Service) receiveFound(ctx context.Context, till Till, row *ent.Payment) error {
	receipt, err := till.Find(ctx, named(row))
	switch {
	case err != nil:
		return err
	case receipt.State != charge.Done:
		return fault.Unavailable.Because(errors.New("the channel says that the payment was made, and then that it was not"))
	}
	return s.Received(ctx, row.Channel, receipt)
}

// expire closes a payment at its channel, unless it was made at the last moment.
func (s *Service) expire(ctx context.Context, till Till, row *ent.Payment) error {
	err := till.Close(ctx, named(row))
	switch {
	case errors.Is(err, charge.AlreadyPaid):
		return s.receiveFound(ctx, till, row)
	case err != nil && !errors.Is(err, charge.NotBegun): // whoever has not begun by now comes too late
		return err
	}
	return s.closePayment(ctx, row.ID)
}
