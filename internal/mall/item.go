package mall

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/mallitem"
	places "parkbff/ent/store"
	"parkbff/ent/voucheroffer"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
	"parkbff/internal/words"
)

// Item is something that a lot offers. One of price and points may be nil: it is not to be had so.
type Item struct {
	Row       int64
	LotCode   *string // nil for a lot that was taken away
	Code      string
	Name      string
	StoreCode *string // of the store that hands it over; nil for a parking voucher
	StoreName *string
	PriceFen  *int64
	Points    *int
	Left      int // how many may still be had
	SoldUntil time.Time
	HoldsDays int
}

// Terms are what a manager says of an item.
type Terms struct {
	LotCode      string
	Code         string // names it in its lot
	Name         string
	StoreCode    string // of the store that hands it over, or
	VoucherOffer *int64 // the row of an offer of the lot, whose terms the voucher has
	PriceFen     int64  // 0: not for money
	Points       int    // 0: not for points
	Stock        int    // how many there are from now on
	SoldUntil    time.Time
	HoldsDays    int // for how long one that was had waits to be collected, or the voucher holds
}

// Bounds of items.
const (
	mostFen     = 100_000_00
	mostPoints  = 10_000_000
	mostStock   = 1_000_000
	mostDays    = 366
	soldWithin  = 366 * 24 * time.Hour
	longestName = 40
)

var goodCode = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)

// valid tells whether an item is one thing, and to be had in some way: a voucher for points alone, because vouchers are
// sold by their offers. One with no stock, or whose sale is over, is on sale no more.
func (t Terms) valid(now time.Time) bool {
	within := func(n, least, most int) bool { return n >= least && n <= most }
	voucher := t.VoucherOffer != nil
	return goodCode.MatchString(t.Code) && nameable(t.Name) && voucher == (t.StoreCode == "") &&
		t.PriceFen >= 0 && t.PriceFen <= mostFen && within(t.Points, 0, mostPoints) && t.PriceFen+int64(t.Points) > 0 &&
		!(voucher && t.PriceFen > 0) && within(t.Stock, 0, mostStock) && within(t.HoldsDays, 1, mostDays) && t.SoldUntil.Before(now.Add(soldWithin))
}

func nameable(name string) bool {
	return name != "" && strings.TrimSpace(name) == name && words.Line(name, longestName)
}

// SetItem puts an item on sale, or changes how the one of that code is to be had from now on; what it is does not change. It
// is for managers of the lot.
//
// Errors: UnknownLot, UnknownStore, InvalidItem, also for an offer that is not the lot's; UNAUTHENTICATED, FORBIDDEN.
func (s *Service) SetItem(ctx context.Context, t Terms) (*Item, error) {
	lot, ok := s.lots.Lot(t.LotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, err := viewer.ManagerOf(ctx, lot.Row)
	switch {
	case err != nil:
		return nil, err
	case !t.valid(s.clock.Now()):
		return nil, InvalidItem
	}
	var row *ent.MallItem
	err = s.write(ctx, jobItems, func(ctx context.Context, tx *ent.Tx) (err error) {
		storeID, err := handsOver(ctx, tx, lot.Row, t)
		if err != nil {
			return err
		}
		row, err = tx.MallItem.Query().Where(mallitem.LotID(lot.Row), mallitem.Code(t.Code)).Only(ctx)
		switch {
		case ent.IsNotFound(err):
			row, err = s.addItem(ctx, tx, lot.Row, storeID, v.StaffID, t)
			return err
		case err != nil:
			return fmt.Errorf("read the item: %w", err)
		case !same(row.StoreID, storeID) || !same(row.VoucherOfferID, t.VoucherOffer):
			return InvalidItem
		}
		row, err = tx.MallItem.UpdateOne(row).SetName(t.Name).SetPriceFen(t.PriceFen).SetPoints(int64(t.Points)).SetStock(t.Stock).
			SetSoldUntil(t.SoldUntil.UTC()).SetHoldsDays(t.HoldsDays).SetStaffID(v.StaffID).Save(ctx)
		if err != nil {
			return fmt.Errorf("change the item: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.ItemByRow(ctx, row.ID)
}

func same(a, b *int64) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// handsOver answers the store of an item, or nil for a voucher on terms of the lot's.
func handsOver(ctx context.Context, tx *ent.Tx, lotID int64, t Terms) (*int64, error) {
	if t.VoucherOffer != nil {
		known, err := tx.VoucherOffer.Query().Where(voucheroffer.ID(*t.VoucherOffer), voucheroffer.LotID(lotID)).Exist(ctx)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read the offer: %w", err)
		case !known:
			return nil, InvalidItem.At("voucherOfferId")
		}
		return nil, nil
	}
	if strings.ContainsRune(t.StoreCode, 0) { // which no text column takes
		return nil, UnknownStore
	}
	id, err := tx.Store.Query().Where(places.Code(t.StoreCode)).OnlyID(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, UnknownStore
	case err != nil:
		return nil, fmt.Errorf("read the store: %w", err)
	}
	return &id, nil
}

func (s *Service) addItem(ctx context.Context, tx *ent.Tx, lotID int64, storeID *int64, staffID int64, t Terms) (*ent.MallItem, error) {
	row, err := tx.MallItem.Create().SetLotID(lotID).SetCode(t.Code).SetName(t.Name).SetNillableStoreID(storeID).
		SetNillableVoucherOfferID(t.VoucherOffer).SetPriceFen(t.PriceFen).SetPoints(int64(t.Points)).SetStock(t.Stock).
		SetSoldUntil(t.SoldUntil.UTC()).SetHoldsDays(t.HoldsDays).SetStaffID(staffID).SetCreatedAt(s.clock.Now()).Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the item has just been put on sale: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the item: %w", err)
	}
	return row, nil
}

func (s *Service) shown(row *ent.MallItem) *Item {
	i := &Item{Row: row.ID, Code: row.Code, Name: row.Name, Left: row.Stock, SoldUntil: row.SoldUntil, HoldsDays: row.HoldsDays}
	if row.PriceFen > 0 {
		i.PriceFen = &row.PriceFen
	}
	if row.Points > 0 {
		i.Points = new(int(row.Points))
	}
	if lot, ok := s.lots.LotByRow(row.LotID); ok {
		i.LotCode = &lot.Code
	}
	if of := row.Edges.Store; of != nil {
		i.StoreCode, i.StoreName = &of.Code, &of.Name
	}
	return i
}

// Items lists what a lot offers now, for anybody, newest first: what is sold out too.
func (s *Service) Items(ctx context.Context, lotID int64, p page.Request) (page.Of[*Item], error) {
	query := s.store.Client(ctx).MallItem.Query().Where(mallitem.LotID(lotID), mallitem.SoldUntilGT(s.clock.Now())).
		WithStore().Order(ent.Desc(mallitem.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(mallitem.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Item]{}, fmt.Errorf("read items: %w", err)
	}
	cut := page.Cut(rows, p.First)
	items := make([]*Item, len(cut.Items))
	for i, row := range cut.Items {
		items[i] = s.shown(row)
	}
	return page.Of[*Item]{Items: items, More: cut.More}, nil
}

// ItemByRow answers an item, to anybody. Error: NOT_FOUND.
func (s *Service) ItemByRow(ctx context.Context, row int64) (*Item, error) {
	found, err := s.store.Client(ctx).MallItem.Query().Where(mallitem.ID(row)).WithStore().Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the item: %w", err)
	}
	return s.shown(found), nil
}

// takeOne keeps one of an item for somebody, so that the last is had once. Error: SoldOut, also for what is not on sale or
// never was.
func (s *Service) takeOne(ctx context.Context, tx *ent.Tx, item int64) (*ent.MallItem, error) {
	row, err := tx.MallItem.Get(ctx, item)
	switch {
	case ent.IsNotFound(err):
		return nil, SoldOut
	case err != nil:
		return nil, fmt.Errorf("read the item: %w", err)
	case row.Stock == 0 || !s.clock.Now().Before(row.SoldUntil):
		return nil, SoldOut
	}
	n, err := tx.MallItem.Update().Where(mallitem.ID(row.ID), mallitem.Stock(row.Stock)).SetStock(row.Stock - 1).Save(ctx)
	return row, store.ChangedOne(n, err, "take one of the item")
}

// giveOneBack puts one back on sale.
func giveOneBack(ctx context.Context, tx *ent.Tx, item int64) error {
	if err := tx.MallItem.UpdateOneID(item).AddStock(1).Exec(ctx); err != nil {
		return fmt.Errorf("give one of the item back: %w", err)
	}
	return nil
}
