package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerentry"
	"parkbff/ent/reservation"
	"parkbff/ent/sharedspace"
	"parkbff/internal/billing/ledger"
)

// Earned is what the owner of a shared bay has earned by a reservation of it that is over (J(二)2(11), 车位共享业务分润).
type Earned struct {
	Reservation, Space, Lot int64     // rows
	Order                   *int64    // the row of what paid for the reservation
	Fen                     int64     // of what was paid and has not gone back, so much is the owner's
	At                      time.Time // when it was earned, UTC
}

// shareOf books what the owner of a shared bay has earned by a reservation, once that is over: of what has not gone back,
// as many hundredths as its terms say, in whole fen. An owner who is no more is owed nothing.
func (s *Service) shareOf(ctx context.Context, tx *ent.Tx, row int64) error {
	of, err := tx.Reservation.Get(ctx, row)
	switch {
	case err != nil:
		return fmt.Errorf("read the reservation: %w", err)
	case of.SpaceID == nil || !slices.Contains(over, of.State):
		return nil
	}
	owned, err := tx.SharedSpace.Query().Where(sharedspace.ID(*of.SpaceID)).Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look whose the bay is: %w", err)
	case !owned:
		return nil
	}
	order, err := orderOf(ctx, tx, row)
	if err != nil || order == nil {
		return err
	}
	return s.ShareEarned(ctx, tx, Earned{
		Reservation: row, Space: *of.SpaceID, Lot: of.LotID, Order: &order.ID, Fen: of.PaidFen * int64(of.OwnerPercent) / 100, At: s.clock.Now(),
	})
}

// over are the states in which nothing of a reservation goes back by its terms any more.
var over = []reservation.State{reservation.StateENDED, reservation.StateNO_SHOW, reservation.StateCANCELLED}

// errNotPaid is a mistake of the program.
var errNotPaid = errors.New("billing: an owner cannot earn less than nothing, or more than was paid")

// ShareEarned books what the owner of a space has earned by a reservation, in the transaction tx, as the system: from
// then on it is owed, and is paid out by the next settlement (internal/payout). A reservation is shared once: told again,
// and of nothing, it does nothing. What is refunded of the order later, the lot bears.
func (s *Service) ShareEarned(ctx context.Context, tx *ent.Tx, e Earned) error {
	if e.Fen == 0 {
		return nil
	}
	booked, err := tx.LedgerEntry.Query().
		Where(ledgerentry.CauseEQ(ledgerentry.CauseSHARE), ledgerentry.CauseID(e.Reservation)).Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look whether it was shared: %w", err)
	case booked:
		return nil
	case e.Fen < 0:
		return errNotPaid
	}
	n, err := tx.Reservation.Update().Where(reservation.ID(e.Reservation), reservation.LotID(e.Lot),
		reservation.SharedFen(0), reservation.PaidFenGTE(e.Fen)).SetSharedFen(e.Fen).Save(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("share what was paid for the reservation: %w", err)
	case n == 0:
		return errNotPaid
	}
	m := ledger.Movement{
		Cause: ledgerentry.CauseSHARE, CauseID: e.Reservation, LotID: e.Lot, OccurredAt: e.At.UTC(), Lines: ledger.SharedWith(e.Space, e.Fen),
	}
	if e.Order != nil {
		m.OrderID = *e.Order
	}
	return s.book.Write(ctx, tx, m)
}

// PaidOut is what a settlement has paid to the owner of a space.
type PaidOut struct {
	Item, Space, Lot int64 // rows
	Fen              int64
	At               time.Time // by the clearing bank's clock, UTC
}

// PaidOut books that an owner was paid, in the transaction tx, as the system. An item is paid once: a second entry of it
// asks for another try.
func (s *Service) PaidOut(ctx context.Context, tx *ent.Tx, p PaidOut) error {
	return s.book.Write(ctx, tx, ledger.Movement{
		Cause: ledgerentry.CausePAYOUT, CauseID: p.Item, LotID: p.Lot, OccurredAt: p.At.UTC(), Lines: ledger.PaidOut(p.Space, p.Fen),
	})
}
