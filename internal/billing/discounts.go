package billing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/paymentorder"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/discount"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

// Discounts are what vouchers take off orders, and vouchers that orders buy. All of it but Buyer takes place in the
// order's transaction.
type Discounts interface {
	Weigh(ctx context.Context, tx *ent.Tx, w discount.Wish, at discount.At) ([]discount.Part, error)
	Reserve(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, parts []discount.Part) error
	Release(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error
	Usable(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) ([]discount.Part, error)
	Redeem(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, parts []discount.Part, fen int64) (discount.Redeemed, error)

	Buyer(ctx context.Context) (*viewer.Viewer, error)
	TakeStock(ctx context.Context, tx *ent.Tx, offer int64) (*ent.VoucherOffer, error)
	Issue(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, at time.Time) error
	Revoke(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error
}

// termsHash is by what is known again what was asked for beside a quote; nothing for nothing.
func (s *Service) termsHash(w discount.Wish) []byte {
	if w.Empty() {
		return nil
	}
	rows, codes := slices.Sorted(slices.Values(w.Vouchers)), slices.Sorted(slices.Values(w.Codes))
	return s.vault.Index("order_terms", fmt.Sprintf("%d|%q", rows, codes))
}

// weigh answers what vouchers take off a stay that was quoted.
func (s *Service) weigh(ctx context.Context, tx *ent.Tx, w discount.Wish, quoted parking.Offer, owed parking.Owed) ([]discount.Part, error) {
	return s.discounts.Weigh(ctx, tx, w, discount.At{
		SessionID: quoted.SessionID, LotID: owed.LotID, Fee: quoted.Fen, Before: owed.Before,
		Worth: func(minutes int) (int64, error) { return s.stays.Worth(ctx, tx, quoted, minutes) },
	})
}

// openWithGiven opens an order of a stay for which nobody wishes for vouchers, less what merchants gave to the stay.
func (s *Service) openWithGiven(ctx context.Context, tx *ent.Tx, key []byte, owed parking.Owed, o opening) (*ent.PaymentOrder, []discount.Part, error) {
	now := parking.OfferAt(*o.session, o.fee, s.clock.Now())
	parts, err := s.weigh(ctx, tx, discount.Wish{}, now, owed)
	if err != nil {
		return nil, nil, err
	}
	o.discount = discount.Total(parts)
	row, err := s.open(ctx, tx, key, o)
	if err != nil {
		return nil, nil, err
	}
	return row, parts, s.discounts.Reserve(ctx, tx, row, parts)
}

// usable answers what the vouchers of an order may take off now: nothing of one that has been settled.
func (s *Service) usable(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) ([]discount.Part, error) {
	if order.DiscountFen == 0 || order.State == paymentorder.StatePAID || order.State == paymentorder.StateREFUNDED {
		return nil, nil
	}
	return s.discounts.Usable(ctx, tx, order)
}

// takeOff uses the vouchers of an order up to what they were found to take off, and books it.
func (s *Service) takeOff(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, parts []discount.Part, fen int64, at time.Time) error {
	if len(parts) == 0 {
		return nil
	}
	redeemed, err := s.discounts.Redeem(ctx, tx, order, parts, fen)
	if err != nil || redeemed.Fen == 0 {
		return err
	}
	var lines []ledger.Line
	own := redeemed.Fen
	for _, by := range redeemed.Borne {
		lines = append(lines, ledger.BorneBy(by.StoreID, by.Fen)...)
		own -= by.Fen
	}
	return s.book.Write(ctx, tx, ledger.Movement{
		Cause: ledgerentry.CauseDISCOUNT, CauseID: order.ID, LotID: order.LotID, OrderID: order.ID, SessionID: order.SessionID,
		OccurredAt: at, Lines: append(lines, ledger.TakenOff(own, redeemed.SoldFen)...),
	})
}

// settleByVouchers settles an order of which nothing is left to pay.
func (s *Service) settleByVouchers(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, parts []discount.Part) (*ent.PaymentOrder, error) {
	now := s.clock.Now()
	settled, err := s.purposeOf(order).settle(ctx, tx, order, parking.Payment{DiscountFen: discount.Total(parts), PaidAt: now})
	if err != nil {
		return nil, err
	}
	if err := s.takeOff(ctx, tx, order, parts, settled.DiscountFen, now); err != nil {
		return nil, err
	}
	row, err := tx.PaymentOrder.UpdateOne(order).SetState(paymentorder.StatePAID).SetPaidAt(now).SetDiscountedFen(settled.DiscountFen).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("settle the order: %w", err)
	}
	return row, s.letGo(ctx, tx, order, settled)
}
