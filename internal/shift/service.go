// Package shift owns the shifts of those who take cash at lots: each has one drawer, which begins with a float and ends
// with a count.
//
// What lies in a drawer is what the ledger says of its shift (see ledger.Floated, Emptied). The row of the shift is the
// lock: cash that comes or goes and whoever closes the shift write it, so that one of them is first.
package shift

import (
	"context"
	"fmt"
	"unicode/utf8"

	"parkbff/ent"
	"parkbff/ent/shift"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Lots knows lots.
type Lots interface {
	Lot(code string) (*parking.Lot, bool)
	LotByRow(row int64) (*parking.Lot, bool)
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store *store.Store
	Vault *vault.Vault
	Clock clock.Clock
	Lots  Lots
}

// Service is safe for concurrent use.
type Service struct {
	store *store.Store
	vault *vault.Vault
	clock clock.Clock
	lots  Lots
	book  *ledger.Book
}

// New answers a service.
func New(c Config) *Service {
	return &Service{c.Store, c.Vault, c.Clock, c.Lots, ledger.New(c.Clock)}
}

// Faults of this package.
var (
	Required         = fault.New("SHIFT_REQUIRED", "Cash needs an open shift of one's own at the lot.")
	AlreadyOpen      = fault.New("SHIFT_OPEN", "You have a shift at this lot that is not closed.")
	Over             = fault.New("SHIFT_CLOSED", "The shift is closed.").At("shiftId")
	NotAccepted      = fault.New("SHIFT_NOT_ACCEPTED", "The shift is not open before its member of staff has accepted it.").At("shiftId")
	UnknownSuccessor = fault.New("UNKNOWN_SUCCESSOR", "Nobody else of that number works at the lot.").At("successor")
	SuccessorBusy    = fault.New("SUCCESSOR_HAS_SHIFT", "The successor has a shift at this lot that is not closed.").At("successor")
	DrawerTooLow     = fault.New("DRAWER_TOO_LOW", "There is not so much in the drawer.").At("amountFen")
	InvalidCash      = fault.New("INVALID_CASH", "There are 0 to 100,000,000 fen in a drawer.")
	InvalidNote      = fault.New("INVALID_NOTE", "A note has 200 characters at most.").At("note")
	UnknownLot       = fault.New("UNKNOWN_LOT", "There is no lot of that code.").At("lotCode")
)

// Limits of what is said of a drawer.
const (
	mostCash    = 100_000_000
	longestNote = 200
)

// The jobs that this package does as the system.
const (
	jobShift = "keep a shift"
	jobShow  = "show a shift"
)

func (s *Service) write(ctx context.Context, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, jobShift), fn)
}

// worker answers the viewer, if they are staff of a lot.
func worker(ctx context.Context, lotID int64) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	switch {
	case v.Kind == viewer.Anonymous:
		return nil, fault.Unauthenticated
	case v.Kind != viewer.Staff || !v.WorksAt(lotID):
		return nil, fault.Forbidden
	}
	return v, nil
}

func validCash(fen int64, field string) error {
	if fen < 0 || fen > mostCash {
		return InvalidCash.At(field)
	}
	return nil
}

func validNote(note string) error {
	if utf8.RuneCountInString(note) > longestNote {
		return InvalidNote
	}
	return nil
}

// current answers the open shift of a member of staff at a lot. Error: Required.
func current(ctx context.Context, tx *ent.Tx, staff, lotID int64) (*ent.Shift, error) {
	row, err := tx.Shift.Query().Where(shift.StaffID(staff), shift.LotID(lotID), shift.StateEQ(shift.StateOPEN)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, Required
	case err != nil:
		return nil, fmt.Errorf("look for an open shift: %w", err)
	}
	return row, nil
}

// expected is what should lie in a drawer.
func expected(row *ent.Shift) int64 { return row.FloatFen + row.TakenFen - row.RefundedFen }

// Put puts cash that pays for something into the drawer of a member of staff, as part of tx, and answers whose shift it
// is. The caller books it. Error: Required.
func (s *Service) Put(ctx context.Context, tx *ent.Tx, staff, lotID, fen int64) (shiftID int64, err error) {
	row, err := current(ctx, tx, staff, lotID)
	if err != nil {
		return 0, err
	}
	n, err := tx.Shift.Update().Where(shift.ID(row.ID), shift.StateEQ(shift.StateOPEN)).AddTakenFen(fen).AddPayments(1).Save(ctx)
	return row.ID, store.ChangedOne(n, err, "put cash into the drawer")
}

// Take takes cash that goes back out of the drawer of a member of staff, as part of tx, and answers whose shift it is.
// The caller books it. Errors: Required, DrawerTooLow.
func (s *Service) Take(ctx context.Context, tx *ent.Tx, staff, lotID, fen int64) (shiftID int64, err error) {
	row, err := current(ctx, tx, staff, lotID)
	switch {
	case err != nil:
		return 0, err
	case expected(row) < fen:
		return 0, DrawerTooLow
	}
	n, err := tx.Shift.Update().
		Where(shift.ID(row.ID), shift.StateEQ(shift.StateOPEN), shift.RefundedFen(row.RefundedFen)).AddRefundedFen(fen).Save(ctx)
	return row.ID, store.ChangedOne(n, err, "take cash out of the drawer")
}
