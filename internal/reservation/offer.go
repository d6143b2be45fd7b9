package reservation

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/reservation"
	"parkbff/ent/reservationoffer"
	"parkbff/internal/parking"
	"parkbff/internal/span"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Terms are on what terms a lot lets its bays be reserved.
type Terms struct {
	Open           bool // new reservations are taken
	Bays           int  // how many may be reserved at a time
	PriceFen       int64
	UnitMinutes    int // the price is for each begun; 0: for a window
	AheadMinutes   int // how long from now a window begins at the latest
	LongestMinutes int
	EarlyMinutes   int // how long before its window a car may come
	GraceMinutes   int // how long after its beginning the bay waits for it
	FreeMinutes    int // how long before its beginning cancelling costs nothing
	LatePercent    int // what goes back when it is cancelled later, or no car comes
	OwnerPercent   int // what the owner of a shared bay gets of what it brings
}

// Bounds of offers.
const (
	mostFen      = 100_000_00
	mostAhead    = 30 * 24 * 60
	shortest     = 15
	longest      = 7 * 24 * 60
	mostEarly    = 60
	mostGrace    = 24 * 60
	wholePercent = 100
)

func (t Terms) valid(lot *parking.Lot) bool {
	within := func(n, least, most int) bool { return n >= least && n <= most }
	return within(t.Bays, 0, lot.Capacity) && t.PriceFen >= 0 && t.PriceFen <= mostFen && within(t.UnitMinutes, 0, longest) &&
		within(t.AheadMinutes, 0, mostAhead) && within(t.LongestMinutes, shortest, longest) && within(t.EarlyMinutes, 0, mostEarly) &&
		within(t.GraceMinutes, 0, mostGrace) && within(t.FreeMinutes, 0, mostAhead) && within(t.LatePercent, 0, wholePercent) &&
		within(t.OwnerPercent, 0, wholePercent)
}

// price of a window in fen.
func (t Terms) price(long time.Duration) int64 {
	unit := minutes(t.UnitMinutes)
	if unit == 0 {
		return t.PriceFen
	}
	return t.PriceFen * int64((long+unit-1)/unit)
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

// SetOffer says on what terms a lot lets its bays be reserved from now on. It is for managers of a lot that offers
// reservations. Those that were made stay as they are, and so it may not set fewer bays aside than they need.
//
// Errors: UnknownLot; UNAUTHENTICATED, FORBIDDEN; parking.NotOffered; InvalidOffer, StillReserved.
func (s *Service) SetOffer(ctx context.Context, lotCode string, t Terms) (*Terms, error) {
	lot, ok := s.lots.Lot(lotCode)
	if !ok {
		return nil, UnknownLot
	}
	v, err := viewer.ManagerOf(ctx, lot.Row)
	switch {
	case err != nil:
		return nil, err
	case !lot.Offers(parking.Reservation):
		return nil, parking.NotOffered
	case !t.valid(lot):
		return nil, InvalidOffer
	}
	err = s.write(ctx, jobOffer, func(ctx context.Context, tx *ent.Tx) error {
		known, err := s.hold(ctx, tx, lot.Row)
		switch {
		case err != nil:
			return err
		case known == nil:
			return t.create(ctx, tx, lot.Row, v.StaffID, s.clock.Now())
		}
		needed, err := s.needed(ctx, tx, lot.Row, span.Span{From: s.clock.Now(), Until: farAway})
		switch {
		case err != nil:
			return err
		case t.Bays < needed:
			return StillReserved.With("reserved", needed)
		}
		return t.update(ctx, tx, known, v.StaffID)
	})
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// farAway is later than any reservation ends.
var farAway = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (t Terms) create(ctx context.Context, tx *ent.Tx, lotID, staff int64, now time.Time) error {
	err := tx.ReservationOffer.Create().SetLotID(lotID).SetOpen(t.Open).SetBays(t.Bays).SetFeeFen(t.PriceFen).SetUnitMinutes(t.UnitMinutes).
		SetAheadMinutes(t.AheadMinutes).SetLongestMinutes(t.LongestMinutes).SetEarlyMinutes(t.EarlyMinutes).SetGraceMinutes(t.GraceMinutes).
		SetFreeMinutes(t.FreeMinutes).SetLatePercent(t.LatePercent).SetOwnerPercent(t.OwnerPercent).
		SetStaffID(staff).SetCreatedAt(now).Exec(ctx)
	switch {
	case store.IsDuplicate(err):
		return store.Retry(fmt.Errorf("the offer has just been made: %w", err))
	case err != nil:
		return fmt.Errorf("write the offer: %w", err)
	}
	return nil
}

func (t Terms) update(ctx context.Context, tx *ent.Tx, known *ent.ReservationOffer, staff int64) error {
	err := tx.ReservationOffer.UpdateOne(known).SetOpen(t.Open).SetBays(t.Bays).SetFeeFen(t.PriceFen).SetUnitMinutes(t.UnitMinutes).
		SetAheadMinutes(t.AheadMinutes).SetLongestMinutes(t.LongestMinutes).SetEarlyMinutes(t.EarlyMinutes).SetGraceMinutes(t.GraceMinutes).
		SetFreeMinutes(t.FreeMinutes).SetLatePercent(t.LatePercent).SetOwnerPercent(t.OwnerPercent).SetStaffID(staff).Exec(ctx)
	if err != nil {
		return fmt.Errorf("change the offer: %w", err)
	}
	return nil
}

// Offer answers on what terms a lot lets its bays be reserved, to anybody, or nil when it does not.
func (s *Service) Offer(ctx context.Context, lotID int64) (*Terms, error) {
	found, err := s.store.Client(ctx).ReservationOffer.Query().Where(reservationoffer.LotID(lotID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the offer: %w", err)
	}
	t := termsOf(found)
	return &t, nil
}

func termsOf(row *ent.ReservationOffer) Terms {
	return Terms{
		Open: row.Open, Bays: row.Bays, PriceFen: row.FeeFen, UnitMinutes: row.UnitMinutes, AheadMinutes: row.AheadMinutes,
		LongestMinutes: row.LongestMinutes, EarlyMinutes: row.EarlyMinutes, GraceMinutes: row.GraceMinutes,
		FreeMinutes: row.FreeMinutes, LatePercent: row.LatePercent, OwnerPercent: row.OwnerPercent,
	}
}

// hold answers the offer of a lot, or nil, and keeps others from counting its reservations until the commit.
func (s *Service) hold(ctx context.Context, tx *ent.Tx, lotID int64) (*ent.ReservationOffer, error) {
	err := tx.ReservationOffer.Update().Where(reservationoffer.LotID(lotID)).Modify(store.Hold(reservationoffer.FieldBays)).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("hold the offer: %w", err)
	}
	found, err := tx.ReservationOffer.Query().Where(reservationoffer.LotID(lotID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the offer: %w", err)
	}
	return found, nil
}

// keeping are the states in which a reservation keeps a bay.
var keeping = []reservation.State{reservation.StateHELD, reservation.StateCONFIRMED, reservation.StateARRIVED}

// needed answers how many of the bays that a lot has set aside are kept at the same instant of a span, at that where most
// are. The offer is held.
func (s *Service) needed(ctx context.Context, tx *ent.Tx, lotID int64, during span.Span) (int, error) {
	rows, err := tx.Reservation.Query().Where(reservation.LotID(lotID), reservation.SpaceIDIsNil(), reservation.StateIn(keeping...),
		reservation.OpensAtLT(during.Until), reservation.EndsAtGT(during.From)).All(ctx)
	if err != nil {
		return 0, fmt.Errorf("count the bays that are kept: %w", err)
	}
	kept := make([]span.Span, len(rows))
	for i, r := range rows {
		kept[i], _ = span.Span{From: r.OpensAt, Until: r.EndsAt}.Within(during)
	}
	return span.Most(kept), nil
}
