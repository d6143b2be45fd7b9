package delivery

import (
	"context"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/delivery"
	"parkbff/ent/notice"
	"parkbff/internal/fault"
	notices "parkbff/internal/notice"
	"parkbff/internal/page"
	"parkbff/internal/privacy"
	"parkbff/internal/viewer"
)

// Page lists the asking person's deliveries, newest first (R125). Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Page(ctx context.Context, p page.Request) (page.Of[*Delivery], error) {
	v, err := asker(ctx)
	if err != nil {
		return page.Of[*Delivery]{}, err
	}
	return s.list(ctx, Filter{Account: &v.AccountID}, p)
}

// All lists everybody's for an officer. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) All(ctx context.Context, of Filter, p page.Request) (page.Of[*Delivery], error) {
	if _, err := s.Office.Office(ctx, viewer.Officer); err != nil {
		return page.Of[*Delivery]{}, err
	}
	return s.list(ctx, of, p)
}

// Delivery answers one, to its person and to officers. Error: NOT_FOUND, for everybody else too.
func (s *Service) Delivery(ctx context.Context, row int64) (*Delivery, error) {
	if _, err := asker(ctx); err != nil {
		if _, err := s.Office.Office(ctx, viewer.Officer); err != nil {
			return nil, fault.NotFound
		}
	}
	found, err := s.Store.Client(ctx).Delivery.Query().Where(delivery.ID(row)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, wrap("read the delivery", err)
	}
	return opened(found), nil
}

func (s *Service) list(ctx context.Context, of Filter, p page.Request) (page.Of[*Delivery], error) {
	query := s.Store.Client(ctx).Delivery.Query().Order(delivery.ByID(sql.OrderDesc())).Limit(p.Limit())
	if of.Account != nil {
		query.Where(delivery.AccountID(*of.Account))
	}
	if of.State != nil {
		query.Where(delivery.StateEQ(*of.State))
	}
	if p.After > 0 {
		query.Where(delivery.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Delivery]{}, wrap("read deliveries", err)
	}
	cut := page.Cut(rows, p.First)
	all := make([]*Delivery, len(cut.Items))
	for i, row := range cut.Items {
		all[i] = opened(row)
	}
	return page.Of[*Delivery]{Items: all, More: cut.More}, nil
}

// opened shows a delivery. News of a stay leaves the moment that a gate has seen the car, so when it was sent
// would tell that moment, which is masked below VERIFIED and no officer's business: of it the part of the day is
// shown, to everybody.
func opened(row *ent.Delivery) *Delivery {
	d := &Delivery{
		Row: row.ID, Kind: notice.Kind(row.Kind), Channel: row.Channel, State: row.State,
		CreatedAt: row.CreatedAt, SettledAt: row.SettledAt,
	}
	if row.Reason != "" {
		d.Reason = &row.Reason
	}
	if notices.OfSecurity(d.Kind) {
		return d
	}
	d.CreatedAt = privacy.PartOfDay(d.CreatedAt)
	if d.SettledAt != nil {
		d.SettledAt = new(privacy.PartOfDay(*d.SettledAt))
	}
	return d
}
