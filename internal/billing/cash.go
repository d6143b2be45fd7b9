package billing

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/paymentorder"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/viewer"
)

// Cash is what staff were given for a stay.
type Cash struct {
	IdempotencyKey string
	Session        int64 // its row
	Fen            int64
}

// TakeCash books cash that staff of the lot were given for a stay: all that is owed, less what merchants gave, and no
// more (P10); nothing, where that is all. It lies in the drawer of their open shift there. The gate at which the car waits
// opens. The same key is booked once.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, idempotent.InvalidKey, KeyReused, AmountDiffers with what is to be paid;
// shift.Required.
func (s *Service) TakeCash(ctx context.Context, c Cash) (*Order, error) {
	v := viewer.Of(ctx)
	if v.Kind == viewer.Anonymous {
		return nil, fault.Unauthenticated
	}
	stay, err := s.stays.Stay(ctx, c.Session)
	switch {
	case err != nil:
		return nil, err
	case v.Kind != viewer.Staff || !v.WorksAt(stay.LotID):
		return nil, fault.Forbidden
	}
	key, err := idempotent.Hash(s.vault, v, "cash", c.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	var order int64
	err = s.write(ctx, jobReceive, func(ctx context.Context, tx *ent.Tx) error {
		order, err = s.takeOnce(ctx, tx, v, key, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.Order(ctx, order, "")
}

func (s *Service) takeOnce(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, c Cash) (order int64, err error) {
	known, err := tx.PaymentOrder.Query().Where(paymentorder.KeyHash(key)).Only(ctx)
	switch {
	case err == nil && (*known.SessionID != c.Session || known.DueFen != c.Fen):
		return 0, idempotent.KeyReused
	case err == nil:
		return known.ID, nil
	case !ent.IsNotFound(err):
		return 0, fmt.Errorf("look for the order: %w", err)
	}
	now := s.clock.Now()
	owed, err := s.stays.Owed(ctx, tx, c.Session, now)
	switch {
	case err != nil:
		return 0, err
	case owed.Fen <= 0:
		return 0, AmountDiffers.With("owedFen", 0)
	}
	if err := s.closeOpen(ctx, tx, c.Session); err != nil {
		return 0, err
	}
	row, parts, err := s.openWithGiven(ctx, tx, key, owed, opening{kind: paymentorder.KindSTAY, session: &c.Session, lot: owed.LotID, fee: owed.Fen, until: now})
	switch {
	case err != nil:
		return 0, err
	case row.DueFen != c.Fen:
		return 0, AmountDiffers.With("owedFen", row.DueFen)
	case row.DueFen == 0:
		_, err := s.settleByVouchers(ctx, tx, row, parts)
		return row.ID, err
	}
	return row.ID, s.putIntoTill(ctx, tx, v, key, row)
}

// putIntoTill books a payment that is made as it is written down.
func (s *Service) putIntoTill(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, order *ent.PaymentOrder) error {
	number, err := charge.Draw(s.random)
	if err != nil {
		return err
	}
	drawer, err := s.drawers.Put(ctx, tx, v.StaffID, order.LotID, order.DueFen)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	row, err := tx.Payment.Create().SetOrderID(order.ID).SetLotID(order.LotID).SetChannel(money.Cash).SetNumber(number).
		SetFen(order.DueFen).SetExpiresAt(now).SetCreatedAt(now).SetKeyHash(key).SetStaffID(v.StaffID).SetShiftID(drawer).Save(ctx)
	if err != nil {
		return fmt.Errorf("write the payment: %w", err)
	}
	return s.receive(ctx, tx, order, row, charge.Receipt{Number: number, State: charge.Done, Fen: order.DueFen, PaidAt: now})
}
