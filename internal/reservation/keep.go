package reservation

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/paymentorder"
	"parkbff/ent/plateright"
	"parkbff/ent/predicate"
	"parkbff/ent/reservation"
	"parkbff/ent/vehicle"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/span"
	"parkbff/internal/store"
	"parkbff/internal/vault"
)

// HeldFor is how long a bay is kept for who is about to pay it.
const HeldFor = 15 * time.Minute

// mostToCome bounds the reservations of an account that are to come: nobody takes all bays of a lot.
const mostToCome = 5

// Wish is a bay that an account wants.
type Wish struct {
	LotCode string
	Space   *int64 // the row of the shared space, or nil for one that the lot has set aside
	Vehicle int64  // the row of its binding
	From    time.Time
	Until   time.Time
}

// Wanted is a wish of somebody who may have it.
type Wanted struct {
	AccountID int64
	LotID     int64
	space     *int64 // nil: one that the lot has set aside
	plate     cnid.Plate
	from      time.Time
	until     time.Time
}

// Want answers what the asking driver wants, in no transaction. A plate is that of a bound vehicle, so that nobody
// learns by a reservation whether a stranger's car has come.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; UnknownLot, parking.NotOffered; NOT_FOUND for a vehicle that is
// not the account's.
func (s *Service) Want(ctx context.Context, w Wish) (Wanted, error) {
	v, err := driver(ctx)
	if err != nil {
		return Wanted{}, err
	}
	lot, ok := s.lots.Lot(w.LotCode)
	switch {
	case !ok:
		return Wanted{}, UnknownLot
	case !lot.Offers(parking.Reservation):
		return Wanted{}, parking.NotOffered
	}
	plate, err := s.garage.BoundPlate(ctx, w.Vehicle)
	if err != nil {
		return Wanted{}, err
	}
	if err := s.vault.Ready(ctx, vault.LotKey(lot.Row)); err != nil {
		return Wanted{}, fmt.Errorf("ready the lot's data key: %w", err)
	}
	return Wanted{AccountID: v.AccountID, LotID: lot.Row, space: w.Space, plate: plate, from: w.From.UTC(), until: w.Until.UTC()}, nil
}

// Made answers the reservation that was made under a key, or nil.
func (s *Service) Made(ctx context.Context, tx *ent.Tx, key []byte) (*ent.Reservation, error) {
	found, err := tx.Reservation.Query().Where(reservation.KeyHash(key)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("look for the reservation: %w", err)
	}
	return found, nil
}

// Make keeps a bay for who wants it, at the terms of this moment: HELD until it is paid, or CONFIRMED at once when it
// costs nothing. One that begins before now begins now. What has run out is closed already.
//
// Errors: InvalidWindow, NoBayLeft, Overlaps, TooMany.
func (s *Service) Make(ctx context.Context, tx *ent.Tx, w Wanted, key, terms []byte) (*ent.Reservation, error) {
	if err := s.mayHaveMore(ctx, tx, w); err != nil {
		return nil, err
	}
	offer, err := s.hold(ctx, tx, w.LotID)
	switch {
	case err != nil:
		return nil, err
	case offer == nil || !offer.Open:
		return nil, NoBayLeft
	}
	now := s.clock.Now()
	if w.from.Before(now) {
		w.from = now
	}
	t := termsOf(offer)
	if !t.allow(w, now) {
		return nil, InvalidWindow
	}
	if w.space != nil {
		t.EarlyMinutes = 0 // its owner stands there until the window begins
	}
	bay, err := s.fits(ctx, tx, w, t.Bays, span.Span{From: t.opens(w, now), Until: w.until})
	if err != nil {
		return nil, err
	}
	row, err := s.create(ctx, tx, w, t, bay, now, key, terms)
	if err != nil || row.State != reservation.StateCONFIRMED {
		return row, err
	}
	return row, s.kept(ctx, tx, row, now)
}

// allow tells whether a window is one that may be reserved.
func (t Terms) allow(w Wanted, now time.Time) bool {
	long := w.until.Sub(w.from)
	return long >= minutes(shortest) && long <= minutes(t.LongestMinutes) && !w.from.After(now.Add(minutes(t.AheadMinutes)))
}

// mayHaveMore holds the account, so that of two reservations at once the second counts the first. That another account
// has one for the plate is no reason against it: the answer would tell where a car is expected.
func (s *Service) mayHaveMore(ctx context.Context, tx *ent.Tx, w Wanted) error {
	err := tx.Account.Update().Where(account.ID(w.AccountID)).Modify(store.Hold(account.FieldCreatedAt)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("hold the account: %w", err)
	}
	own := tx.Reservation.Query().Where(reservation.AccountID(w.AccountID), reservation.StateIn(keeping...))
	taken, err := own.Clone().Where(reservation.PlateIndex(s.indexOf(w.plate)), reservation.StartsAtLT(w.until), reservation.EndsAtGT(w.from)).Exist(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("look for reservations of the plate: %w", err)
	case taken:
		return Overlaps
	}
	toCome, err := own.Where(reservation.StateNEQ(reservation.StateARRIVED)).Count(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("count the account's reservations: %w", err)
	case toCome >= mostToCome:
		return TooMany
	}
	return nil
}

// fits finds the bay that is wanted for a car, and its number when it is a shared one. A blocked car is answered as if
// there were none: whom a lot has blocked is its staff's to know. The offer is held. Error: NoBayLeft.
func (s *Service) fits(ctx context.Context, tx *ent.Tx, w Wanted, bays int, kept span.Span) (bay string, err error) {
	blocked, err := tx.PlateRight.Query().Where(plateright.LotID(w.LotID), plateright.PlateIndex(s.indexOf(w.plate)),
		plateright.KindEQ(plateright.KindBLOCKED), plateright.StartsAtLT(kept.Until),
		plateright.Or(plateright.EndsAtIsNil(), plateright.EndsAtGT(kept.From))).Exist(ctx)
	switch {
	case err != nil:
		return "", fmt.Errorf("look whether the plate is blocked: %w", err)
	case blocked:
		return "", NoBayLeft
	case w.space != nil:
		return s.lend(ctx, tx, w, kept)
	}
	needed, err := s.needed(ctx, tx, w.LotID, kept)
	if err == nil && needed >= bays {
		err = NoBayLeft
	}
	return "", err
}

func (s *Service) create(ctx context.Context, tx *ent.Tx, w Wanted, t Terms, bay string, now time.Time, key, terms []byte) (*ent.Reservation, error) {
	sealed, err := s.vault.SealString(ctx, vault.LotKey(w.LotID), sealedPlate, w.plate.Text())
	if err != nil {
		return nil, fmt.Errorf("seal the plate: %w", err)
	}
	fee := t.price(w.until.Sub(w.from))
	create := tx.Reservation.Create().SetLotID(w.LotID).SetAccountID(w.AccountID).SetState(reservation.StateHELD).
		SetPlate(sealed).SetPlateIndex(s.indexOf(w.plate)).SetPlateColor(string(w.plate.Color())).
		SetOpensAt(t.opens(w, now)).SetStartsAt(w.from).SetEndsAt(w.until).SetHeldUntil(now.Add(HeldFor)).
		SetFreeUntil(w.from.Add(-minutes(t.FreeMinutes))).SetLateAt(t.waitsUntil(w, now, fee)).
		SetFeeFen(fee).SetLateRefundFen(fee * int64(t.LatePercent) / wholePercent).SetCreatedAt(now).SetKeyHash(key).SetTermsHash(terms)
	if w.space != nil {
		create.SetSpaceID(*w.space).SetBay(bay).SetOwnerPercent(t.OwnerPercent)
	}
	if fee == 0 {
		create.SetState(reservation.StateCONFIRMED)
	}
	bound, err := tx.Vehicle.Query().Where(vehicle.PlateIndex(s.indexOf(w.plate))).FirstID(ctx)
	switch {
	case err == nil:
		create.SetVehicleID(bound)
	case !ent.IsNotFound(err):
		return nil, fmt.Errorf("look for the vehicle: %w", err)
	}
	row, err := create.Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("it has just been reserved: %w", err))
	case err != nil:
		return nil, fmt.Errorf("write the reservation: %w", err)
	}
	return row, nil
}

// opens is from when on a bay is kept: for who comes early, and not before it was reserved.
func (t Terms) opens(w Wanted, now time.Time) time.Time {
	if early := w.from.Add(-minutes(t.EarlyMinutes)); early.After(now) {
		return early
	}
	return now
}

// waitsUntil is until when a bay waits for its car: the grace begins when the window does, and not before there was time
// to pay.
func (t Terms) waitsUntil(w Wanted, now time.Time, fee int64) time.Time {
	begins := w.from
	if paid := now.Add(HeldFor); fee > 0 && paid.After(begins) {
		begins = paid
	}
	if late := begins.Add(minutes(t.GraceMinutes)); late.Before(w.until) {
		return late
	}
	return w.until
}

// Confirm notes that a reservation is paid, and tells whether it keeps its bay. One that has run out meanwhile takes a
// bay again, if one is left; one that was cancelled does not, nor one whose time is over.
func (s *Service) Confirm(ctx context.Context, tx *ent.Tx, row, fen int64) (bool, error) {
	of, err := tx.Reservation.Get(ctx, row)
	if err != nil {
		return false, fmt.Errorf("read the reservation: %w", err)
	}
	if of.AccountID == nil || of.State != reservation.StateHELD && of.State != reservation.StateEXPIRED {
		return false, nil
	}
	now := s.clock.Now()
	if of.State == reservation.StateEXPIRED {
		switch err := s.fitsAgain(ctx, tx, of, now); {
		case fault.As(err) != nil:
			return false, nil
		case err != nil:
			return false, err
		}
	}
	n, err := tx.Reservation.Update().Where(reservation.ID(of.ID), reservation.StateEQ(of.State)).
		SetState(reservation.StateCONFIRMED).SetPaidFen(fen).Save(ctx)
	if err := store.ChangedOne(n, err, "confirm the reservation"); err != nil {
		return false, err
	}
	return true, s.kept(ctx, tx, of, now)
}

// fitsAgain tells whether a reservation that has run out may keep a bay after all. Errors: NoBayLeft, Overlaps, TooMany.
func (s *Service) fitsAgain(ctx context.Context, tx *ent.Tx, of *ent.Reservation, now time.Time) error {
	if !now.Before(of.LateAt) {
		return NoBayLeft
	}
	plate, err := s.plateOf(ctx, of)
	if err != nil {
		return err
	}
	w := Wanted{AccountID: *of.AccountID, LotID: of.LotID, space: of.SpaceID, plate: plate, from: of.StartsAt, until: of.EndsAt}
	if err := s.mayHaveMore(ctx, tx, w); err != nil {
		return err
	}
	offer, err := s.hold(ctx, tx, of.LotID)
	if err != nil {
		return err
	}
	_, err = s.fits(ctx, tx, w, offer.Bays, span.Span{From: of.OpensAt, Until: of.EndsAt})
	return err
}

// kept has the stay of a car that stands there already feel that its bay is kept, and tells its account.
func (s *Service) kept(ctx context.Context, tx *ent.Tx, of *ent.Reservation, now time.Time) error {
	if err := s.lots.Regrant(ctx, tx, of.LotID, of.PlateIndex); err != nil {
		return err
	}
	return s.tellKept(ctx, tx, of, now)
}

// Release lets the bays go that orders were to pay which are closed unpaid.
func (s *Service) Release(ctx context.Context, tx *ent.Tx, orders []*ent.PaymentOrder) error {
	var rows []int64
	for _, order := range orders {
		if order.ReservationID != nil {
			rows = append(rows, *order.ReservationID)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	err := tx.Reservation.Update().Where(reservation.IDIn(rows...), reservation.StateEQ(reservation.StateHELD)).
		SetState(reservation.StateEXPIRED).Exec(ctx)
	if err != nil {
		return fmt.Errorf("let the bays go: %w", err)
	}
	return nil
}

// Cancel gives up the bay of a reservation of an account, and answers how much goes back of what was paid for it. One
// that is cancelled already stays so, and nothing goes back again.
//
// Errors: NOT_FOUND; TooLate from the moment on at which its car may come, whether it has or not.
func (s *Service) Cancel(ctx context.Context, tx *ent.Tx, accountID, row int64) (fen int64, err error) {
	of, err := tx.Reservation.Query().Where(reservation.ID(row), reservation.AccountID(accountID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return 0, fault.NotFound
	case err != nil:
		return 0, fmt.Errorf("read the reservation: %w", err)
	case of.State == reservation.StateCANCELLED || of.State == reservation.StateEXPIRED:
		return 0, nil
	}
	now := s.clock.Now()
	if of.State != reservation.StateHELD && !now.Before(of.OpensAt) {
		return 0, TooLate
	}
	if err := s.move(ctx, tx, of, reservation.StateCANCELLED); err != nil {
		return 0, err
	}
	if !now.After(of.FreeUntil) {
		return of.PaidFen, nil
	}
	return lateRefund(of), nil
}

// lateRefund is what goes back of a reservation that is given up late, beside what has gone back before.
func lateRefund(of *ent.Reservation) int64 {
	return max(0, of.PaidFen-(of.FeeFen-of.LateRefundFen))
}

// move has a reservation go on to a state, and stays that were free by it feel that.
func (s *Service) move(ctx context.Context, tx *ent.Tx, of *ent.Reservation, to reservation.State) error {
	n, err := tx.Reservation.Update().Where(reservation.ID(of.ID), reservation.StateEQ(of.State)).SetState(to).Save(ctx)
	if err := store.ChangedOne(n, err, "move the reservation on"); err != nil {
		return err
	}
	return s.lots.Regrant(ctx, tx, of.LotID, of.PlateIndex)
}

// GiveBack notes what goes back of a reservation. One of which all does while its car is waited for is cancelled.
func (s *Service) GiveBack(ctx context.Context, tx *ent.Tx, order *ent.PaymentOrder, fen int64) error {
	of, err := tx.Reservation.Get(ctx, *order.ReservationID)
	if err != nil {
		return fmt.Errorf("read the reservation: %w", err)
	}
	n, err := tx.Reservation.Update().Where(reservation.ID(of.ID), reservation.PaidFen(of.PaidFen)).AddPaidFen(-fen).Save(ctx)
	if err := store.ChangedOne(n, err, "note what goes back of the reservation"); err != nil {
		return err
	}
	if of.State != reservation.StateCONFIRMED || of.PaidFen > fen {
		return nil
	}
	return s.move(ctx, tx, of, reservation.StateCANCELLED)
}

// RunOut holds for the orders of reservations whose time to be paid is over, in the lot or of the account of who wants
// another: they are closed before what is kept is counted.
func (w Wanted) RunOut(now time.Time) predicate.PaymentOrder {
	return paymentorder.And(paymentorder.ExpiresAtLT(now), paymentorder.ReservationIDNotNil(),
		paymentorder.Or(paymentorder.LotID(w.LotID), paymentorder.AccountID(w.AccountID)))
}
