package mall

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"parkbff/ent"
	"parkbff/ent/mallorder"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/store"
)

// Exchange is an item that somebody wants for points.
type Exchange struct {
	IdempotencyKey string
	Item           int64 // its row
}

// Redeem has an item for the points of the asking driver's account, which are spent by it: what a store hands over waits to
// be collected, and a parking voucher is the account's at once. The same key exchanges once.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; idempotent.InvalidKey, KeyReused; SoldOut; NOT_ENOUGH_POINTS.
func (s *Service) Redeem(ctx context.Context, e Exchange) (*Order, error) {
	v, err := s.points.Member(ctx)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "redeem", e.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	var row *ent.MallOrder
	err = s.write(ctx, jobRedeem, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.MallOrder.Query().Where(mallorder.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && row.ItemID != e.Item:
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the order: %w", err)
		}
		row, err = s.redeem(ctx, tx, v.AccountID, e.Item, key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.One(ctx, row.ID)
}

func (s *Service) redeem(ctx context.Context, tx *ent.Tx, accountID, item int64, key []byte) (*ent.MallOrder, error) {
	of, err := s.takeOne(ctx, tx, item)
	switch {
	case err != nil:
		return nil, err
	case of.Points == 0:
		return nil, SoldOut
	}
	now := s.clock.Now()
	made := had(tx, of, accountID, now).SetPoints(of.Points).SetKeyHash(key)
	if of.VoucherOfferID != nil {
		voucher, err := s.exchanged(ctx, tx, of, accountID, key)
		if err != nil {
			return nil, err
		}
		made.SetState(mallorder.StateHANDED_OVER).SetHandedOverAt(now).SetVoucherID(voucher)
	}
	row, err := s.save(ctx, tx, made)
	if err != nil {
		return nil, err
	}
	return row, s.points.Spend(ctx, tx, accountID, of.Points, row.ID)
}

// exchanged makes the voucher that an item is, on the terms of its offer and for as long as the item says.
func (s *Service) exchanged(ctx context.Context, tx *ent.Tx, of *ent.MallItem, accountID int64, key []byte) (int64, error) {
	offer, err := tx.VoucherOffer.Get(ctx, *of.VoucherOfferID)
	if err != nil {
		return 0, fmt.Errorf("read the offer: %w", err)
	}
	offer.HoldsDays = of.HoldsDays
	return s.vouchers.Exchange(ctx, tx, offer, accountID, key)
}

// had begins an order of an item, which is PAID.
func had(tx *ent.Tx, of *ent.MallItem, accountID int64, now time.Time) *ent.MallOrderCreate {
	return tx.MallOrder.Create().SetLotID(of.LotID).SetItemID(of.ID).SetAccountID(accountID).SetNillableStoreID(of.StoreID).SetName(of.Name).
		SetState(mallorder.StatePAID).SetExpiresAt(now.AddDate(0, 0, of.HoldsDays)).SetCreatedAt(now)
}

// save writes an order, and by what its code finds it.
func (s *Service) save(ctx context.Context, tx *ent.Tx, made *ent.MallOrderCreate) (*ent.MallOrder, error) {
	row, err := made.Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("it has just been ordered: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the order: %w", err)
	case row.StoreID == nil:
		return row, nil
	}
	row, err = tx.MallOrder.UpdateOne(row).SetCodeHash(s.codeHash(s.code(row.ID))).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("write the order's code: %w", err)
	}
	return row, nil
}

// Want keeps one of an item for a payment order that is about to be made, so that the last is sold once. Error: SoldOut,
// also for what is not for money.
func (s *Service) Want(ctx context.Context, tx *ent.Tx, item int64) (*ent.MallItem, error) {
	of, err := s.takeOne(ctx, tx, item)
	if err == nil && of.PriceFen == 0 {
		return nil, SoldOut
	}
	return of, err
}

// Release gives back what payment orders kept that are closed unpaid.
func (s *Service) Release(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error {
	for _, order := range orders {
		if order.MallItemID == nil {
			continue
		}
		if err := giveOneBack(ctx, tx, *order.MallItemID); err != nil {
			return err
		}
	}
	return nil
}

// Fulfil makes the order that a payment order has bought, for its account. Its item was kept when it was ordered.
func (s *Service) Fulfil(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error {
	of, err := tx.MallItem.Get(ctx, *order.MallItemID)
	if err != nil {
		return fmt.Errorf("read the item: %w", err)
	}
	_, err = s.save(ctx, tx, had(tx, of, *order.AccountID, s.clock.Now()).SetPriceFen(order.DueFen).SetPaymentOrderID(order.ID).
		SetKeyHash(s.vault.Index("idempotency", "mall|own|"+strconv.FormatInt(order.ID, 10))))
	return err
}

// Revoke takes back what a payment order has bought, and puts it on sale again. Error: AlreadyHanded.
func (s *Service) Revoke(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error {
	of, err := tx.MallOrder.Query().Where(mallorder.PaymentOrderID(order.ID)).Only(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the order: %w", err)
	case of.State != mallorder.StatePAID:
		return AlreadyHanded
	}
	return s.end(ctx, tx, of)
}

// end cancels an order that waits to be collected, and puts its item back on sale. Of two who hand it over and cancel it at
// once the second is tried again, and finds what the first has done.
func (s *Service) end(ctx context.Context, tx *ent.Tx, of *ent.MallOrder) error {
	n, err := tx.MallOrder.Update().Where(mallorder.ID(of.ID), mallorder.StateEQ(mallorder.StatePAID)).SetState(mallorder.StateCANCELLED).Save(ctx)
	if err := store.ChangedOne(n, err, "cancel the order"); err != nil {
		return err
	}
	return giveOneBack(ctx, tx, of.ItemID)
}

// Cancel gives up an order of an account, 0 for the program's own, that was not collected. Points go back at once; of one
// that was paid it answers the payment order, whose money the caller gives back. One that is cancelled already stays so.
//
// Errors: NOT_FOUND, AlreadyHanded.
func (s *Service) Cancel(ctx context.Context, tx *ent.Tx, accountID, row int64) (paid *int64, err error) {
	query := tx.MallOrder.Query().Where(mallorder.ID(row))
	if accountID != 0 {
		query.Where(mallorder.AccountID(accountID))
	}
	of, err := query.Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the order: %w", err)
	case of.State == mallorder.StateCANCELLED:
		return nil, nil
	case of.State == mallorder.StateHANDED_OVER:
		return nil, AlreadyHanded.At("orderId")
	case of.PaymentOrderID != nil:
		return of.PaymentOrderID, nil
	}
	if err := s.end(ctx, tx, of); err != nil {
		return nil, err
	}
	return nil, s.points.Return(ctx, tx, of.ID)
}

// mostAtOnce bounds how many orders one look finds.
const mostAtOnce = 100

// Uncollected answers orders that nobody has collected in time. The caller is the system.
func (s *Service) Uncollected(ctx context.Context) (rows []int64, more bool, err error) {
	rows, err = s.store.Fresh(ctx).MallOrder.Query().Where(mallorder.StateEQ(mallorder.StatePAID), mallorder.ExpiresAtLTE(s.clock.Now())).
		Order(mallorder.ByID()).Limit(mostAtOnce).IDs(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("look for orders that nobody has collected: %w", err)
	}
	return rows, len(rows) == mostAtOnce, nil
}
