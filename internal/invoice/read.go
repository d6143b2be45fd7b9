package invoice

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/invoice"
	"parkbff/ent/invoicedorder"
	"parkbff/ent/paymentorder"
	"parkbff/internal/billing"
	"parkbff/internal/entitlement"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

// Invoices lists the asking driver's invoices, newest first, those of a state if one is given; others have none.
// Error: CONSENT_REQUIRED.
func (s *Service) Invoices(ctx context.Context, state *invoice.State, p page.Request) (page.Of[*Invoice], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Invoice]{}, nil
	}
	if err := entitlement.Require(v, entitlement.EInvoice, 0); err != nil {
		return page.Of[*Invoice]{}, err
	}
	query := s.Store.Client(ctx).Invoice.Query().Order(ent.Desc(invoice.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(invoice.IDLT(p.After))
	}
	if state != nil {
		query.Where(invoice.StateEQ(*state))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Invoice]{}, fmt.Errorf("read invoices: %w", err)
	}
	cut := page.Cut(rows, p.First)
	invoices := make([]*Invoice, len(cut.Items))
	for i, row := range cut.Items {
		if invoices[i], err = s.opened(ctx, row); err != nil {
			return page.Of[*Invoice]{}, err
		}
	}
	return page.Of[*Invoice]{Items: invoices, More: cut.More}, nil
}

// Invoice answers one of the viewer's own. Error: NOT_FOUND.
func (s *Service) Invoice(ctx context.Context, row int64) (*Invoice, error) {
	found, err := s.seen(ctx, row)
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, found)
}

func (s *Service) seen(ctx context.Context, row int64) (*ent.Invoice, error) {
	found, err := s.Store.Fresh(ctx).Invoice.Query().Where(invoice.ID(row)).Only(ctx)
	if err != nil {
		return nil, unseen(err, "read the invoice")
	}
	return found, nil
}

// opened opens an invoice for its account.
func (s *Service) opened(ctx context.Context, row *ent.Invoice) (*Invoice, error) {
	written, err := s.openContents(ctx, row)
	if err != nil {
		return nil, err
	}
	open := &Invoice{
		Row: row.ID, Kind: row.Kind, State: row.State, Failure: row.Failure, Number: row.Number, IssuedAt: row.IssuedAt,
		Fen: row.Fen, TaxFen: row.TaxFen, blue: row.ID,
	}
	if written != nil {
		open.TitleName = written.Title.Name
	}
	if row.ReversesID != nil {
		open.blue = *row.ReversesID
	}
	if row.Number != nil && row.AccountID != nil {
		if open.PdfURL, err = s.link(row.ID, *row.AccountID); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// Invoiceable lists what the asking driver has paid and may have invoiced now; others nothing. Error:
// CONSENT_REQUIRED.
func (s *Service) Invoiceable(ctx context.Context, p page.Request) (page.Of[*billing.Order], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver || s.Press == nil {
		return page.Of[*billing.Order]{}, nil
	}
	if err := entitlement.Require(v, entitlement.EInvoice, 0); err != nil {
		return page.Of[*billing.Order]{}, err
	}
	return s.orders.Matching(ctx, p, paymentorder.StateEQ(paymentorder.StatePAID), paidBy(v.AccountID), onNoInvoice,
		paymentorder.LotIDIn(s.Lots.Offering(parking.EInvoice)...))
}

// OrdersOn lists the orders on an invoice that the viewer was shown; of a red one those of the blue one.
func (s *Service) OrdersOn(ctx context.Context, of *Invoice, p page.Request) (page.Of[*billing.Order], error) {
	return s.orders.Matching(ctx, p, onInvoice(of.blue))
}

// StatesOf tells how far the invoices of orders have come, of those that stand on one of the viewer's own.
func (s *Service) StatesOf(ctx context.Context, orders []int64) (map[int64]invoice.State, error) {
	if viewer.Of(ctx).Kind != viewer.Driver || len(orders) == 0 {
		return nil, nil
	}
	standing, err := s.Store.Client(ctx).InvoicedOrder.Query().
		Where(invoicedorder.OrderIDIn(orders...), invoicedorder.ReleasedAtIsNil()).WithInvoice().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what is invoiced: %w", err)
	}
	states := make(map[int64]invoice.State, len(standing))
	for _, on := range standing {
		states[on.OrderID] = on.Edges.Invoice.State
	}
	return states, nil
}
