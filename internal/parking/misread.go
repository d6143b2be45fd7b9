package parking

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/ent/predicate"
	"parkbff/internal/cnid"
)

// nearStay is a stay whose plate reads nearly like another.
type nearStay struct {
	*ent.ParkingSession
	plate cnid.Plate
}

// leaveUnknown places an exit of a plate that has no stay to leave: it is of the one open stay whose
// plate reads one character differently (P04), or waits.
func (s *Service) leaveUnknown(ctx context.Context, tx *ent.Tx, seen *sighting) (*placed, error) {
	again, err := s.misreadAgain(ctx, tx, seen)
	if again != nil || err != nil {
		return again, err
	}
	near, err := s.nearStays(ctx, tx, seen)
	if err != nil {
		return nil, err
	}
	if len(near) != 1 {
		return s.wait(ctx, tx, seen)
	}
	return s.close(ctx, tx, seen.as(near[0].plate), near[0].ParkingSession, parkingsession.MatchNEAR_PLATE)
}

// as is the sighting with the plate that should have been read: the car that entered is the one that
// pays, by its own class and energy.
func (seen *sighting) as(plate cnid.Plate) *sighting {
	meant := *seen
	meant.plate = plate
	return &meant
}

// misreadAgain places the exit of a car that has been read wrongly in the same way before and still
// stands at a barrier. Answers nil where there is none.
func (s *Service) misreadAgain(ctx context.Context, tx *ent.Tx, seen *sighting) (*placed, error) {
	stay, err := tx.ParkingSession.Query().
		Where(parkingsession.LotID(seen.lot.Row), parkingsession.ReviewEQ(parkingsession.ReviewPENDING),
			parkingsession.EnteredAtLTE(seen.ObservedAt), leftAs(seen.index)).
		Order(ent.Desc(parkingsession.FieldExitedAt)).First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a stay read alike: %w", err)
	}
	if stay.ExitedAt != nil && seen.ObservedAt.Sub(*stay.ExitedAt) <= rereadWithin {
		return s.decide(seen, stay, observation.OutcomeREREAD), nil
	}
	held, err := s.wasHeld(ctx, tx, stay)
	if err != nil || !held {
		return nil, err
	}
	plate, err := s.plateOf(ctx, stay)
	if err != nil {
		return nil, err
	}
	return s.close(ctx, tx, seen.as(plate), stay, parkingsession.MatchNEAR_PLATE)
}

// leftAs holds for stays to which an exit of that plate was assigned.
func leftAs(plateIndex []byte) predicate.ParkingSession {
	return func(s *sql.Selector) {
		exit := sql.Table(observation.Table).As("exit")
		s.Where(sql.Exists(sql.Select(exit.C(observation.FieldID)).From(exit).Where(sql.And(
			sql.ColumnsEQ(exit.C(observation.FieldSessionID), s.C(parkingsession.FieldID)),
			sql.EQ(exit.C(observation.FieldDirection), observation.DirectionEXIT),
			sql.EQ(exit.C(observation.FieldPlateIndex), plateIndex),
		))))
	}
}

// nearStays finds the open stays of the lot whose plates differ from the one read in one character.
// Encrypted plates cannot be compared in SQL, so the open ones are opened here; a lot has few of them.
func (s *Service) nearStays(ctx context.Context, tx *ent.Tx, seen *sighting) ([]nearStay, error) {
	open, err := tx.ParkingSession.Query().
		Where(parkingsession.LotID(seen.lot.Row), parkingsession.StateEQ(parkingsession.StateOPEN),
			parkingsession.PlateColor(string(seen.plate.Color())), parkingsession.EnteredAtLTE(seen.ObservedAt)).
		All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read open stays: %w", err)
	}
	var near []nearStay
	for _, stay := range open {
		plate, err := s.plateOf(ctx, stay)
		if err != nil {
			return nil, err
		}
		if plate.NearTo(seen.plate) {
			near = append(near, nearStay{stay, plate})
		}
	}
	return near, nil
}
