package parking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/internal/store"
	"parkbff/internal/vault"
)

// enter places an entry.
func (s *Service) enter(ctx context.Context, tx *ent.Tx, seen *sighting, line *timeline) (*placed, error) {
	if stay := line.entryAlreadyRead(seen.ObservedAt); stay != nil {
		return s.reread(ctx, tx, seen, stay)
	}
	end, err := s.endOf(ctx, tx, seen, line)
	if err != nil {
		return nil, err
	}
	if err := s.supersede(ctx, tx, seen, line); err != nil {
		return nil, err
	}
	stay, err := s.open(ctx, tx, seen, end)
	if err != nil {
		return nil, err
	}
	binders, err := s.grant(ctx, tx, stay)
	if err != nil {
		return nil, err
	}
	if err := s.adopt(ctx, tx, end, stay); err != nil {
		return nil, err
	}
	if err := s.expect(ctx, tx, seen, stay); err != nil {
		return nil, err
	}
	opened := seen.admit(stay, end.outcome, observation.ReasonWELCOME, end.awaiting)
	opened.listeners = listening(binders)
	return opened, nil
}

// reread answers a car that stands at the gate still.
func (s *Service) reread(ctx context.Context, tx *ent.Tx, seen *sighting, stay *ent.ParkingSession) (*placed, error) {
	found, err := s.awaits(ctx, tx, seen.lot.Row, seen.index, seen.ObservedAt, seen.ObservedAt)
	if err != nil {
		return nil, err
	}
	return seen.admit(stay, observation.OutcomeREREAD, observation.ReasonREREAD, found), nil
}

// admit answers an entry: cars are always let in, but those that the lot has blocked wait for its staff. Their stay
// has begun all the same, because whether they are let in is seen by nobody here; that of one which drove away
// becomes a GHOST and costs nothing.
func (seen *sighting) admit(stay *ent.ParkingSession, outcome observation.Outcome, reason observation.Reason, found awaiting) *placed {
	p := &placed{stay: stay, outcome: outcome, decision: observation.DecisionRELEASE, reason: reason}
	switch {
	case seen.late:
		p.reason = observation.ReasonLATE_UPLOAD
	case found.blocked(seen.ObservedAt):
		p.decision, p.reason = observation.DecisionHOLD, observation.ReasonBLOCKED
	}
	return p
}

// entryAlreadyRead finds the stay to which an entry at t adds nothing.
func (l *timeline) entryAlreadyRead(t time.Time) *ent.ParkingSession {
	if before := l.before(t); before != nil && endsAfter(before, t) {
		// A stay that was paid for and has ended stays as it was paid. One that goes on has ended unseen.
		settled := before.ExitedAt != nil && covered(before) > 0
		if t.Sub(before.EnteredAt) <= rereadWithin || settled {
			return before
		}
	}
	if after := l.after(t); after != nil && after.EnteredAt.Sub(t) <= rereadWithin {
		return after
	}
	return nil
}

// endsAfter holds for a stay that is not known to have ended by t.
func endsAfter(stay *ent.ParkingSession, t time.Time) bool {
	return stay.ExitedAt == nil || stay.ExitedAt.After(t)
}

// ending is how a stay that begins at a sighting goes on, as far as it is known already.
type ending struct {
	state      parkingsession.State
	outcome    observation.Outcome
	exitedAt   *time.Time
	goneBefore *time.Time
	waiting    *waitingExit // the exit that had waited for this entry
	awaiting   awaiting
	inside     *ent.ParkingSession // the stay that seemed to go on when this one began
}

// endOf tells how a stay that begins at the sighting ends: with an exit that has waited for it, with the
// exit of the stay inside which it lies, as a GHOST when the car was seen entering later, or not yet.
func (s *Service) endOf(ctx context.Context, tx *ent.Tx, seen *sighting, line *timeline) (ending, error) {
	t := seen.ObservedAt
	closed := ending{state: parkingsession.StateCLOSED, outcome: observation.OutcomeCOMPLETED}
	until := t.Add(longestWait)
	if before := line.before(t); before != nil && before.ExitedAt != nil && before.ExitedAt.After(t) {
		closed.inside, closed.exitedAt, until = before, before.ExitedAt, *before.ExitedAt
	} else if after := line.after(t); after != nil && after.EnteredAt.Before(until) {
		until = after.EnteredAt
	}
	found, err := s.awaits(ctx, tx, seen.lot.Row, seen.index, t, until)
	if err != nil {
		return ending{}, err
	}
	closed.awaiting = found
	if found.exit != nil {
		closed.waiting, closed.exitedAt = found.exit, &found.exit.observedAt
	}
	if closed.exitedAt != nil {
		return closed, nil
	}
	if later := line.nextEntry(t); later != nil {
		return ending{state: parkingsession.StateGHOST, outcome: observation.OutcomeGHOST, goneBefore: later, awaiting: found}, nil
	}
	return ending{state: parkingsession.StateOPEN, outcome: observation.OutcomeOPENED, awaiting: found}, nil
}

// nextEntry is when the plate is next known to have entered any lot after t, or nil.
func (l *timeline) nextEntry(t time.Time) *time.Time {
	var next *time.Time
	if after := l.after(t); after != nil {
		next = &after.EnteredAt
	}
	for _, stay := range l.elsewhere {
		if stay.EnteredAt.After(t) && (next == nil || stay.EnteredAt.Before(*next)) {
			next = &stay.EnteredAt
		}
	}
	return next
}

// longestWait is how much later than its entry an exit may lie that arrived before it.
const longestWait = 30 * 24 * time.Hour

// waitingExit is an exit that still waits for its entry.
type waitingExit struct {
	observation int64
	observedAt  time.Time
}

// adopt settles whose the exits are that follow a new stay's entry. One that had waited for it is its
// own; then those of the stay inside which it began wait in turn. Else it takes those over.
func (s *Service) adopt(ctx context.Context, tx *ent.Tx, end ending, stay *ent.ParkingSession) error {
	if end.inside != nil {
		later := tx.Observation.Update().
			Where(observation.SessionID(end.inside.ID), observation.DirectionEQ(observation.DirectionEXIT),
				observation.ObservedAtGT(stay.EnteredAt))
		if end.waiting == nil {
			later.SetSessionID(stay.ID)
		} else {
			later.ClearSessionID().SetOutcome(observation.OutcomeUNMATCHED)
		}
		if err := later.Exec(ctx); err != nil {
			return fmt.Errorf("settle whose the later exits are: %w", err)
		}
	}
	if end.waiting == nil {
		return nil
	}
	n, err := tx.Observation.Update().
		Where(observation.ID(end.waiting.observation), observation.OutcomeEQ(observation.OutcomeUNMATCHED)).
		SetSessionID(stay.ID).SetOutcome(observation.OutcomeCLOSED).Save(ctx)
	return store.ChangedOne(n, err, "adopt the waiting exit")
}

// supersede ends every stay that an entry proves to have ended: at its last exit before the entry, and
// as a GHOST where no gate saw one.
func (s *Service) supersede(ctx context.Context, tx *ent.Tx, seen *sighting, line *timeline) error {
	t := seen.ObservedAt
	if before := line.before(t); before != nil && before.State != parkingsession.StateGHOST && endsAfter(before, t) {
		if err := s.cutShort(ctx, tx, seen, before); err != nil {
			return err
		}
	}
	for _, stay := range line.elsewhere {
		if stay.State == parkingsession.StateOPEN && stay.EnteredAt.Before(t) {
			if err := s.ghost(ctx, tx, stay, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// cutShort ends a stay before the sighting.
func (s *Service) cutShort(ctx context.Context, tx *ent.Tx, seen *sighting, stay *ent.ParkingSession) error {
	last, err := tx.Observation.Query().
		Where(observation.SessionID(stay.ID), observation.DirectionEQ(observation.DirectionEXIT),
			observation.ObservedAtLTE(seen.ObservedAt)).
		Order(ent.Desc(observation.FieldObservedAt)).First(ctx)
	if ent.IsNotFound(err) {
		return s.ghost(ctx, tx, stay, seen.ObservedAt)
	}
	if err != nil {
		return fmt.Errorf("read the stay's last exit: %w", err)
	}
	n, err := tx.ParkingSession.Update().
		Where(parkingsession.ID(stay.ID), parkingsession.StateEQ(stay.State)).
		SetExitedAt(last.ObservedAt).SetFeeFen(s.feeAt(seen.lot, seen.plate, stay, last.ObservedAt)).Save(ctx)
	return store.ChangedOne(n, err, "end a stay earlier")
}

// ghost records that the car of a stay had gone before t although no gate saw it leave.
func (s *Service) ghost(ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession, t time.Time) error {
	n, err := tx.ParkingSession.Update().
		Where(parkingsession.ID(stay.ID), parkingsession.StateEQ(stay.State)).
		SetState(parkingsession.StateGHOST).SetGoneBefore(t).ClearExitedAt().SetFeeFen(covered(stay)).Save(ctx)
	return store.ChangedOne(n, err, "make a ghost of a stay")
}

// open begins a stay.
func (s *Service) open(ctx context.Context, tx *ent.Tx, seen *sighting, end ending) (*ent.ParkingSession, error) {
	sealed, err := s.vault.SealString(ctx, vault.LotKey(seen.lot.Row), sealedStayPlate, seen.plate.Text())
	if err != nil {
		return nil, fmt.Errorf("seal plate: %w", err)
	}
	of, err := s.holdVehicle(ctx, tx, seen)
	if err != nil {
		return nil, err
	}
	bay, err := s.takeBay(ctx, tx, end.awaiting, seen.ObservedAt)
	if err != nil {
		return nil, err
	}
	kept, err := s.expected(ctx, tx, end.awaiting, seen.ObservedAt)
	if err != nil {
		return nil, err
	}
	free := end.awaiting.free(bay)
	create := tx.ParkingSession.Create().
		SetLotID(seen.lot.Row).SetNillableVehicleID(of.id).SetNillablePermitID(bay).SetNillableReservationID(kept).SetPasswordFree(of.passwordFree).
		SetPlate(sealed).SetPlateIndex(seen.index).SetPlateColor(string(seen.plate.Color())).
		SetState(end.state).SetEnteredAt(seen.ObservedAt).SetCreatedAt(seen.receivedAt).
		SetNillableExitedAt(end.exitedAt).SetNillableGoneBefore(end.goneBefore)
	if end.exitedAt != nil {
		create.SetFeeFen(s.cost(seen.lot, seen.plate, seen.ObservedAt, *end.exitedAt, free))
	}
	if len(free) > 0 {
		create.SetFree(free)
	}
	stay, err := create.Save(ctx)
	switch {
	case store.IsDuplicate(err):
		return nil, store.Retry(fmt.Errorf("the plate has just opened a stay here: %w", err))
	case err != nil:
		return nil, fmt.Errorf("open stay: %w", err)
	}
	return stay, nil
}

// heldVehicle is what is known of a vehicle that is held; id is nil when nobody has ever bound it.
type heldVehicle struct {
	id           *int64
	passwordFree bool
}

// holdVehicle finds the vehicle of a plate that somebody has bound at some time, and holds it: whoever loses it
// meanwhile must lose the stay too. Reading it first would be a second statement.
func (s *Service) holdVehicle(ctx context.Context, tx *ent.Tx, seen *sighting) (held heldVehicle, err error) {
	rows, err := s.statements.holdVehicle.Query(ctx, tx, seen.index)
	if err != nil {
		return held, fmt.Errorf("hold the vehicle: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		held.id = new(int64)
		err = rows.Scan(held.id, &held.passwordFree)
	}
	if err := errors.Join(err, rows.Err()); err != nil {
		return heldVehicle{}, fmt.Errorf("hold the vehicle: %w", err)
	}
	return held, nil
}

// grant lets the accounts see a stay that had its vehicle bound when it began and agree to its being tracked, and
// answers them. The vehicle is held.
func (s *Service) grant(ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession) ([]binder, error) {
	if stay.VehicleID == nil {
		return nil, nil
	}
	binders, err := s.bindersWhenOpened(ctx, tx, stay)
	if err != nil || len(binders) == 0 {
		return nil, err
	}
	err = tx.SessionAccess.MapCreateBulk(binders, func(c *ent.SessionAccessCreate, i int) {
		c.SetAccountID(binders[i].account).SetSessionID(stay.ID).SetVehicleID(*stay.VehicleID).SetBound(true)
	}).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("let binders see the stay: %w", err)
	}
	return binders, nil
}
