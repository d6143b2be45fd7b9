package parking

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/internal/cnid"
	"parkbff/internal/store"
	"parkbff/internal/vault"
)

// leave places an exit.
func (s *Service) leave(ctx context.Context, tx *ent.Tx, seen *sighting, line *timeline) (*placed, error) {
	stay := line.before(seen.ObservedAt)
	switch {
	case stay == nil:
		return s.leaveUnknown(ctx, tx, seen)
	case stay.ExitedAt == nil:
		return s.close(ctx, tx, seen, stay, parkingsession.MatchEXACT)
	case stay.Review == parkingsession.ReviewPENDING && stay.Match == parkingsession.MatchNEAR_PLATE:
		return s.leaveInstead(ctx, tx, seen, stay)
	case stay.ExitedAt.Sub(seen.ObservedAt) > rereadWithin:
		return s.leaveEarlier(ctx, tx, seen, stay)
	case seen.ObservedAt.Sub(*stay.ExitedAt) <= rereadWithin:
		return s.collect(ctx, tx, seen, s.decide(seen, stay, observation.OutcomeREREAD))
	}
	held, err := s.wasHeld(ctx, tx, stay)
	switch {
	case err != nil:
		return nil, err
	case held:
		return s.close(ctx, tx, seen, stay, parkingsession.MatchEXACT)
	}
	return s.wait(ctx, tx, seen)
}

// wasHeld tells whether the barrier kept closed for money when the stay's car last wanted to leave, so
// that it is the same car that wants to leave again.
func (s *Service) wasHeld(ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession) (bool, error) {
	last, err := tx.Observation.Query().
		Where(observation.SessionID(stay.ID), observation.DirectionEQ(observation.DirectionEXIT)).
		Order(ent.Desc(observation.FieldObservedAt)).First(ctx)
	if ent.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the last exit: %w", err)
	}
	return waitsToPay(last), nil
}

// waitsToPay tells of an exit whether the barrier keeps closed until the stay is paid.
func waitsToPay(exit *ent.Observation) bool {
	return exit.Reason == observation.ReasonPAYMENT_DUE || exit.Reason == observation.ReasonDEDUCTING
}

// close ends a stay at the sighting and prices it. A stay whose car was held may be closed again later.
//
// Somebody must look at a match by a similar plate, and at the exit of a GHOST whose car is known to have
// gone before: either that was wrong, or it has come back unseen and must not pay from its first entry.
func (s *Service) close(ctx context.Context, tx *ent.Tx, seen *sighting, stay *ent.ParkingSession, match parkingsession.Match) (*placed, error) {
	first := stay.ExitedAt == nil
	closed := *stay
	closed.State, closed.ExitedAt = parkingsession.StateCLOSED, &seen.ObservedAt
	closed.Match, closed.Review = match, parkingsession.ReviewNONE
	contradicted := stay.GoneBefore != nil && seen.ObservedAt.After(*stay.GoneBefore)
	if contradicted || match == parkingsession.MatchNEAR_PLATE {
		closed.Review = parkingsession.ReviewPENDING
	}
	closed.FeeFen = s.feeAt(seen.lot, seen.plate, stay, seen.ObservedAt)
	update := tx.ParkingSession.Update().
		Where(parkingsession.ID(stay.ID), parkingsession.StateEQ(stay.State)).
		SetState(closed.State).SetExitedAt(seen.ObservedAt).SetFeeFen(closed.FeeFen)
	if !contradicted {
		closed.GoneBefore = nil
		update.ClearGoneBefore()
	}
	if closed.Match != stay.Match || closed.Review != stay.Review {
		update.SetMatch(closed.Match).SetReview(closed.Review)
	}
	n, err := update.Save(ctx)
	if err := store.ChangedOne(n, err, "close stay"); err != nil {
		return nil, err
	}
	outcome := observation.OutcomeCLOSED
	if !first {
		outcome = observation.OutcomeREREAD
	}
	return s.collect(ctx, tx, seen, s.decide(seen, &closed, outcome))
}

// leaveEarlier places an exit before the one that closed the stay. A car that would have been let go
// left then, and the later exit was another stay's, whose entry is still missing. A car that would have
// been held left later.
func (s *Service) leaveEarlier(ctx context.Context, tx *ent.Tx, seen *sighting, stay *ent.ParkingSession) (*placed, error) {
	at := *stay
	at.FeeFen = s.feeAt(seen.lot, seen.plate, stay, seen.ObservedAt)
	wouldBe := s.decide(seen, &at, observation.OutcomeREREAD)
	if covered(stay) > 0 || wouldBe.decision == observation.DecisionHOLD {
		wouldBe.stay = stay
		return wouldBe, nil
	}
	if err := s.releaseExits(ctx, tx, stay); err != nil {
		return nil, err
	}
	return s.close(ctx, tx, seen, stay, parkingsession.MatchEXACT)
}

// leaveInstead closes a stay by its own plate that a similar plate had closed before: the earlier exit
// was another car's, and waits for its entry again.
func (s *Service) leaveInstead(ctx context.Context, tx *ent.Tx, seen *sighting, stay *ent.ParkingSession) (*placed, error) {
	if err := s.releaseExits(ctx, tx, stay); err != nil {
		return nil, err
	}
	return s.close(ctx, tx, seen, stay, parkingsession.MatchEXACT)
}

// releaseExits takes from a stay the exits that were not its own; they wait for their entry again.
func (s *Service) releaseExits(ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession) error {
	err := tx.Observation.Update().
		Where(observation.SessionID(stay.ID), observation.DirectionEQ(observation.DirectionEXIT)).
		ClearSessionID().SetOutcome(observation.OutcomeUNMATCHED).Exec(ctx)
	if err != nil {
		return fmt.Errorf("release the wrong exit: %w", err)
	}
	return nil
}

// wait keeps an exit until its entry arrives.
func (s *Service) wait(ctx context.Context, tx *ent.Tx, seen *sighting) (*placed, error) {
	if !seen.lotHeld {
		if err := holdLots(ctx, tx, seen.lot.Row); err != nil {
			return nil, err
		}
	}
	p := &placed{outcome: observation.OutcomeUNMATCHED, decision: observation.DecisionHOLD, reason: observation.ReasonNO_ENTRY}
	if seen.late {
		p.decision, p.reason = observation.DecisionRELEASE, observation.ReasonLATE_UPLOAD
	}
	return p, nil
}

// plateOf opens the plate of a stay.
func (s *Service) plateOf(ctx context.Context, stay *ent.ParkingSession) (cnid.Plate, error) {
	text, err := s.vault.OpenString(ctx, vault.LotKey(stay.LotID), sealedStayPlate, stay.Plate)
	if err != nil {
		return cnid.Plate{}, fmt.Errorf("open plate: %w", err)
	}
	return cnid.ParsePlate(text, cnid.Color(stay.PlateColor))
}

// decide tells the barrier what to do with a car whose stay has just been closed.
func (s *Service) decide(seen *sighting, stay *ent.ParkingSession, outcome observation.Outcome) *placed {
	p := &placed{stay: stay, outcome: outcome}
	switch owed := stay.FeeFen - covered(stay); {
	case seen.late:
		p.decision, p.reason = observation.DecisionRELEASE, observation.ReasonLATE_UPLOAD
	case owed <= 0:
		p.decision, p.reason = observation.DecisionRELEASE, observation.ReasonNOTHING_DUE
	case !seen.lot.Barrier:
		p.decision, p.reason = observation.DecisionRELEASE_AND_BILL, observation.ReasonBILLED
	default:
		p.decision, p.reason = observation.DecisionHOLD, observation.ReasonPAYMENT_DUE
	}
	return p
}

// feeAt is what a stay costs if its car leaves at t: what was paid and taken off, inside the grace that this
// bought, and the price of the whole stay else, of what is not free of it.
func (s *Service) feeAt(lot *Lot, plate cnid.Plate, stay *ent.ParkingSession, t time.Time) int64 {
	if stay.PaidUntil != nil && !t.After(*stay.PaidUntil) {
		return covered(stay)
	}
	return s.cost(lot, plate, stay.EnteredAt, t, stay.Free)
}
