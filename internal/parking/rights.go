package parking

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/ent/permit"
	"parkbff/ent/plateright"
	"parkbff/ent/vehicle"
	"parkbff/internal/cnid"
	"parkbff/internal/span"
	"parkbff/internal/store"
)

// right is what a plate may do in a lot for a while: park for nothing, or not come in.
type right struct {
	kind   plateright.Kind
	permit int64 // of PERMIT
	bays   int   // of the permit, 0 when every plate has its own
	when   span.Span
}

// forever is the end of what has none.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// awaiting is what is known of a plate in a lot when it comes in.
type awaiting struct {
	exit     *waitingExit // the first that had waited for this entry, or nil
	rights   []right
	reserved []reserved
}

// awaits finds the first exit of a plate that waits, from a moment until another, and the rights and reservations of the
// plate that end after the first. It is one statement for all, because every car that comes in asks for them.
func (s *Service) awaits(ctx context.Context, tx *ent.Tx, lotID int64, index []byte, from, until time.Time) (awaiting, error) {
	rows, err := s.statements.awaiting.Query(ctx, tx, lotID, index, from, until)
	if err != nil {
		return awaiting{}, fmt.Errorf("look what awaits a plate: %w", err)
	}
	defer rows.Close()
	var found awaiting
	for rows.Next() {
		if err := found.scan(rows); err != nil {
			return awaiting{}, fmt.Errorf("read what awaits a plate: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return awaiting{}, fmt.Errorf("read what awaits a plate: %w", err)
	}
	return found, nil
}

func (a *awaiting) scan(rows *stdsql.Rows) error {
	var kind string
	var row, bays, plates stdsql.NullInt64
	var from, until, starts, ends, revoked stdsql.NullTime
	if err := rows.Scan(&kind, &row, &bays, &plates, &from, &until, &starts, &ends, &revoked); err != nil {
		return err
	}
	if kind == string(observation.OutcomeUNMATCHED) {
		a.exit = &waitingExit{row.Int64, from.Time}
		return nil
	}
	if entitles(kind) {
		a.reserve(row, from, until)
		return nil
	}
	r := right{kind: plateright.Kind(kind), permit: row.Int64, when: span.Span{From: from.Time, Until: forever}}
	some := true
	r.when, some = r.when.Within(span.Span{From: from.Time, Until: earliest(until, ends, revoked)})
	if r.kind == plateright.KindPERMIT {
		if plates.Int64 > bays.Int64 {
			r.bays = int(bays.Int64)
		}
		if !starts.Valid {
			return nil // nothing has been paid
		}
		r.when, some = r.when.Within(span.Span{From: starts.Time, Until: forever})
	}
	if some {
		a.rights = append(a.rights, r)
	}
	return nil
}

func earliest(ends ...stdsql.NullTime) time.Time {
	first := forever
	for _, end := range ends {
		if end.Valid && end.Time.Before(first) {
			first = end.Time
		}
	}
	return first
}

// blocked tells whether a plate should not come in at a moment.
func (a awaiting) blocked(t time.Time) bool {
	return slices.ContainsFunc(a.rights, func(r right) bool { return r.kind == plateright.KindBLOCKED && r.when.Holds(t) })
}

// free is when a plate parks for nothing: by its reservations, and by every right but those of permits with more plates
// than bays, of which only the one holds whose bay the stay takes.
func (a awaiting) free(bay *int64) []span.Span {
	var free []span.Span
	for _, r := range a.rights {
		if r.kind == plateright.KindBLOCKED || r.bays > 0 && (bay == nil || *bay != r.permit) {
			continue
		}
		free = append(free, r.when)
	}
	for _, r := range a.reserved {
		free = append(free, r.when)
	}
	return free
}

// takeBay finds the permit whose bay a car takes that comes in at a moment, or nil when all bays of its permits are
// taken, or it needs none: then it parks as a visitor, whatever becomes of the others.
func (s *Service) takeBay(ctx context.Context, tx *ent.Tx, a awaiting, t time.Time) (*int64, error) {
	for _, r := range a.rights {
		if r.bays == 0 || !r.when.Holds(t) {
			continue
		}
		err := tx.Permit.Update().Where(permit.ID(r.permit)).Modify(store.Hold(permit.FieldEndsAt)).Exec(ctx)
		if err != nil {
			return nil, fmt.Errorf("hold the permit: %w", err)
		}
		taken, err := tx.ParkingSession.Query().Where(
			parkingsession.PermitID(r.permit), parkingsession.EnteredAtLTE(t), parkingsession.StateNEQ(parkingsession.StateGHOST),
			parkingsession.Or(parkingsession.ExitedAtIsNil(), parkingsession.ExitedAtGT(t)),
		).Count(ctx)
		switch {
		case err != nil:
			return nil, fmt.Errorf("count the permit's cars: %w", err)
		case taken < r.bays:
			return &r.permit, nil
		}
	}
	return nil, nil
}

// Regrant says anew of the open stays of plates in a lot when they park for nothing, in the transaction that changed
// their rights. An entry of this moment is repeated, if the plate is somebody's vehicle. The caller is the system.
func (s *Service) Regrant(ctx context.Context, tx *ent.Tx, lotID int64, indexes ...[]byte) error {
	err := tx.Vehicle.Update().Where(vehicle.PlateIndexIn(indexes...)).Modify(store.Hold(vehicle.FieldOwnerAccountID)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("hold the vehicles: %w", err)
	}
	stays, err := tx.ParkingSession.Query().Where(parkingsession.LotID(lotID), parkingsession.PlateIndexIn(indexes...),
		parkingsession.StateEQ(parkingsession.StateOPEN)).All(ctx)
	if err != nil {
		return fmt.Errorf("read the open stays: %w", err)
	}
	for _, stay := range stays {
		found, err := s.awaits(ctx, tx, lotID, stay.PlateIndex, stay.EnteredAt, stay.EnteredAt)
		if err != nil {
			return err
		}
		update := tx.ParkingSession.Update().Where(parkingsession.ID(stay.ID), parkingsession.StateEQ(parkingsession.StateOPEN))
		if free := found.free(stay.PermitID); len(free) > 0 {
			update.SetFree(free)
		} else {
			update.ClearFree()
		}
		n, err := update.Save(ctx)
		if err := store.ChangedOne(n, err, "say when a stay is free"); err != nil {
			return err
		}
	}
	return nil
}

// cost of a stay in fen, of which some may be free: each part outside is priced as a stay of its own. A right never
// makes a stay dearer.
func (s *Service) cost(lot *Lot, plate cnid.Plate, from, to time.Time, free []span.Span) int64 {
	whole := s.price(lot, plate, from, to)
	if len(free) == 0 || whole == 0 {
		return whole
	}
	var parts int64
	for _, part := range span.Outside(span.Span{From: from, Until: to}, free) {
		parts += s.price(lot, plate, part.From, part.Until)
	}
	return min(whole, parts)
}
