package parking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/ent/predicate"
	"parkbff/ent/quoteattempt"
	"parkbff/ent/riskevent"
	"parkbff/ent/vehicle"
	"parkbff/internal/cnid"
	"parkbff/internal/entitlement"
	"parkbff/internal/risk"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

const (
	// quoteHolds is how long a quoted amount holds.
	quoteHolds = 5 * time.Minute
	// laneSeesFor is how long after its observation a car is taken to stand at a lane.
	laneSeesFor = 5 * time.Minute
	// Strangers may ask about a plate this often, whether the car is there or not.
	attemptsPerHour = 3
	lotsPerDay      = 3
)

// QuoteStay quotes a stay that the viewer may see. Errors: fault.NotFound; FACT_REQUIRED, CONSENT_REQUIRED.
func (s *Service) QuoteStay(ctx context.Context, row int64) (Quote, error) {
	if v := viewer.Of(ctx); v.Kind == viewer.Driver {
		if err := entitlement.Require(v, entitlement.QuoteStay, 0); err != nil {
			return nil, err
		}
	}
	stay, err := s.Stay(ctx, row)
	if err != nil {
		return nil, err
	}
	return s.quote(stay)
}

// QuoteLane quotes the car that stands at the lane of that code. Whoever reads the code on the lane's
// screen sees the car. Without a car, or for an unknown code, there is nothing to pay.
func (s *Service) QuoteLane(ctx context.Context, code string) (Quote, error) {
	gate, ok := s.catalogue.Load().byLane[code]
	if !ok {
		return s.nothingToPay(), nil
	}
	ctx = viewer.AsSystem(ctx, jobQuote)
	last, err := s.store.Fresh(ctx).Observation.Query().
		Where(observation.GateID(gate.Row), observation.ObservedAtGT(s.clock.Now().Add(-laneSeesFor))).
		Order(ent.Desc(observation.FieldObservedAt), ent.Desc(observation.FieldID)).First(ctx)
	switch {
	case ent.IsNotFound(err):
		return s.nothingToPay(), nil
	case err != nil:
		return nil, fmt.Errorf("read the lane: %w", err)
	case last.SessionID == nil:
		return s.nothingToPay(), nil
	}
	return s.owedFor(ctx, parkingsession.ID(*last.SessionID))
}

// QuotePlate quotes a plate in a lot to anybody. It answers the same for absent, free, paid and
// protected cars, and counts attempts whether the car is there or not, so that nobody can follow a car
// by its plate (design: quotes). Only who sees the lot of the stay clear asks without limit: to others,
// those who have bound the plate included, an answer without limit would tell in which lot the car is.
// Errors: UnknownLot, the faults of a plate, QuoteNeedsLane.
func (s *Service) QuotePlate(ctx context.Context, text string, color cnid.Color, lotCode string) (Quote, error) {
	lot, ok := s.Lot(lotCode)
	if !ok {
		return nil, UnknownLot.At("lotCode")
	}
	plate, err := cnid.ParsePlate(text, color)
	if err != nil {
		return nil, atPlate(err)
	}
	index := s.vault.Index(PlateIndex, plate.Key())
	here := standing(lot.Row, index)
	if stay, err := s.seenClear(ctx, here); err != nil {
		return nil, err
	} else if stay != nil {
		return s.quote(stay)
	}
	return s.strangersQuote(ctx, index, lot.Row, here)
}

// standing selects the stays of a plate in a lot.
func standing(lotID int64, index []byte) predicate.ParkingSession {
	return parkingsession.And(parkingsession.LotID(lotID), parkingsession.PlateIndex(index),
		parkingsession.StateNEQ(parkingsession.StateGHOST))
}

// strangersQuote quotes a plate in a lot to somebody who does not see it there.
func (s *Service) strangersQuote(ctx context.Context, index []byte, lotID int64, here predicate.ParkingSession) (Quote, error) {
	system := viewer.AsSystem(ctx, jobQuote)
	if err := s.countAttempt(system, index, lotID); err != nil {
		s.noteProbe(ctx, err)
		return nil, err
	}
	owed, err := s.owedFor(system, here)
	if err != nil {
		return nil, err
	}
	protected, err := s.protected(system, index)
	if err != nil {
		return nil, err
	}
	if protected {
		owed = s.nothingToPay()
	}
	return owed, nil
}

// seenClear answers the latest of the stays that are meant, if the viewer sees in which lot it is, or nil.
func (s *Service) seenClear(ctx context.Context, meant predicate.ParkingSession) (*Stay, error) {
	v := viewer.Of(ctx)
	if v.Kind == viewer.Anonymous || v.Kind == viewer.Driver && entitlement.Require(v, entitlement.ClearRecords, 0) != nil {
		return nil, nil
	}
	row, err := s.store.Client(ctx).ParkingSession.Query().Where(meant).
		Order(ent.Desc(parkingsession.FieldEnteredAt)).First(ctx)
	if store.IsUnseen(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the viewer's stay: %w", err)
	}
	stay, err := s.Stay(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	if !seesLot(v, stay) {
		return nil, nil
	}
	return stay, nil
}

// seesLot tells whether a viewer sees in which lot a stay is.
func seesLot(v *viewer.Viewer, stay *Stay) bool {
	own := v.Knows(viewer.Verified, stay.VehicleID, stay.LotID) && !v.FullMask && !stay.Hidden
	return own || v.WorksAt(stay.LotID)
}

// quote makes what is owed for a stay into its answer.
func (s *Service) quote(stay *Stay) (Quote, error) {
	owed := stay.OwedFen()
	if owed <= 0 {
		return s.nothingToPay(), nil
	}
	offer := OfferAt(stay.Row, owed, s.clock.Now())
	token, err := s.offers.seal(offer)
	if err != nil {
		return nil, err
	}
	return Payable{Amount: owed, ExpiresAt: offer.ExpiresAt, Token: token}, nil
}

func (s *Service) nothingToPay() Quote { return NothingToPay{ExpiresAt: s.clock.Now().Add(quoteHolds)} }

// owedFor quotes the latest of the stays that are meant.
func (s *Service) owedFor(ctx context.Context, meant predicate.ParkingSession) (Quote, error) {
	row, err := s.store.Fresh(ctx).ParkingSession.Query().Where(meant).
		Order(ent.Desc(parkingsession.FieldEnteredAt)).First(ctx)
	if ent.IsNotFound(err) {
		return s.nothingToPay(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the stay to quote: %w", err)
	}
	stay, err := s.stayOf(ctx, row)
	if err != nil {
		return nil, err
	}
	return s.quote(stay)
}

// protected tells whether the vehicle of a plate has a verified owner, who alone may ask about it.
func (s *Service) protected(ctx context.Context, index []byte) (bool, error) {
	found, err := s.store.Fresh(ctx).Vehicle.Query().
		Where(vehicle.PlateIndex(index), vehicle.OwnerAccountIDNotNil()).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("look whether the plate is protected: %w", err)
	}
	return found, nil
}

// countAttempt records that somebody asks about a plate, and refuses when that is too often: about this plate, or
// by this address about any (package pace), which goes on with the lane's code and is not kept from paying.
//
// It counts again once the attempt is committed: of many made at once, each sees those committed before
// it, so that no more than the limit pass. A refused one is taken back, or whoever goes on asking would
// keep the plate's owner from ever asking again.
func (s *Service) countAttempt(ctx context.Context, index []byte, lotID int64) error {
	if s.pace.Wait(ctx, "quote a plate") > 0 {
		return QuoteNeedsLane
	}
	now := s.clock.Now()
	before, err := s.attempts(ctx, index, now)
	if err != nil {
		return err
	}
	before.add(lotID, true)
	if before.tooMany() {
		return QuoteNeedsLane
	}
	var own int64
	err = s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
		row, err := tx.QuoteAttempt.Create().SetPlateIndex(index).SetLotID(lotID).SetCreatedAt(now).Save(ctx)
		if err != nil {
			return fmt.Errorf("record attempt: %w", err)
		}
		own = row.ID
		return nil
	})
	if err != nil {
		return err
	}
	after, err := s.attempts(ctx, index, now)
	switch {
	case err != nil:
		return err
	case !after.tooMany():
		return nil
	}
	err = s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
		return tx.QuoteAttempt.DeleteOneID(own).Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("take the attempt back: %w", err)
	}
	return QuoteNeedsLane
}

// noteProbe notes that somebody asked too often.
func (s *Service) noteProbe(ctx context.Context, err error) {
	if s.risks != nil && errors.Is(err, QuoteNeedsLane) {
		s.risks.Note(ctx, risk.Happening{
			Kind: riskevent.KindQUOTES_PROBED, Outcome: riskevent.OutcomeBLOCKED, AccountID: viewer.Of(ctx).AccountID,
		})
	}
}

// attempts is what strangers asked about one plate within a day.
type attempts struct {
	lots     map[int64]bool
	lastHour int
}

func (a *attempts) add(lotID int64, withinTheHour bool) {
	a.lots[lotID] = true
	if withinTheHour {
		a.lastHour++
	}
}

func (a *attempts) tooMany() bool { return a.lastHour > attemptsPerHour || len(a.lots) > lotsPerDay }

func (s *Service) attempts(ctx context.Context, index []byte, now time.Time) (*attempts, error) {
	rows, err := s.store.Fresh(ctx).QuoteAttempt.Query().
		Where(quoteattempt.PlateIndex(index), quoteattempt.CreatedAtGT(now.Add(-24*time.Hour))).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read attempts: %w", err)
	}
	lately := &attempts{lots: map[int64]bool{}}
	for _, row := range rows {
		lately.add(row.LotID, row.CreatedAt.After(now.Add(-time.Hour)))
	}
	return lately, nil
}

// ForgetAttempts deletes what strangers asked more than a day ago.
func (s *Service) ForgetAttempts(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, jobQuote)
	return s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) error {
		_, err := tx.QuoteAttempt.Delete().Where(quoteattempt.CreatedAtLT(s.clock.Now().Add(-24 * time.Hour))).Exec(ctx)
		if err != nil {
			return fmt.Errorf("forget attempts: %w", err)
		}
		return nil
	})
}
