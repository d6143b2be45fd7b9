package parking

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/parkingsession"
	"parkbff/ent/sessionaccess"
	"parkbff/internal/cnid"
)

// Payment is money received for a stay.
type Payment struct {
	SessionID int64
	AccountID int64 // 0: nobody signed in paid
	Fen       int64
	PaidAt    time.Time
}

// Settle books a payment on its stay inside the payer's transaction: when it covers what was quoted, the
// car may leave within the tariff's grace without owing more; and an account that paid sees the stay from
// then on. The caller is the system and answers for the payment being booked once.
func (s *Service) Settle(ctx context.Context, tx *ent.Tx, p Payment) error {
	row, err := tx.ParkingSession.Get(ctx, p.SessionID)
	if err != nil {
		return fmt.Errorf("read the paid stay: %w", err)
	}
	until, err := s.exitBy(ctx, row, p)
	if err != nil {
		return err
	}
	n, err := tx.ParkingSession.Update().
		Where(parkingsession.ID(row.ID), parkingsession.PaidFen(row.PaidFen)).
		AddPaidFen(p.Fen).SetNillablePaidUntil(until).Save(ctx)
	if err := changedOne(n, err, "book payment"); err != nil || p.AccountID == 0 {
		return err
	}
	return letPayerSee(ctx, tx, row, p.AccountID)
}

// exitBy is until when a car may leave after paying, or nil when it was too little for that.
func (s *Service) exitBy(ctx context.Context, row *ent.ParkingSession, p Payment) (*time.Time, error) {
	lot, ok := s.LotByRow(row.LotID)
	if !ok || lot.tariff == nil {
		return &p.PaidAt, nil
	}
	plate, err := s.plateOf(ctx, row)
	if err != nil {
		return nil, err
	}
	if row.PaidFen+p.Fen < s.quotedFee(lot, plate, row, p.PaidAt) {
		return nil, nil
	}
	until, err := lot.tariff.ExitBy(tariffStay(plate, row.EnteredAt, p.PaidAt), p.PaidAt)
	if err != nil {
		return nil, fmt.Errorf("grace after payment: %w", err)
	}
	return &until, nil
}

// quotedFee is the least that a stay can have been said to cost by a quote that still held at t.
func (s *Service) quotedFee(lot *Lot, plate cnid.Plate, row *ent.ParkingSession, t time.Time) int64 {
	if row.State != parkingsession.StateOPEN {
		return row.FeeFen
	}
	quoted := t.Add(-quoteHolds)
	if quoted.Before(row.EnteredAt) {
		return 0
	}
	return s.feeAt(lot, plate, row, quoted)
}

func letPayerSee(ctx context.Context, tx *ent.Tx, row *ent.ParkingSession, accountID int64) error {
	n, err := tx.SessionAccess.Update().
		Where(sessionaccess.AccountID(accountID), sessionaccess.SessionID(row.ID)).SetPaid(true).Save(ctx)
	if err != nil {
		return fmt.Errorf("let the payer see the stay: %w", err)
	}
	if n > 0 {
		return nil
	}
	err = tx.SessionAccess.Create().SetAccountID(accountID).SetSessionID(row.ID).
		SetNillableVehicleID(row.VehicleID).SetBound(false).SetPaid(true).Exec(ctx)
	if err != nil {
		return fmt.Errorf("let the payer see the stay: %w", err)
	}
	return nil
}
