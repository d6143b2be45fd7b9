package billing

import (
	"context"

	"parkbff/ent"
	"parkbff/ent/paymentorder"
	"parkbff/internal/loyalty"
)

// Points are what accounts earn by what they pay for stays. All of it takes place in the transaction that moves the money;
// see loyalty.Service.
type Points interface {
	Earn(ctx context.Context, tx *ent.Tx, p loyalty.Paid) error
	TakeBack(ctx context.Context, tx *ent.Tx, g loyalty.GivenBack) error
}

// earn gives whoever has paid for a stay the points of what was taken.
func (s *Service) earn(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by *ent.Payment, taken int64) error {
	if order.Kind != paymentorder.KindSTAY || by.AccountID == nil {
		return nil
	}
	return s.points.Earn(ctx, tx, loyalty.Paid{AccountID: *by.AccountID, PaymentID: by.ID, OrderID: order.ID, Fen: taken})
}

// takeBack takes back the points of what goes back of a payment.
func (s *Service) takeBack(ctx context.Context, tx *ent.Tx, of *ent.Payment, refundID, fen int64) error {
	before := kept(of)
	return s.points.TakeBack(ctx, tx, loyalty.GivenBack{
		PaymentID: of.ID, RefundID: refundID, OrderID: of.OrderID, Before: before, After: before - fen,
	})
}
