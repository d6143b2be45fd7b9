package billing

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/difference"
	"parkbff/ent/reconciliation"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

// InvalidDays is answered for days that are none, or too many.
var InvalidDays = fault.New("INVALID_DAYS", "Ask for 1 to 31 days, the first not after the last.").At("to")

const mostDays = 31

// ExportLedger writes the ledger of a lot over some days in Shanghai, both included, for its managers (P12). Errors:
// UNAUTHENTICATED, FORBIDDEN, InvalidDays, ledger.TooLarge.
func (s *Service) ExportLedger(ctx context.Context, lotID int64, from, to time.Time) (*ledger.Export, error) {
	if _, err := viewer.ManagerOf(ctx, lotID); err != nil {
		return nil, err
	}
	from, end := midnight(from), midnight(to).AddDate(0, 0, 1)
	if days := end.Sub(from) / (24 * time.Hour); days < 1 || days > mostDays {
		return nil, InvalidDays
	}
	return s.book.Export(ctx, s.store, lotID, from, end)
}

// midnight begins a day in Shanghai.
func midnight(day time.Time) time.Time {
	year, month, of := day.Date()
	return time.Date(year, month, of, 0, 0, 0, 0, clock.Shanghai)
}

// Reconciliation is a channel's statement of one day, held against the ledger.
type Reconciliation struct {
	Row         int64
	Channel     money.Channel
	Day         time.Time // midnight in Shanghai
	Payments    int
	PaidFen     int64 // as the channel says
	Refunds     int
	RefundedFen int64 // likewise
	Differences []*Difference
}

// Difference is a movement of which a channel says something else than the ledger.
type Difference struct {
	Kind       difference.Kind
	Refund     bool
	Number     string
	ChannelFen int64
	LedgerFen  int64
}

// mostDifferences are shown of one statement.
const mostDifferences = 100

// Reconciliations lists what channels' statements said, the latest first, for administrators of the platform. Errors:
// UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Reconciliations(ctx context.Context, p page.Request) (page.Of[*Reconciliation], error) {
	if _, err := s.office.Office(ctx, viewer.Admin); err != nil {
		return page.Of[*Reconciliation]{}, err
	}
	query := s.store.Client(ctx).Reconciliation.Query().Order(ent.Desc(reconciliation.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(reconciliation.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Reconciliation]{}, fmt.Errorf("read reconciliations: %w", err)
	}
	cut := page.Cut(rows, p.First)
	found, err := s.openReconciliations(ctx, cut.Items)
	return page.Of[*Reconciliation]{Items: found, More: cut.More}, err
}

// Reconciliation answers one by its row, to an administrator. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND.
func (s *Service) Reconciliation(ctx context.Context, row int64) (*Reconciliation, error) {
	if _, err := s.office.Office(ctx, viewer.Admin); err != nil {
		return nil, err
	}
	found, err := s.store.Client(ctx).Reconciliation.Query().Where(reconciliation.ID(row)).All(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the reconciliation: %w", err)
	case len(found) == 0:
		return nil, fault.NotFound
	}
	opened, err := s.openReconciliations(ctx, found)
	if err != nil {
		return nil, err
	}
	return opened[0], nil
}

// openReconciliations reads what differs with its page, in one statement.
func (s *Service) openReconciliations(ctx context.Context, rows []*ent.Reconciliation) ([]*Reconciliation, error) {
	opened, ids := make([]*Reconciliation, len(rows)), make([]int64, len(rows))
	byRow := map[int64]*Reconciliation{}
	for i, row := range rows {
		opened[i] = &Reconciliation{
			Row: row.ID, Channel: row.Channel, Day: row.Day.In(clock.Shanghai), Payments: row.Payments, PaidFen: row.PaidFen,
			Refunds: row.Refunds, RefundedFen: row.RefundedFen,
		}
		byRow[row.ID], ids[i] = opened[i], row.ID
	}
	differing, err := s.store.Client(ctx).Difference.Query().Where(difference.ReconciliationIDIn(ids...)).
		Order(ent.Asc(difference.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read what differs: %w", err)
	}
	for _, d := range differing {
		if of := byRow[d.ReconciliationID]; len(of.Differences) < mostDifferences {
			of.Differences = append(of.Differences, &Difference{
				Kind: d.Kind, Refund: d.Refund, Number: d.Number, ChannelFen: d.ChannelFen, LedgerFen: d.LedgerFen,
			})
		}
	}
	return opened, nil
}
