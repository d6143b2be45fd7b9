package parking

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/parkingsession"
	"parkbff/ent/reservation"
	"parkbff/internal/span"
	"parkbff/internal/store"
)

// reserved is a bay that is kept for a plate for a while.
type reserved struct {
	row  int64 // of the reservation
	when span.Span
}

// keeping are the states of a reservation that keeps a bay.
var keeping = []reservation.State{reservation.StateHELD, reservation.StateCONFIRMED, reservation.StateARRIVED}

// entitling are the states of one by which its car parks for nothing. One that nobody seems to have used does so too, if
// a gate tells late that its car came in time.
var entitling = []reservation.State{
	reservation.StateCONFIRMED, reservation.StateARRIVED, reservation.StateENDED, reservation.StateNO_SHOW,
}

// entitles tells whether what awaits a plate is a reservation.
func entitles(kind string) bool { return slices.Contains(entitling, reservation.State(kind)) }

// writeReserved writes the reservations of a plate, in the columns of rights.
func writeReserved(b *sql.DialectBuilder) *sql.Selector {
	v := b.Table(reservation.Table).As("v")
	row, opens, ends := v.C(reservation.FieldID), v.C(reservation.FieldOpensAt), v.C(reservation.FieldEndsAt)
	states := make([]any, len(entitling))
	for i, state := range entitling {
		states[i] = string(state)
	}
	return b.Select(v.C(reservation.FieldState), row, row, row, opens, ends, opens, ends, ends).From(v).
		Where(sql.And(
			sql.EQ(v.C(reservation.FieldLotID), store.Value(0)), sql.EQ(v.C(reservation.FieldPlateIndex), store.Value(1)),
			sql.In(v.C(reservation.FieldState), states...), sql.GT(ends, store.Value(2)),
			sql.Or(sql.NEQ(v.C(reservation.FieldState), string(reservation.StateNO_SHOW)), sql.GT(v.C(reservation.FieldLateAt), store.Value(2))),
		))
}

func (a *awaiting) reserve(row stdsql.NullInt64, from, until stdsql.NullTime) {
	a.reserved = append(a.reserved, reserved{row.Int64, span.Span{From: from.Time, Until: until.Time}})
}

// expected finds the reservation whose bay is kept for a car that comes in at a moment, or nil, and notes of all of them
// that it has come.
func (s *Service) expected(ctx context.Context, tx *ent.Tx, a awaiting, t time.Time) (*int64, error) {
	var found *int64
	for _, r := range a.reserved {
		if !r.when.Holds(t) {
			continue
		}
		err := tx.Reservation.Update().Where(reservation.ID(r.row), reservation.StateEQ(reservation.StateCONFIRMED)).
			SetState(reservation.StateARRIVED).Exec(ctx)
		if err != nil {
			return nil, fmt.Errorf("note that the car has come: %w", err)
		}
		if found == nil {
			found = &r.row
		}
	}
	return found, nil
}

// Shelters tells whether the car of a reservation stands in its lot already, and has its stay take the bay that is kept.
// The caller is the system.
func (s *Service) Shelters(ctx context.Context, tx *ent.Tx, r *ent.Reservation) (bool, error) {
	n, err := tx.ParkingSession.Update().
		Where(parkingsession.LotID(r.LotID), parkingsession.PlateIndex(r.PlateIndex), parkingsession.StateEQ(parkingsession.StateOPEN)).
		SetReservationID(r.ID).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("look for the car of a reservation: %w", err)
	}
	return n > 0, nil
}

// keptFree is how long before a reservation its bay counts as taken: who is led to it now stands there then.
const keptFree = 30 * time.Minute

// countKept adds the bays that are kept for cars that do not stand in their lots to how many are occupied.
func (s *Service) countKept(ctx context.Context, occupied map[int64]int) error {
	now := s.clock.Now()
	var rows []struct {
		LotID int64 `json:"lot_id"`
		Count int   `json:"count"`
	}
	err := s.store.Client(ctx).Reservation.Query().
		Where(reservation.StateIn(keeping...), reservation.OpensAtLTE(now.Add(keptFree)), reservation.EndsAtGT(now), empty).
		GroupBy(reservation.FieldLotID).Aggregate(ent.Count()).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("count the bays that are kept: %w", err)
	}
	for _, r := range rows {
		occupied[r.LotID] += r.Count
	}
	return nil
}

// empty holds for the reservations whose bay no stay has taken that goes on.
func empty(s *sql.Selector) {
	in := sql.Table(parkingsession.Table)
	s.Where(sql.NotExists(sql.Select(in.C(parkingsession.FieldID)).From(in).Where(sql.And(
		sql.ColumnsEQ(in.C(parkingsession.FieldReservationID), s.C(reservation.FieldID)),
		sql.EQ(in.C(parkingsession.FieldState), parkingsession.StateOPEN)))))
}
