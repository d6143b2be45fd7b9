package shift

import (
	"bytes"
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/shift"
	"parkbff/ent/staff"
	"parkbff/ent/staffrole"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Count is what somebody has found in the drawer of a shift.
type Count struct {
	IdempotencyKey string
	Shift          int64 // its row
	CountedFen     int64
	Note           string // up to 200 characters
}

// Close ends a shift: what was counted goes into the lot's safe, and what it differs from what should be there is
// booked. It is for its member of staff once it is open, and for managers of the lot, who count what somebody has left
// open or has not accepted. The same key closes once.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, idempotent.InvalidKey, KeyReused, InvalidCash, InvalidNote, Over, NotAccepted.
func (s *Service) Close(ctx context.Context, c Count) (*Shift, error) {
	known, key, err := s.closing(ctx, "close shift", c)
	if err != nil {
		return nil, err
	}
	v := viewer.Of(ctx)
	err = s.write(ctx, func(ctx context.Context, tx *ent.Tx) error {
		before, done, err := s.closedBy(ctx, tx, key, c)
		switch {
		case err != nil:
			return err
		case done:
			known = before
			return nil
		case before.State == shift.StateOFFERED && !v.ManagesLot(before.LotID):
			return NotAccepted
		}
		known, err = s.end(ctx, tx, before, v.StaffID, key, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, known)
}

// HandOver ends one's own open shift and begins one of a successor's with what was counted, in one transaction (交接班).
// The successor accepts it by Accept before taking cash. The same key hands over once.
//
// Errors: those of Close; UnknownSuccessor, SuccessorBusy.
func (s *Service) HandOver(ctx context.Context, c Count, successor string) (*Shift, error) {
	known, key, err := s.closing(ctx, "hand over shift", c)
	if err != nil {
		return nil, err
	}
	v := viewer.Of(ctx)
	if known.StaffID != v.StaffID {
		return nil, fault.Forbidden
	}
	err = s.write(ctx, func(ctx context.Context, tx *ent.Tx) error {
		before, done, err := s.closedBy(ctx, tx, key, c)
		switch {
		case err != nil:
			return err
		case done:
			known = before
			return wasHandedTo(ctx, tx, before, successor)
		case before.State == shift.StateOFFERED:
			return NotAccepted
		}
		next, err := colleague(ctx, tx, before, successor)
		if err != nil {
			return err
		}
		if known, err = s.end(ctx, tx, before, v.StaffID, key, c); err != nil {
			return err
		}
		return s.offer(ctx, tx, known, next)
	})
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, known)
}

// closing checks who closes a shift, and what they say of it.
func (s *Service) closing(ctx context.Context, purpose string, c Count) (*ent.Shift, []byte, error) {
	known, err := s.seen(ctx, c.Shift)
	if err != nil {
		return nil, nil, err
	}
	key, err := idempotent.Hash(s.vault, viewer.Of(ctx), purpose, c.IdempotencyKey)
	if err != nil {
		return nil, nil, err
	}
	if err := validCash(c.CountedFen, "countedFen"); err != nil {
		return nil, nil, err
	}
	return known, key, validNote(c.Note)
}

// closedBy reads the shift that is to be closed, and tells whether this key has closed it.
func (s *Service) closedBy(ctx context.Context, tx *ent.Tx, key []byte, c Count) (before *ent.Shift, done bool, err error) {
	other, err := tx.Shift.Query().Where(shift.ClosingKeyHash(key), shift.IDNEQ(c.Shift)).Exist(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("look for the key: %w", err)
	}
	if before, err = tx.Shift.Get(ctx, c.Shift); err != nil {
		return nil, false, fmt.Errorf("read the shift: %w", err)
	}
	again := bytes.Equal(before.ClosingKeyHash, key)
	switch {
	case other, again && (*before.CountedFen != c.CountedFen || before.Note != c.Note):
		return nil, false, idempotent.KeyReused
	case again:
		return before, true, nil
	case before.State == shift.StateCLOSED:
		return nil, false, Over
	}
	return before, false, nil
}

// end closes a shift with what was counted, and books what became of its cash. Cash that came or went meanwhile asks
// for another try.
func (s *Service) end(ctx context.Context, tx *ent.Tx, row *ent.Shift, by int64, key []byte, c Count) (*ent.Shift, error) {
	now := s.clock.Now()
	n, err := tx.Shift.Update().
		Where(shift.ID(row.ID), shift.StateEQ(row.State), shift.TakenFen(row.TakenFen), shift.RefundedFen(row.RefundedFen)).
		SetState(shift.StateCLOSED).SetClosedAt(now).SetClosedBy(by).SetCountedFen(c.CountedFen).SetNote(c.Note).
		SetClosingKeyHash(key).Save(ctx)
	if err := store.ChangedOne(n, err, "close the shift"); err != nil {
		return nil, err
	}
	if held := expected(row); held != 0 || c.CountedFen != 0 {
		err = s.book.Write(ctx, tx, ledger.Movement{
			Cause: ledgerentry.CauseSHIFT_CLOSED, CauseID: row.ID, LotID: row.LotID, ShiftID: &row.ID, OccurredAt: now,
			Lines: ledger.Emptied(held, c.CountedFen),
		})
		if err != nil {
			return nil, err
		}
	}
	closed, err := tx.Shift.Get(ctx, row.ID)
	if err != nil {
		return nil, fmt.Errorf("read the shift: %w", err)
	}
	return closed, nil
}

// colleague finds another member of staff of the lot of a shift. Error: UnknownSuccessor.
func colleague(ctx context.Context, tx *ent.Tx, of *ent.Shift, label string) (int64, error) {
	id, err := tx.Staff.Query().
		Where(staff.LabelEQ(label), staff.IDNEQ(of.StaffID), staff.HasRolesWith(staffrole.LotID(of.LotID))).OnlyID(ctx)
	switch {
	case ent.IsNotFound(err):
		return 0, UnknownSuccessor
	case err != nil:
		return 0, fmt.Errorf("look for the successor: %w", err)
	}
	return id, nil
}

// offer begins the shift that follows one, with what was counted.
func (s *Service) offer(ctx context.Context, tx *ent.Tx, closed *ent.Shift, next int64) error {
	busy, err := hasShift(ctx, tx, next, closed.LotID)
	switch {
	case err != nil:
		return err
	case busy:
		return SuccessorBusy
	}
	_, err = s.begin(ctx, tx, tx.Shift.Create().SetLotID(closed.LotID).SetStaffID(next).SetFollowsID(closed.ID).
		SetState(shift.StateOFFERED).SetFloatFen(*closed.CountedFen).SetKeyHash(s.vault.Index("idempotency", fmt.Sprint("shift after|own|", closed.ID))))
	return err
}

// wasHandedTo holds a repeated hand-over against the one that was made. Error: idempotent.KeyReused.
func wasHandedTo(ctx context.Context, tx *ent.Tx, closed *ent.Shift, label string) error {
	next, err := tx.Shift.Query().Where(shift.FollowsID(closed.ID)).Only(ctx)
	if err != nil {
		return fmt.Errorf("look for the shift that follows: %w", err)
	}
	same, err := tx.Staff.Query().Where(staff.ID(next.StaffID), staff.LabelEQ(label)).Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look for the successor: %w", err)
	case !same:
		return idempotent.KeyReused
	}
	return nil
}
