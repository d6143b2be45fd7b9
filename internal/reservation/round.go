package reservation

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/channellink"
	told "parkbff/ent/notice"
	"parkbff/ent/parkingsession"
	"parkbff/ent/reservation"
	"parkbff/ent/vehicle"
	"parkbff/internal/notice"
	"parkbff/internal/vault"
)

// mostAtOnce bounds how many reservations one look finds.
const mostAtOnce = 100

// Due answers reservations with which it is time to go on: whose car stands in the lot already when the bay is kept, or
// has not come while the bay has waited for it, or whose time is over. The caller is the system.
func (s *Service) Due(ctx context.Context) (rows []int64, more bool, err error) {
	now := s.clock.Now()
	waits := reservation.And(reservation.StateEQ(reservation.StateCONFIRMED), reservation.OpensAtLTE(now))
	rows, err = s.store.Fresh(ctx).Reservation.Query().Where(reservation.Or(
		reservation.And(waits, reservation.LateAtLTE(now)),
		reservation.And(waits, inside),
		reservation.And(reservation.StateEQ(reservation.StateARRIVED), reservation.EndsAtLTE(now)),
	)).Order(reservation.ByID()).Limit(mostAtOnce).IDs(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("look for reservations to go on with: %w", err)
	}
	return rows, len(rows) == mostAtOnce, nil
}

// inside holds for the reservations whose car stands in their lot.
func inside(s *sql.Selector) {
	in := sql.Table(parkingsession.Table)
	s.Where(sql.Exists(sql.Select(in.C(parkingsession.FieldID)).From(in).Where(sql.And(
		sql.ColumnsEQ(in.C(parkingsession.FieldLotID), s.C(reservation.FieldLotID)),
		sql.ColumnsEQ(in.C(parkingsession.FieldPlateIndex), s.C(reservation.FieldPlateIndex)),
		sql.EQ(in.C(parkingsession.FieldState), parkingsession.StateOPEN)))))
}

// GoOn goes on with a reservation that is due, and answers how much goes back of what was paid for it: of one for which
// no car has come, what its terms say.
func (s *Service) GoOn(ctx context.Context, tx *ent.Tx, row int64) (fen int64, err error) {
	of, err := tx.Reservation.Get(ctx, row)
	if err != nil {
		return 0, fmt.Errorf("read the reservation: %w", err)
	}
	now := s.clock.Now()
	switch {
	case of.State == reservation.StateARRIVED && !of.EndsAt.After(now):
		return 0, s.move(ctx, tx, of, reservation.StateENDED)
	case of.State != reservation.StateCONFIRMED || of.OpensAt.After(now):
		return 0, nil
	}
	stands, err := s.lots.Shelters(ctx, tx, of)
	switch {
	case err != nil:
		return 0, err
	case stands:
		return 0, s.move(ctx, tx, of, reservation.StateARRIVED)
	case of.LateAt.After(now):
		return 0, nil
	}
	if err := s.move(ctx, tx, of, reservation.StateNO_SHOW); err != nil {
		return 0, err
	}
	fen = lateRefund(of)
	return fen, s.tellNoShow(ctx, tx, of, fen)
}

// tellKept tells an account that a bay is kept for its car.
func (s *Service) tellKept(ctx context.Context, tx *ent.Tx, of *ent.Reservation, now time.Time) error {
	return s.tell(ctx, tx, of, told.KindRESERVED, now, of.FeeFen)
}

// tellNoShow tells who has verified a car that it has not come in time: what gates have seen of it, or not, is nobody
// else's to know.
func (s *Service) tellNoShow(ctx context.Context, tx *ent.Tx, of *ent.Reservation, back int64) error {
	if of.AccountID == nil || of.VehicleID == nil {
		return nil
	}
	owns, err := tx.Vehicle.Query().Where(vehicle.ID(*of.VehicleID), vehicle.OwnerAccountID(*of.AccountID)).Exist(ctx)
	if err != nil || !owns {
		return err
	}
	return s.tell(ctx, tx, of, told.KindNO_SHOW, of.LateAt, back)
}

// tell writes a notice for the account of a reservation, if it follows on a channel (R024).
func (s *Service) tell(ctx context.Context, tx *ent.Tx, of *ent.Reservation, kind told.Kind, at time.Time, fen int64) error {
	if of.AccountID == nil {
		return nil
	}
	follows, err := tx.ChannelLink.Query().Where(channellink.AccountID(*of.AccountID), channellink.EndedAtIsNil()).Exist(ctx)
	if err != nil || !follows {
		return err
	}
	plate, err := s.vault.OpenString(ctx, vault.LotKey(of.LotID), sealedPlate, of.Plate)
	if err != nil {
		return fmt.Errorf("open the plate: %w", err)
	}
	news := notice.Telling{AccountID: *of.AccountID, Kind: kind, LotID: of.LotID, Plate: plate, OccurredAt: at, FeeFen: &fen}
	if of.VehicleID != nil {
		news.VehicleID = *of.VehicleID
	}
	if err := s.teller.Tell(ctx, tx, news); err != nil {
		return fmt.Errorf("tell who reserved: %w", err)
	}
	return nil
}
