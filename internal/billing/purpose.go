package billing

import (
	"context"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/paymentorder"
	"parkbff/internal/parking"
)

// purpose is what orders of one kind pay for.
type purpose interface {
	// owed is what it still costs at a moment, whatever vouchers are to take off.
	owed(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, at time.Time) (int64, error)
	// settle takes of what was received, and of what vouchers may take off, as much as is owed.
	settle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, p parking.Payment) (parking.Settled, error)
	// unsettle takes back what goes back of an order.
	unsettle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error
	// tellRefunded tells an account what has gone back to it.
	tellRefunded(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, p parking.Payment) error
	// earning is the account of the ledger that what was taken goes to.
	earning() ledgerline.Account
}

func (s *Service) purposeOf(order *ent.PaymentOrder) purpose {
	switch order.Kind {
	case paymentorder.KindVOUCHER:
		return buying{s.discounts}
	case paymentorder.KindPERMIT:
		return permitting{s.permits}
	case paymentorder.KindRESERVATION:
		return reserving{s.reservations}
	case paymentorder.KindMALL:
		return shopping{s.mall}
	}
	return staying{s.stays}
}

// staying pays for a stay.
type staying struct{ stays Stays }

func (p staying) owed(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, at time.Time) (int64, error) {
	owed, err := p.stays.Owed(ctx, tx, *order.SessionID, at)
	return owed.Fen, err
}

func (p staying) settle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by parking.Payment) (parking.Settled, error) {
	by.SessionID = *order.SessionID
	return p.stays.Settle(ctx, tx, by)
}

func (p staying) unsettle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error {
	return p.stays.Unsettle(ctx, tx, *order.SessionID, fen)
}

func (p staying) tellRefunded(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by parking.Payment) error {
	by.SessionID = *order.SessionID
	return p.stays.TellRefunded(ctx, tx, by)
}

func (staying) earning() ledgerline.Account { return ledgerline.AccountLOT }
