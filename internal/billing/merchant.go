package billing

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent/ledgerentry"
	"parkbff/ent/ledgerline"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// MerchantStatement is what a merchant owes lots for the discounts that were used in one month of Shanghai. It sums what
// the ledger has under MERCHANTS.
type MerchantStatement struct {
	Month   time.Time // its first day
	Lots    []*MerchantDue
	OwedFen int64
}

// MerchantDue is what a merchant owes one lot.
type MerchantDue struct {
	LotCode   *string // nil for one that was taken away
	Discounts int
	OwedFen   int64
}

// MerchantStatement sums up the month of a day for a store: to its staff all of it, to managers of lots what it owes
// their lots. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) MerchantStatement(ctx context.Context, storeID int64, day time.Time) (*MerchantStatement, error) {
	v := viewer.Of(ctx)
	lots := v.ManagedLotIDs()
	switch {
	case v.Kind == viewer.Anonymous:
		return nil, fault.Unauthenticated
	case v.Kind != viewer.Staff || !v.WorksIn(storeID) && len(lots) == 0:
		return nil, fault.Forbidden
	}
	year, month, _ := day.Date()
	from := time.Date(year, month, 1, 0, 0, 0, 0, clock.Shanghai)
	query := s.store.Fresh(ctx).LedgerLine.Query().Where(
		ledgerline.AccountEQ(ledgerline.AccountMERCHANTS), ledgerline.StoreID(storeID),
		ledgerline.HasEntryWith(ledgerentry.OccurredAtGTE(from.UTC()), ledgerentry.OccurredAtLT(from.AddDate(0, 1, 0).UTC())),
	)
	if !v.WorksIn(storeID) {
		query.Where(ledgerline.LotIDIn(lots...))
	}
	var sums []struct {
		LotID     int64 `json:"lot_id"`
		Discounts int   `json:"discounts"`
		OwedFen   int64 `json:"owed_fen"`
	}
	err := query.Modify(func(q *sql.Selector) {
		q.Select(q.C(ledgerline.FieldLotID), sql.As(sql.Count("*"), "discounts"), "CAST(SUM("+q.C(ledgerline.FieldFen)+") AS bigint) AS owed_fen").
			GroupBy(q.C(ledgerline.FieldLotID)).OrderBy(q.C(ledgerline.FieldLotID))
	}).Scan(ctx, &sums)
	if err != nil {
		return nil, fmt.Errorf("sum up what the merchant owes: %w", err)
	}
	statement := &MerchantStatement{Month: from, Lots: make([]*MerchantDue, len(sums))}
	for i, sum := range sums {
		due := &MerchantDue{Discounts: sum.Discounts, OwedFen: sum.OwedFen}
		if lot, known := s.stays.LotByRow(sum.LotID); known {
			due.LotCode = &lot.Code
		}
		statement.Lots[i] = due
		statement.OwedFen += sum.OwedFen
	}
	return statement, nil
}
