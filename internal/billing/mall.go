package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/refund"
	"parkbff/internal/idempotent"
	"parkbff/internal/mall"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

// Mall is where items are bought. All of it but Buyer, Uncollected and One takes place in a transaction of ours; see
// mall.Service.
type Mall interface {
	Buyer(ctx context.Context) (*viewer.Viewer, error)
	Want(ctx context.Context, tx *ent.Tx, item int64) (*ent.MallItem, error)
	Release(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error
	Fulfil(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error
	Revoke(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error
	Cancel(ctx context.Context, tx *ent.Tx, accountID, row int64) (paid *int64, err error)
	Uncollected(ctx context.Context) (rows []int64, more bool, err error)
	One(ctx context.Context, row int64) (*mall.Order, error)
}

// NewMallOrder is an item that an account wants for money.
type NewMallOrder struct {
	IdempotencyKey string
	Item           int64 // its row
}

// PlaceMallOrder orders an item for the asking driver's account. One is kept for the order while it is open, so that the
// last is sold once; the order is paid as any other, and the item waits to be collected once it is PAID. The same key
// answers the same order.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; idempotent.InvalidKey, KeyReused; mall.SoldOut.
func (s *Service) PlaceMallOrder(ctx context.Context, n NewMallOrder) (*Order, error) {
	v, err := s.mall.Buyer(ctx)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "mall", n.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	var row *ent.PaymentOrder
	err = s.write(ctx, jobOrder, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = s.placeOnce(ctx, tx, v, key, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, row)
}

func (s *Service) placeOnce(ctx context.Context, tx *ent.Tx, v *viewer.Viewer, key []byte, n NewMallOrder) (*ent.PaymentOrder, error) {
	known, err := tx.PaymentOrder.Query().Where(paymentorder.KeyHash(key)).Only(ctx)
	switch {
	case err == nil && (known.MallItemID == nil || *known.MallItemID != n.Item):
		return nil, idempotent.KeyReused
	case err == nil:
		return known, nil
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the order: %w", err)
	}
	item, err := s.mall.Want(ctx, tx, n.Item)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, tx, key, opening{
		kind: paymentorder.KindMALL, account: accountOfPayer(v), item: &item.ID, lot: item.LotID, fee: item.PriceFen, until: s.clock.Now().Add(keptFor),
	})
}

// CancelMallOrder gives up an order of the mall of the asking driver's account that was not collected: its points or its
// money go back. Cancelled again, nothing goes back again.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; NOT_FOUND; mall.AlreadyHanded.
func (s *Service) CancelMallOrder(ctx context.Context, row int64) (*mall.Order, error) {
	v, err := s.mall.Buyer(ctx)
	if err != nil {
		return nil, err
	}
	err = s.write(ctx, jobMall, func(ctx context.Context, tx *ent.Tx) error {
		return s.cancelMallOrder(ctx, tx, v.AccountID, row, "cancelled")
	})
	if err != nil {
		return nil, err
	}
	return s.mall.One(ctx, row)
}

// EndMallOrders cancels the orders of the mall that nobody has collected in time: their points or their money go back.
func (s *Service) EndMallOrders(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, jobMall)
	for more := true; more; {
		var due []int64
		var err error
		if due, more, err = s.mall.Uncollected(ctx); err != nil {
			return err
		}
		for _, row := range due {
			err := s.write(ctx, jobMall, func(ctx context.Context, tx *ent.Tx) error {
				err := s.cancelMallOrder(ctx, tx, 0, row, "not collected")
				if errors.Is(err, mall.AlreadyHanded) { // meanwhile
					return nil
				}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) cancelMallOrder(ctx context.Context, tx *ent.Tx, accountID, row int64, why string) error {
	paid, err := s.mall.Cancel(ctx, tx, accountID, row)
	if err != nil || paid == nil {
		return err
	}
	from, err := tx.Payment.Query().
		Where(payment.OrderID(*paid), payment.StateEQ(payment.StateSUCCEEDED), payment.TakenFenGT(0)).Only(ctx)
	if err != nil {
		return fmt.Errorf("read the order's payment: %w", err)
	}
	_, err = s.decide(ctx, tx, decision{
		payment: from, fen: kept(from), reason: refund.ReasonREQUESTED, key: s.ownKey("mall", row), note: why,
	})
	return err
}

// shopping pays for an item.
type shopping struct{ mall Mall }

func (shopping) owed(_ context.Context, _ *ent.Tx, order *ent.PaymentOrder, _ time.Time) (int64, error) {
	if order.State == paymentorder.StatePAID || order.State == paymentorder.StateREFUNDED {
		return 0, nil
	}
	return order.DueFen, nil
}

// settle has the item wait to be collected when all is paid. For an order that was closed meanwhile one must be left still,
// or the money goes back; likewise when its account is no more.
func (p shopping) settle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, by parking.Payment) (parking.Settled, error) {
	owed, err := p.owed(ctx, tx, order, by.PaidAt)
	if err != nil || owed == 0 || by.Fen < owed || order.AccountID == nil {
		return parking.Settled{}, err
	}
	if order.State == paymentorder.StateCLOSED {
		_, err := p.mall.Want(ctx, tx, *order.MallItemID)
		switch {
		case errors.Is(err, mall.SoldOut):
			return parking.Settled{}, nil
		case err != nil:
			return parking.Settled{}, err
		}
	}
	return parking.Settled{Fen: owed}, p.mall.Fulfil(ctx, tx, order)
}

// unsettle takes the item back, for all that it cost.
func (p shopping) unsettle(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error {
	if fen != order.TakenFen {
		return AmountDiffers.With("owedFen", order.TakenFen)
	}
	return p.mall.Revoke(ctx, tx, order)
}

// tellRefunded tells nobody: a notice is about a stay, and the order says that it is refunded.
func (shopping) tellRefunded(context.Context, *ent.Tx, *ent.PaymentOrder, parking.Payment) error {
	return nil
}

func (shopping) earning() ledgerline.Account { return ledgerline.AccountMALL }
