package parking

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/gatecommand"
	"parkbff/ent/notice"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/ent/predicate"
	"parkbff/ent/vehicle"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

// Collector has what cars owe taken without anybody's doing anything, where somebody has agreed to that (R020); see
// package agreement. It is called in the observation's transaction, as the system, and only for cars of which the
// vehicle says that there may be an agreement.
type Collector interface {
	// Entered notes that a car has come.
	Entered(ctx context.Context, tx *ent.Tx, vehicleID, sessionID int64) error
	// Left notes that a car wants to leave, and tells whether what it owes is being taken, or has been.
	Left(ctx context.Context, tx *ent.Tx, d Due) (begun bool, err error)
}

// Due is what a stay owes as its car wants to leave; nothing, perhaps.
type Due struct {
	SessionID, LotID, VehicleID int64
	Fen                         int64
	At                          time.Time
}

// SetCollector says who takes what cars owe. Until it is called, everybody pays by themselves.
func (s *Service) SetCollector(c Collector) { s.collector = c }

// expect tells the collector of a car that has come.
func (s *Service) expect(ctx context.Context, tx *ent.Tx, seen *sighting, stay *ent.ParkingSession) error {
	if !stay.PasswordFree || s.collector == nil || seen.late || stay.State != parkingsession.StateOPEN {
		return nil
	}
	return s.collector.Entered(ctx, tx, *stay.VehicleID, stay.ID)
}

// collect begins to take what a stay owes whose car wants to leave, if somebody has agreed to it. The barrier stays
// closed until it has been taken. Nothing is taken of a stay of which it is not sure that it is the car's: one that was
// matched by a similar plate, a GHOST that somebody must look at; nor for a car with unpaid stays (R042), nor later
// than it happens.
func (s *Service) collect(ctx context.Context, tx *ent.Tx, seen *sighting, p *placed) (*placed, error) {
	stay := p.stay
	sure := stay.Match == parkingsession.MatchEXACT && stay.Review == parkingsession.ReviewNONE
	if !stay.PasswordFree || stay.VehicleID == nil || s.collector == nil || seen.late || !sure {
		return p, nil
	}
	owed := stay.FeeFen - covered(stay)
	if owed > 0 {
		behind, err := tx.ParkingSession.Query().Where(inArrears(*stay.VehicleID), parkingsession.IDNEQ(stay.ID)).Exist(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for unpaid stays: %w", err)
		}
		if behind {
			return p, nil
		}
	}
	begun, err := s.collector.Left(ctx, tx, Due{
		SessionID: stay.ID, LotID: stay.LotID, VehicleID: *stay.VehicleID, Fen: owed, At: seen.ObservedAt,
	})
	if err != nil || !begun {
		return p, err
	}
	now, err := tx.ParkingSession.Get(ctx, stay.ID)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the stay that is deducted: %w", err)
	case covered(now) > covered(stay): // merchants bear it all
		return s.decide(seen, now, p.outcome), nil
	case p.reason == observation.ReasonPAYMENT_DUE:
		p.reason = observation.ReasonDEDUCTING
	}
	return p, nil
}

// inArrears selects the stays of a vehicle that are over and unpaid, but those of which it is not sure that they are
// the car's.
func inArrears(vehicleID int64) predicate.ParkingSession {
	return parkingsession.And(parkingsession.VehicleID(vehicleID), unpaid)
}

// unpaid selects stays that are over and owe something.
func unpaid(s *sql.Selector) {
	s.Where(sql.And(
		sql.EQ(s.C(parkingsession.FieldState), parkingsession.StateCLOSED),
		sql.In(s.C(parkingsession.FieldReview), parkingsession.ReviewNONE, parkingsession.ReviewCONFIRMED),
		sql.ExprP(s.C(parkingsession.FieldFeeFen)+" > "+s.C(parkingsession.FieldPaidFen)+" + "+s.C(parkingsession.FieldDiscountedFen)),
	))
}

// InArrears tells whether a vehicle has stays that are over and unpaid (R042).
func (s *Service) InArrears(ctx context.Context, vehicleID int64) (bool, error) {
	ctx = viewer.AsSystem(ctx, jobPayment)
	behind, err := s.store.Fresh(ctx).ParkingSession.Query().Where(inArrears(vehicleID)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look for unpaid stays: %w", err)
	}
	return behind, nil
}

// Arrears lists the stays that the asking driver sees, are over and unpaid, newest first; others have none (R042). Each
// is paid as any other, by its quote. Errors: CONSENT_REQUIRED.
func (s *Service) Arrears(ctx context.Context, p page.Request) (page.Of[*Stay], error) {
	return s.ownStays(ctx, p, unpaid)
}

// ExpectPasswordFree notes that what a vehicle owes is taken from now on by an agreement, also for the stay that is
// going on. The caller is the system.
func (s *Service) ExpectPasswordFree(ctx context.Context, tx *ent.Tx, vehicleID int64) error {
	if err := tx.Vehicle.Update().Where(vehicle.ID(vehicleID)).SetPasswordFree(true).Exec(ctx); err != nil {
		return fmt.Errorf("note the agreement at the vehicle: %w", err)
	}
	err := tx.ParkingSession.Update().Where(parkingsession.VehicleID(vehicleID), parkingsession.StateEQ(parkingsession.StateOPEN)).
		SetPasswordFree(true).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note the agreement at the stay: %w", err)
	}
	return nil
}

// dueKey begins the keys of orders to show what is owed; no client's key has a blank.
const dueKey = "due "

// dueReason is why a gate is to show a text; lots' staff read it.
const dueReason = "扣费未成功"

// AskToPay has the lane at which the car of a stay waits show what it owes, once for each
// amount. The caller is the system.
func (s *Service) AskToPay(ctx context.Context, tx *ent.Tx, sessionID int64) error {
	row, err := tx.ParkingSession.Get(ctx, sessionID)
	if err != nil {
		return fmt.Errorf("read the unpaid stay: %w", err)
	}
	owed := row.FeeFen - covered(row)
	if owed <= 0 {
		return nil
	}
	exit, gate, err := s.waitsAt(ctx, tx, sessionID)
	if err != nil || gate == nil {
		return err
	}
	_, err = s.writeCommand(ctx, tx, gate, 0, Command{
		IdempotencyKey: dueKey + strconv.FormatInt(exit.ID, 10) + " " + strconv.FormatInt(owed, 10), Kind: gatecommand.KindDISPLAY, Reason: dueReason,
		Text: displayText(observation.ReasonPAYMENT_DUE, owed),
	})
	return err
}

// TellDeclined tells an account that a channel did not take what it was to.
func (s *Service) TellDeclined(ctx context.Context, tx *ent.Tx, p Payment) error {
	return s.tellOf(ctx, tx, notice.KindDEDUCTION_FAILED, p)
}
