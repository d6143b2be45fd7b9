package mall

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/mallorder"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

// Order is an item that the asking account has had.
type Order struct {
	Row          int64
	LotCode      *string // nil for a lot that was taken away
	ItemName     string
	StoreCode    *string // nil for a parking voucher
	StoreName    *string
	State        mallorder.State
	PriceFen     *int64
	Points       *int
	Code         *string // by which it is collected, while it waits
	CollectBy    *time.Time
	HandedOverAt *time.Time
}

// Format prints "mall order" under every verb.
func (Order) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, orderWord) }

// LogValue keeps its values out of structured logs.
func (Order) LogValue() slog.Value { return slog.StringValue(orderWord) }

const orderWord = "mall order"

func (s *Service) opened(row *ent.MallOrder) *Order {
	o := &Order{Row: row.ID, ItemName: row.Name, State: row.State, HandedOverAt: row.HandedOverAt}
	if row.PriceFen > 0 {
		o.PriceFen = &row.PriceFen
	}
	if row.Points > 0 {
		o.Points = new(int(row.Points))
	}
	if lot, ok := s.lots.LotByRow(row.LotID); ok {
		o.LotCode = &lot.Code
	}
	if of := row.Edges.Store; of != nil {
		o.StoreCode, o.StoreName = &of.Code, &of.Name
	}
	if row.State == mallorder.StatePAID && s.clock.Now().Before(row.ExpiresAt) {
		o.Code, o.CollectBy = new(s.code(row.ID)), &row.ExpiresAt
	}
	return o
}

// Orders lists what the asking driver's account has had, newest first; others have none. Error: CONSENT_REQUIRED.
func (s *Service) Orders(ctx context.Context, p page.Request) (page.Of[*Order], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Order]{}, nil
	}
	if err := entitlement.Require(v, entitlement.Vouchers, 0); err != nil {
		return page.Of[*Order]{}, err
	}
	query := s.store.Fresh(ctx).MallOrder.Query().WithStore().Order(ent.Desc(mallorder.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(mallorder.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Order]{}, fmt.Errorf("read orders: %w", err)
	}
	cut := page.Cut(rows, p.First)
	orders := make([]*Order, len(cut.Items))
	for i, row := range cut.Items {
		orders[i] = s.opened(row)
	}
	return page.Of[*Order]{Items: orders, More: cut.More}, nil
}

// One answers an order of the asking driver's account. Error: NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Order, error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return nil, fault.NotFound
	}
	found, err := s.store.Fresh(ctx).MallOrder.Query().Where(mallorder.ID(row)).WithStore().Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the order: %w", err)
	}
	return s.opened(found), nil
}
