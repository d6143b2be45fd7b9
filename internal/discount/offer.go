package discount

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"parkbff/ent"
	"parkbff/ent/voucher"
	"parkbff/ent/voucheroffer"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Offer is a kind of voucher that a lot sells.
type Offer struct {
	Row       int64
	Lot       *parking.Lot // where it holds; nil for one that was taken away
	Kind      voucher.Kind
	AmountFen *int64
	Minutes   *int
	PriceFen  int64
	HoldsDays int
	Left      int // how many may still be ordered
	SoldUntil time.Time
}

// NewOffer is what a manager puts on sale.
type NewOffer struct {
	IdempotencyKey string
	LotCode        string
	Terms          Terms
	HoldsDays      int
	PriceFen       int64
	Stock          int
	SoldUntil      time.Time
}

const (
	mostStock  = 1_000_000
	soldWithin = 366 * 24 * time.Hour
)

func (n NewOffer) valid(now time.Time) bool {
	return n.Terms.valid() && n.HoldsDays >= 1 && n.HoldsDays <= mostDays && n.PriceFen > 0 && n.PriceFen <= mostFen &&
		n.Stock >= 1 && n.Stock <= mostStock && n.SoldUntil.After(now) && n.SoldUntil.Before(now.Add(soldWithin))
}

// PublishOffer puts vouchers of a lot on sale. It is for managers of the lot. The same key publishes once.
//
// Errors: UnknownLot; UNAUTHENTICATED, FORBIDDEN; idempotent.InvalidKey, KeyReused, InvalidOffer.
func (s *Service) PublishOffer(ctx context.Context, n NewOffer) (*Offer, error) {
	lot, ok := s.lots.Lot(n.LotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, err := viewer.ManagerOf(ctx, lot.Row)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "offer", n.IdempotencyKey)
	now := s.clock.Now()
	switch {
	case err != nil:
		return nil, err
	case !n.valid(now):
		return nil, InvalidOffer
	}
	var row *ent.VoucherOffer
	err = s.write(ctx, jobSell, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.VoucherOffer.Query().Where(voucheroffer.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && !n.isThatOf(row, lot.Row):
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the offer: %w", err)
		}
		row, err = tx.VoucherOffer.Create().SetLotID(lot.Row).SetKind(voucheroffer.Kind(n.Terms.Kind)).SetFen(n.Terms.Fen).
			SetMinutes(n.Terms.Minutes).SetPriceFen(n.PriceFen).SetStock(n.Stock).SetHoldsDays(n.HoldsDays).
			SetSoldUntil(n.SoldUntil).SetStaffID(v.StaffID).SetKeyHash(key).SetCreatedAt(now).Save(ctx)
		switch {
		case store.IsDuplicate(err):
			return store.Retry(fmt.Errorf("the offer has just been published: %w", err))
		case err != nil:
			return fmt.Errorf("write the offer: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.offered(row), nil
}

// isThatOf tells whether an offer was published by these words; its stock has changed since.
func (n NewOffer) isThatOf(row *ent.VoucherOffer, lotID int64) bool {
	return row.LotID == lotID && sold(row) == n.Terms && row.PriceFen == n.PriceFen && row.HoldsDays == n.HoldsDays &&
		row.SoldUntil.Equal(n.SoldUntil)
}

func sold(row *ent.VoucherOffer) Terms { return Terms{voucher.Kind(row.Kind), row.Fen, row.Minutes} }

func (s *Service) offered(row *ent.VoucherOffer) *Offer {
	o := &Offer{
		Row: row.ID, Kind: voucher.Kind(row.Kind), PriceFen: row.PriceFen, HoldsDays: row.HoldsDays, Left: row.Stock, SoldUntil: row.SoldUntil,
	}
	o.Lot, _ = s.lots.LotByRow(row.LotID)
	o.AmountFen, o.Minutes = sold(row).shown()
	return o
}

// Offers lists what a lot sells, for anybody, newest first: what is sold out too. Error: UnknownLot.
func (s *Service) Offers(ctx context.Context, lotCode string, p page.Request) (page.Of[*Offer], error) {
	lot, ok := s.lots.Lot(lotCode)
	if !ok {
		return page.Of[*Offer]{}, UnknownLot
	}
	query := s.store.Client(ctx).VoucherOffer.Query().
		Where(voucheroffer.LotID(lot.Row), voucheroffer.SoldUntilGT(s.clock.Now())).
		Order(ent.Desc(voucheroffer.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(voucheroffer.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Offer]{}, fmt.Errorf("read offers: %w", err)
	}
	cut := page.Cut(rows, p.First)
	offers := make([]*Offer, len(cut.Items))
	for i, row := range cut.Items {
		offers[i] = s.offered(row)
	}
	return page.Of[*Offer]{Items: offers, More: cut.More}, nil
}

// OfferByRow answers an offer, to anybody. Error: NOT_FOUND.
func (s *Service) OfferByRow(ctx context.Context, row int64) (*Offer, error) {
	found, err := s.store.Client(ctx).VoucherOffer.Query().Where(voucheroffer.ID(row)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the offer: %w", err)
	}
	return s.offered(found), nil
}

// Buyer answers the viewer, if they have an account that may buy vouchers.
func (s *Service) Buyer(ctx context.Context) (*viewer.Viewer, error) { return driver(ctx) }

// TakeStock keeps one of an offer's vouchers for an order that is about to be made, so that the last is sold once.
// Error: SoldOut, also for what is not on sale or never was.
func (s *Service) TakeStock(ctx context.Context, tx *ent.Tx, offer int64) (*ent.VoucherOffer, error) {
	row, err := tx.VoucherOffer.Query().Where(voucheroffer.ID(offer)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, SoldOut
	case err != nil:
		return nil, fmt.Errorf("read the offer: %w", err)
	case row.Stock == 0 || !s.clock.Now().Before(row.SoldUntil):
		return nil, SoldOut
	}
	n, err := tx.VoucherOffer.Update().Where(voucheroffer.ID(row.ID), voucheroffer.StockGT(0)).AddStock(-1).Save(ctx)
	return row, store.ChangedOne(n, err, "take one of the offer")
}

// returnStock gives back what orders kept that are closed unpaid.
func (s *Service) returnStock(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error {
	for _, order := range orders {
		if order.VoucherOfferID == nil {
			continue
		}
		if err := tx.VoucherOffer.UpdateOneID(*order.VoucherOfferID).AddStock(1).Exec(ctx); err != nil {
			return fmt.Errorf("give one of the offer back: %w", err)
		}
	}
	return nil
}

// Issue makes the voucher that an order has bought, for its account. Its stock was taken when it was ordered.
func (s *Service) Issue(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, at time.Time) error {
	offer, err := tx.VoucherOffer.Get(ctx, *order.VoucherOfferID)
	if err != nil {
		return fmt.Errorf("read the offer: %w", err)
	}
	err = create(tx, offer.LotID, sold(offer)).SetSource(voucher.SourceSOLD).SetAccountID(*order.AccountID).
		SetPriceFen(order.DueFen).SetBoughtByOrderID(order.ID).SetCreatedAt(s.clock.Now()).SetExpiresAt(expiry(at, offer.HoldsDays)).
		SetKeyHash(s.vault.Index("idempotency", "issue|own|"+strconv.FormatInt(order.ID, 10))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write the voucher that was bought: %w", err)
	}
	return nil
}

// Revoke takes the voucher back that an order bought. Error: NotRefundable for one that was used or is in use.
func (s *Service) Revoke(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder) error {
	n, err := tx.Voucher.Update().Where(voucher.BoughtByOrderID(order.ID), voucher.StateEQ(voucher.StateFREE)).
		SetState(voucher.StateREVOKED).Save(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("take the voucher back: %w", err)
	case n != 1:
		return NotRefundable
	}
	return nil
}
