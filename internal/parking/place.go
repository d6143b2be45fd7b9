package parking

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parkbff/ent"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
)

// placed is where an observation belongs, and what its barrier is told.
type placed struct {
	stay     *ent.ParkingSession // nil: an exit that waits for its entry
	outcome  observation.Outcome
	decision observation.Decision
	reason   observation.Reason

	listeners []int64 // accounts to be told of the entry
}

// timeline is what is known of one plate around one moment: the stays in the lot at hand, oldest first,
// and those going on elsewhere.
type timeline struct {
	here      []*ent.ParkingSession
	elsewhere []*ent.ParkingSession
}

// before is the latest stay here that began at t or earlier, or nil.
func (l *timeline) before(t time.Time) *ent.ParkingSession {
	for _, stay := range slices.Backward(l.here) {
		if !stay.EnteredAt.After(t) {
			return stay
		}
	}
	return nil
}

// after is the earliest stay here that began later than t, or nil.
func (l *timeline) after(t time.Time) *ent.ParkingSession {
	for _, stay := range l.here {
		if stay.EnteredAt.After(t) {
			return stay
		}
	}
	return nil
}

// place finds where an observation belongs in time. The order in which gates report does not matter:
//
//   - An entry opens a stay. The same car read again within two minutes is a reread and changes nothing.
//     A stay that was still open becomes a GHOST: the car must have left unseen. So does one that is
//     open in another lot. An exit that had waited for this entry closes the stay at once. An entry
//     that lies inside a closed stay takes over its exit, and the earlier part becomes a GHOST.
//   - An exit closes the latest stay that began before it. Without one, it closes the stay of a car
//     whose plate reads one character differently, if there is exactly one, and waits for review. Else
//     it is kept and waits for its entry; so is a later reading of a car that was let go.
//
// A GHOST whose exit arrives after all is closed like any other stay.
func (s *Service) place(ctx context.Context, tx *ent.Tx, seen *sighting) (*placed, error) {
	line, err := s.timelineOf(ctx, tx, seen)
	if err != nil {
		return nil, err
	}
	if seen.Direction == observation.DirectionENTRY {
		return s.enter(ctx, tx, seen, line)
	}
	return s.leave(ctx, tx, seen, line)
}

// recentStays is how many of a plate's latest stays are read first: enough for nearly every
// observation, which concerns the last one.
const recentStays = 4

func (s *Service) timelineOf(ctx context.Context, tx *ent.Tx, seen *sighting) (*timeline, error) {
	recent, err := tx.ParkingSession.Query().
		Where(parkingsession.PlateIndex(seen.index)).
		Order(ent.Desc(parkingsession.FieldEnteredAt), ent.Desc(parkingsession.FieldID)).
		Limit(recentStays).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the plate's stays: %w", err)
	}
	if len(recent) == recentStays {
		if recent, err = s.staysAround(ctx, tx, seen); err != nil {
			return nil, err
		}
	}
	slices.Reverse(recent)
	line := &timeline{}
	for _, stay := range recent {
		if stay.LotID == seen.lot.Row {
			line.here = append(line.here, stay)
		} else {
			line.elsewhere = append(line.elsewhere, stay)
		}
	}
	return line, nil
}

// staysAround reads the neighbours in time of an observation of a plate with many stays, newest first:
// the nearest one on either side in the lot at hand, and whatever is open, or began later, elsewhere.
func (s *Service) staysAround(ctx context.Context, tx *ent.Tx, seen *sighting) ([]*ent.ParkingSession, error) {
	plate, here := parkingsession.PlateIndex(seen.index), parkingsession.LotID(seen.lot.Row)
	later, err := tx.ParkingSession.Query().
		Where(plate, here, parkingsession.EnteredAtGT(seen.ObservedAt)).
		Order(ent.Asc(parkingsession.FieldEnteredAt)).Limit(1).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the next stay: %w", err)
	}
	earlier, err := tx.ParkingSession.Query().
		Where(plate, here, parkingsession.EnteredAtLTE(seen.ObservedAt)).
		Order(ent.Desc(parkingsession.FieldEnteredAt), ent.Desc(parkingsession.FieldID)).Limit(1).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the stay before: %w", err)
	}
	elsewhere, err := tx.ParkingSession.Query().
		Where(plate, parkingsession.Not(here), parkingsession.Or(
			parkingsession.StateEQ(parkingsession.StateOPEN), parkingsession.EnteredAtGT(seen.ObservedAt))).
		Order(ent.Desc(parkingsession.FieldEnteredAt)).Limit(mostElsewhere).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read stays elsewhere: %w", err)
	}
	return slices.Concat(elsewhere, later, earlier), nil
}

// mostElsewhere bounds the stays of other lots that one observation looks at.
const mostElsewhere = 16
