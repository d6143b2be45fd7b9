package shift

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/shift"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Opening is a shift that somebody begins.
type Opening struct {
	IdempotencyKey string
	LotCode        string
	FloatFen       int64 // what lies in the drawer
}

// Open begins a shift of the asking member of staff at a lot, with a float (备用金). One has one shift at a lot that is
// not closed. The same key opens once.
//
// Errors: UnknownLot; UNAUTHENTICATED, FORBIDDEN; idempotent.InvalidKey, KeyReused, InvalidCash, AlreadyOpen.
func (s *Service) Open(ctx context.Context, o Opening) (*Shift, error) {
	lot, ok := s.lots.Lot(o.LotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, err := worker(ctx, lot.Row)
	if err != nil {
		return nil, err
	}
	key, err := idempotent.Hash(s.vault, v, "open shift", o.IdempotencyKey)
	if err != nil {
		return nil, err
	}
	if err := validCash(o.FloatFen, "floatFen"); err != nil {
		return nil, err
	}
	var row *ent.Shift
	err = s.write(ctx, func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.Shift.Query().Where(shift.KeyHash(key)).Only(ctx)
		switch {
		case err == nil && (row.LotID != lot.Row || row.FloatFen != o.FloatFen):
			return idempotent.KeyReused
		case err == nil:
			return nil
		case !ent.IsNotFound(err):
			return fmt.Errorf("look for the shift: %w", err)
		}
		busy, err := hasShift(ctx, tx, v.StaffID, lot.Row)
		switch {
		case err != nil:
			return err
		case busy:
			return AlreadyOpen
		}
		create := tx.Shift.Create().SetLotID(lot.Row).SetStaffID(v.StaffID).SetState(shift.StateOPEN).SetFloatFen(o.FloatFen).
			SetOpenedAt(s.clock.Now()).SetKeyHash(key)
		row, err = s.begin(ctx, tx, create)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, row)
}

// hasShift tells whether somebody has a shift at a lot that is not closed.
func hasShift(ctx context.Context, tx *ent.Tx, staff, lotID int64) (bool, error) {
	has, err := tx.Shift.Query().Where(shift.StaffID(staff), shift.LotID(lotID), shift.StateNEQ(shift.StateCLOSED)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look for a shift: %w", err)
	}
	return has, nil
}

// begin writes a shift, and books its float out of the lot's safe. Of two that begin at once the second is tried again,
// and finds the first.
func (s *Service) begin(ctx context.Context, tx *ent.Tx, create *ent.ShiftCreate) (*ent.Shift, error) {
	now := s.clock.Now()
	row, err := create.SetCreatedAt(now).Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the shift has just been opened: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the shift: %w", err)
	case row.FloatFen == 0:
		return row, nil
	}
	return row, s.book.Write(ctx, tx, ledger.Movement{
		Cause: ledgerentry.CauseSHIFT_OPENED, CauseID: row.ID, LotID: row.LotID, ShiftID: &row.ID, OccurredAt: now,
		Lines: ledger.Floated(row.FloatFen),
	})
}

// Accept opens a shift that was handed over to the asking member of staff, who has found in the drawer what its float
// says. Said twice it answers the same. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, Over.
func (s *Service) Accept(ctx context.Context, row int64) (*Shift, error) {
	known, err := s.seen(ctx, row)
	if err != nil {
		return nil, err
	}
	if known.StaffID != viewer.Of(ctx).StaffID {
		return nil, fault.Forbidden
	}
	err = s.write(ctx, func(ctx context.Context, tx *ent.Tx) error {
		if known, err = tx.Shift.Get(ctx, row); err != nil {
			return fmt.Errorf("read the shift: %w", err)
		}
		switch known.State {
		case shift.StateOPEN:
			return nil
		case shift.StateCLOSED:
			return Over
		}
		n, err := tx.Shift.Update().Where(shift.ID(row), shift.StateEQ(shift.StateOFFERED)).
			SetState(shift.StateOPEN).SetOpenedAt(s.clock.Now()).Save(ctx)
		if err := store.ChangedOne(n, err, "accept the shift"); err != nil {
			return err
		}
		known, err = tx.Shift.Get(ctx, row)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, known)
}
