package billing

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/payment"
	"parkbff/ent/refund"
	"parkbff/ent/shift"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// CashMovement is cash that was put into the drawer of a shift for a payment, or taken out of it for a refund.
type CashMovement struct {
	Row      int64 // of the ledger
	Refund   bool
	Number   string // of the payment or the refund, as in the export of the ledger
	Fen      int64
	Reason   *string // of a refund
	BookedAt time.Time
}

// CashMovements lists what came into and went out of the drawer of a shift that the viewer was shown, newest first: its
// float and its count stand in the shift.
func (s *Service) CashMovements(ctx context.Context, shiftID int64, p page.Request) (page.Of[*CashMovement], error) {
	query := s.movements(ctx).Where(ledgerentry.ShiftID(shiftID)).Order(ent.Desc(ledgerentry.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(ledgerentry.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*CashMovement]{}, fmt.Errorf("read movements of cash: %w", err)
	}
	cut := page.Cut(rows, p.First)
	found, err := s.openMovements(ctx, cut.Items)
	return page.Of[*CashMovement]{Items: found, More: cut.More}, err
}

// CashMovement answers one of a shift that the viewer may see. Error: NOT_FOUND.
func (s *Service) CashMovement(ctx context.Context, row int64) (*CashMovement, error) {
	if viewer.Of(ctx).Kind != viewer.Staff {
		return nil, fault.NotFound
	}
	found, err := s.movements(ctx).Where(ledgerentry.ID(row), ledgerentry.ShiftIDNotNil()).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the movement of cash: %w", err)
	}
	seen, err := s.store.Fresh(ctx).Shift.Query().Where(shift.ID(*found.ShiftID)).Exist(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("look for the shift: %w", err)
	case !seen:
		return nil, fault.NotFound
	}
	opened, err := s.openMovements(ctx, []*ent.LedgerEntry{found})
	if err != nil {
		return nil, err
	}
	return opened[0], nil
}

// movements asks for what payments and refunds did to drawers.
func (s *Service) movements(ctx context.Context) *ent.LedgerEntryQuery {
	return s.store.Fresh(ctx).LedgerEntry.Query().
		Where(ledgerentry.CauseIn(ledgerentry.CausePAYMENT, ledgerentry.CauseREFUND_DONE))
}

// openMovements reads the payments and the refunds of movements with their page, in one statement each.
func (s *Service) openMovements(ctx context.Context, rows []*ent.LedgerEntry) ([]*CashMovement, error) {
	caused := map[ledgerentry.Cause][]int64{}
	for _, row := range rows {
		caused[row.Cause] = append(caused[row.Cause], row.CauseID)
	}
	payments, err := s.store.Fresh(ctx).Payment.Query().Where(payment.IDIn(caused[ledgerentry.CausePAYMENT]...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read cash payments: %w", err)
	}
	refunds, err := s.store.Fresh(ctx).Refund.Query().Where(refund.IDIn(caused[ledgerentry.CauseREFUND_DONE]...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read cash refunds: %w", err)
	}
	paid, back := map[int64]*ent.Payment{}, map[int64]*ent.Refund{}
	for _, p := range payments {
		paid[p.ID] = p
	}
	for _, r := range refunds {
		back[r.ID] = r
	}
	opened := make([]*CashMovement, len(rows))
	for i, row := range rows {
		opened[i] = &CashMovement{Row: row.ID, BookedAt: row.OccurredAt}
		if row.Cause == ledgerentry.CausePAYMENT {
			opened[i].Number, opened[i].Fen = paid[row.CauseID].Number, paid[row.CauseID].PaidFen
			continue
		}
		of := back[row.CauseID]
		opened[i].Refund, opened[i].Number, opened[i].Fen, opened[i].Reason = true, of.Number, of.Fen, &of.Note
	}
	return opened, nil
}
