package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/paymentorder"
	"parkbff/internal/discount"
	"parkbff/internal/idempotent"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

// keptFor is how long a voucher is kept for whoever is about to pay it.
const keptFor = 15 * time.Minute

// Purchase is a voucher that an account wants.
type Purchase struct {
	IdempotencyKey string
	Offer          int64 // its row
}

// BuyVoucher orders a voucher for the asking driver's account. One is kept for the order while it is open, so that
// the last is sold once; the order is paid as any other, and the voucher is the account's once it is PAID. The same
// key answers the same order.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; idempotent.InvalidKey, KeyReused; discount.SoldOut.
func (s *Service) BuyVoucher(ctx context.Context, p Purchase) (*Order, error) {
	v, err := s.discounts.Buyer(ctx)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "voucher", p.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	var row *ent.PaymentOrder
	err = s.write(ctx, jobOrder, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = s.buyOnce(ctx, tx, v, key, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, row)
}

func (s *Service) buyOnce(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, p Purchase) (*ent.PaymentOrder, error) {
	known, err := tx.PaymentOrder.Query().Where(paymentorder.KeyHash(key)).Only(ctx)
	switch {
	case err == nil && (known.VoucherOfferID == nil || *known.VoucherOfferID != p.Offer):
		return nil, idempotent.KeyReused
	case err == nil:
		return known, nil
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the order: %w", err)
	}
	offer, err := s.discounts.TakeStock(ctx, tx, p.Offer)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, tx, key, opening{
		kind: paymentorder.KindVOUCHER, account: accountOfPayer(v), offer: &offer.ID, lot: offer.LotID, fee: offer.PriceFen, until: s.clock.Now().Add(keptFor),
	})
}

// buying pays for a voucher.
type buying struct{ discounts Discounts }

func (buying) owed(_ context.Context, _ *ent.Tx, order *ent.PaymentOrder, _ time.Time) (int64, error) {
	if order.State == paymentorder.StatePAID || order.State == paymentorder.StateREFUNDED {
		return 0, nil
	}
	return order.DueFen, nil
}

// settle hands the voucher over when all is paid. For an order that was closed meanwhile one must be left still, or the
// money goes back; likewise when its account is no more.
func (p buying) settle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by parking.Payment) (parking.Settled, error) {
	owed, err := p.owed(ctx, tx, order, by.PaidAt)
	if err != nil || owed == 0 || by.Fen < owed || order.AccountID == nil {
		return parking.Settled{}, err
	}
	if order.State == paymentorder.StateCLOSED {
		_, err := p.discounts.TakeStock(ctx, tx, *order.VoucherOfferID)
		switch {
		case errors.Is(err, discount.SoldOut):
			return parking.Settled{}, nil
		case err != nil:
			return parking.Settled{}, err
		}
	}
	return parking.Settled{Fen: owed}, p.discounts.Issue(ctx, tx, order, by.PaidAt)
}

// unsettle takes the voucher back, for all that it cost.
func (p buying) unsettle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error {
	if fen != order.TakenFen {
		return AmountDiffers.With("owedFen", order.TakenFen)
	}
	return p.discounts.Revoke(ctx, tx, order)
}

// tellRefunded tells nobody: a notice is about a stay, and the order says that it is refunded.
func (buying) tellRefunded(context.Context, *ent.Tx, *ent.PaymentOrder, parking.Payment) error {
	return nil
}

func (buying) earning() ledgerline.Account { return ledgerline.AccountVOUCHERS }
