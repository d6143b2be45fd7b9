package billing

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/paymentorder"
	"parkbff/ent/predicate"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Order answers an order that the viewer may see: the account's own, its lot's for staff, and for anybody the one
// whose proof they hold (R010). Errors: NOT_FOUND; CONSENT_REQUIRED.
func (s *Service) Order(ctx context.Context, row int64, proof string) (*Order, error) {
	found, err := s.seen(ctx, row, proof)
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, found)
}

// seen reads an order that the viewer may see.
func (s *Service) seen(ctx context.Context, row int64, proof string) (*ent.PaymentOrder, error) {
	if proof != "" && s.proves(proof, row) {
		ctx = viewer.AsSystem(ctx, jobRead)
	}
	found, err := s.store.Fresh(ctx).PaymentOrder.Query().Where(paymentorder.ID(row)).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the order: %w", err)
	}
	return found, nil
}

// Orders lists the asking driver's orders, newest first; others have none. Errors: CONSENT_REQUIRED.
func (s *Service) Orders(ctx context.Context, p page.Request) (page.Of[*Order], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Order]{}, nil
	}
	if err := entitlement.Require(v, entitlement.StayRecords, 0); err != nil {
		return page.Of[*Order]{}, err
	}
	return s.list(ctx, p)
}

// Matching lists those of the asking driver's orders that match, newest first, however old they are; others have
// none.
func (s *Service) Matching(ctx context.Context, p page.Request, where ...predicate.PaymentOrder) (page.Of[*Order], error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return page.Of[*Order]{}, nil
	}
	return s.list(ctx, p, where...)
}

// LotOrders lists the orders of a lot for its staff, newest first. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) LotOrders(ctx context.Context, lotID int64, p page.Request) (page.Of[*Order], error) {
	switch v := viewer.Of(ctx); {
	case v.Kind == viewer.Anonymous:
		return page.Of[*Order]{}, fault.Unauthenticated
	case v.Kind != viewer.Staff || !v.WorksAt(lotID):
		return page.Of[*Order]{}, fault.Forbidden
	}
	return s.list(ctx, p, paymentorder.LotID(lotID))
}

// list reads a page of the orders that the viewer may see.
func (s *Service) list(ctx context.Context, p page.Request, where ...predicate.PaymentOrder) (page.Of[*Order], error) {
	query := s.store.Client(ctx).PaymentOrder.Query().Where(where...).Order(ent.Desc(paymentorder.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(paymentorder.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Order]{}, fmt.Errorf("read orders: %w", err)
	}
	cut := page.Cut(rows, p.First)
	orders, err := s.openAll(ctx, cut.Items)
	if err != nil {
		return page.Of[*Order]{}, err
	}
	return page.Of[*Order]{Items: orders, More: cut.More}, nil
}

func (s *Service) opened(ctx context.Context, row *ent.PaymentOrder) (*Order, error) {
	all, err := s.openAll(ctx, []*ent.PaymentOrder{row})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// openAll opens orders with the stays they pay for and how far their invoices are, in one statement each.
func (s *Service) openAll(ctx context.Context, rows []*ent.PaymentOrder) ([]*Order, error) {
	var stayed []int64
	own := make([]int64, len(rows))
	for i, row := range rows {
		own[i] = row.ID
		if row.SessionID != nil {
			stayed = append(stayed, *row.SessionID)
		}
	}
	stays, err := s.stays.StaysByRow(ctx, stayed)
	if err != nil {
		return nil, err
	}
	invoiced, err := s.invoices.StatesOf(ctx, own)
	if err != nil {
		return nil, err
	}
	orders := make([]*Order, len(rows))
	for i, row := range rows {
		orders[i] = &Order{
			Row: row.ID, Kind: row.Kind, LotID: row.LotID, State: row.State, FeeFen: row.DueFen + row.DiscountFen,
			DiscountFen: row.DiscountFen, DueFen: row.DueFen, PaidFen: row.TakenFen,
			RefundedFen: row.RefundedFen, Channel: row.PaidChannel, Way: row.PaidWay, Deferred: row.Deferred, CreatedAt: row.CreatedAt, PaidAt: row.PaidAt,
		}
		orders[i].Lot, _ = s.stays.LotByRow(row.LotID)
		if row.SessionID != nil {
			orders[i].Stay = stays[*row.SessionID]
		}
		if state, stands := invoiced[row.ID]; stands {
			orders[i].InvoiceState = &state
		}
		switch {
		case row.State != paymentorder.StateOPEN:
		case s.clock.Now().After(row.ExpiresAt):
			orders[i].State = paymentorder.StateCLOSED
		default:
			orders[i].ExpiresAt = &row.ExpiresAt
		}
	}
	return orders, nil
}
