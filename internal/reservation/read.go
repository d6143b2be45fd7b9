package reservation

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/reservation"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Reservation is a bay that is kept, for who made it and for the staff of its lot.
type Reservation struct {
	Row           int64
	LotID         int64
	VehicleID     int64        // 0 for one that nobody has bound any more
	Lot           *parking.Lot // nil for one that was taken away
	Plate         string
	PlateColor    cnid.Color
	Bay           *string // of a shared one
	State         State
	Arrival       *Arrival
	OpensAt       time.Time
	StartsAt      time.Time
	EndsAt        time.Time
	KeptUntil     time.Time
	HeldUntil     *time.Time // of HELD
	FreeUntil     time.Time
	PriceFen      int64
	LateRefundFen int64
	KeptFen       int64
}

// VehicleAtHand is the vehicle that facts are tested about.
func (r *Reservation) VehicleAtHand() int64 { return r.VehicleID }

// LotAtHand is the lot that facts are tested about.
func (r *Reservation) LotAtHand() int64 { return r.LotID }

// Format prints "reservation" under every verb.
func (Reservation) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, reservationWord) }

// LogValue keeps its values out of structured logs.
func (Reservation) LogValue() slog.Value { return slog.StringValue(reservationWord) }

const reservationWord = "reservation"

// State is how it stands with a reservation, as far as its account and the clock know.
type State string

// States of reservations.
const (
	Held      State = "HELD"
	Confirmed State = "CONFIRMED"
	Ended     State = "ENDED"
	Expired   State = "EXPIRED"
	Cancelled State = "CANCELLED"
)

// Arrival is what the gates know of the car of a reservation that is, or was, CONFIRMED.
type Arrival string

// Arrivals.
const (
	Awaited Arrival = "AWAITED"
	Arrived Arrival = "ARRIVED"
	NoShow  Arrival = "NO_SHOW"
)

// seen splits the state of a row: what gates have seen may be shown to fewer people.
func seen(row *ent.Reservation, now time.Time) (State, *Arrival) {
	state := Confirmed
	if !row.EndsAt.After(now) {
		state = Ended
	}
	switch row.State {
	case reservation.StateHELD:
		if !row.HeldUntil.After(now) {
			return Expired, nil
		}
		return Held, nil
	case reservation.StateEXPIRED:
		return Expired, nil
	case reservation.StateCANCELLED:
		return Cancelled, nil
	case reservation.StateARRIVED, reservation.StateENDED:
		return state, new(Arrived)
	case reservation.StateNO_SHOW:
		return state, new(NoShow)
	}
	return state, new(Awaited)
}

// Opened opens a row for whom it was made for.
func (s *Service) Opened(ctx context.Context, row *ent.Reservation) (*Reservation, error) {
	plate, err := s.vault.OpenString(ctx, vault.LotKey(row.LotID), sealedPlate, row.Plate)
	if err != nil {
		return nil, fmt.Errorf("open the plate: %w", err)
	}
	r := &Reservation{
		Row: row.ID, LotID: row.LotID, Plate: plate, PlateColor: cnid.Color(row.PlateColor), OpensAt: row.OpensAt, StartsAt: row.StartsAt,
		EndsAt: row.EndsAt, KeptUntil: row.LateAt, FreeUntil: row.FreeUntil, PriceFen: row.FeeFen, LateRefundFen: row.LateRefundFen,
		KeptFen: row.PaidFen,
	}
	r.Lot, _ = s.lots.LotByRow(row.LotID)
	if row.Bay != "" {
		r.Bay = &row.Bay
	}
	if row.VehicleID != nil {
		r.VehicleID = *row.VehicleID
	}
	if r.State, r.Arrival = seen(row, s.clock.Now()); r.State == Held {
		r.HeldUntil = &row.HeldUntil
	}
	return r, nil
}

// plateOf opens the plate of a reservation.
func (s *Service) plateOf(ctx context.Context, row *ent.Reservation) (cnid.Plate, error) {
	text, err := s.vault.OpenString(ctx, vault.LotKey(row.LotID), sealedPlate, row.Plate)
	if err != nil {
		return cnid.Plate{}, fmt.Errorf("open the plate: %w", err)
	}
	return cnid.ParsePlate(text, cnid.Color(row.PlateColor))
}

// Reservations lists the asking driver's reservations, newest first; others have none. Errors: CONSENT_REQUIRED.
func (s *Service) Reservations(ctx context.Context, p page.Request) (page.Of[*Reservation], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Reservation]{}, nil
	}
	if err := entitlement.Require(v, entitlement.Reservations, 0); err != nil {
		return page.Of[*Reservation]{}, err
	}
	return s.list(ctx, p, s.store.Fresh(ctx).Reservation.Query())
}

// OfLot lists the reservations of a lot whose bay is kept at some time of a day, newest first, for its staff. The day is
// one in Shanghai, today for nil. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) OfLot(ctx context.Context, lotID int64, day *time.Time, p page.Request) (page.Of[*Reservation], error) {
	switch v := viewer.Of(ctx); {
	case v.Kind == viewer.Anonymous:
		return page.Of[*Reservation]{}, fault.Unauthenticated
	case v.Kind != viewer.Staff || !v.WorksAt(lotID):
		return page.Of[*Reservation]{}, fault.Forbidden
	}
	year, month, date := s.clock.Now().In(clock.Shanghai).Date()
	if day != nil {
		year, month, date = day.Date()
	}
	begins := time.Date(year, month, date, 0, 0, 0, 0, clock.Shanghai).UTC()
	return s.list(ctx, p, s.store.Client(ctx).Reservation.Query().Where(reservation.LotID(lotID),
		reservation.OpensAtLT(begins.AddDate(0, 0, 1)), reservation.EndsAtGT(begins)))
}

// list reads a page of the reservations that the viewer may see.
func (s *Service) list(ctx context.Context, p page.Request, query *ent.ReservationQuery) (page.Of[*Reservation], error) {
	query.Order(ent.Desc(reservation.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(reservation.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Reservation]{}, fmt.Errorf("read reservations: %w", err)
	}
	cut := page.Cut(rows, p.First)
	all := make([]*Reservation, len(cut.Items))
	for i, row := range cut.Items {
		if all[i], err = s.Opened(ctx, row); err != nil {
			return page.Of[*Reservation]{}, err
		}
	}
	return page.Of[*Reservation]{Items: all, More: cut.More}, nil
}

// One answers a reservation that the viewer may see: the account's own, or one of the lot for its staff. Error:
// NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Reservation, error) {
	if kind := viewer.Of(ctx).Kind; kind != viewer.Driver && kind != viewer.Staff {
		return nil, fault.NotFound
	}
	found, err := s.store.Fresh(ctx).Reservation.Query().Where(reservation.ID(row)).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the reservation: %w", err)
	}
	return s.Opened(ctx, found)
}
