package reservation

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/reservation"
	"parkbff/ent/sharedspace"
	"parkbff/internal/span"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// SharedBay is a bay whose owner shares it (R076).
type SharedBay struct {
	Space int64  // the row of its offer
	Bay   string // its number, as it is painted
}

// lend answers the number of the shared bay that is wanted, if its owner shares it for the whole of a span and nobody
// else has it then, and holds it until the commit. Error: NoBayLeft.
func (s *Service) lend(ctx context.Context, tx *ent.Tx, w Wanted, kept span.Span) (bay string, err error) {
	err = tx.SharedSpace.Update().Where(sharedspace.ID(*w.space)).Modify(store.Hold(sharedspace.FieldCreatedAt)).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("hold the shared space: %w", err)
	}
	found, err := tx.SharedSpace.Query().
		Where(sharedspace.ID(*w.space), sharedspace.LotID(w.LotID), sharedspace.StateEQ(sharedspace.StateAPPROVED)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return "", NoBayLeft
	case err != nil:
		return "", fmt.Errorf("read the shared space: %w", err)
	case !found.Hours.Holds(kept):
		return "", NoBayLeft
	}
	taken, err := tx.Reservation.Query().Where(reservation.SpaceID(*w.space), reservation.StateIn(keeping...),
		reservation.OpensAtLT(kept.Until), reservation.EndsAtGT(kept.From)).Exist(ctx)
	switch {
	case err != nil:
		return "", fmt.Errorf("look who has the shared space: %w", err)
	case taken:
		return "", NoBayLeft
	}
	return found.Bay, nil
}

// mostListed bounds how many shared bays are listed.
const mostListed = 100

// SharedBays lists the bays of a lot that their owners share for the whole of a window and that nobody has reserved in
// it, the first hundred that were offered; none where the window cannot be reserved. Of owners it says nothing.
func (s *Service) SharedBays(ctx context.Context, lotID int64, from, until time.Time) ([]*SharedBay, error) {
	offer, err := s.Offer(ctx, lotID)
	now := s.clock.Now()
	w := Wanted{from: from.UTC(), until: until.UTC()}
	if w.from.Before(now) {
		w.from = now
	}
	if err != nil || offer == nil || !offer.Open || !offer.allow(w, now) {
		return nil, err
	}
	window := span.Span{From: w.from, Until: w.until}
	// What is listed of an offer is published by it; its owner is not.
	rows, err := s.store.Client(ctx).SharedSpace.Query().
		Where(sharedspace.LotID(lotID), sharedspace.StateEQ(sharedspace.StateAPPROVED), notKept(window)).
		Order(sharedspace.ByID()).All(viewer.AsSystem(ctx, jobOffer))
	if err != nil {
		return nil, fmt.Errorf("read shared spaces: %w", err)
	}
	var free []*SharedBay
	for _, row := range rows {
		if len(free) < mostListed && row.Hours.Holds(window) {
			free = append(free, &SharedBay{Space: row.ID, Bay: row.Bay})
		}
	}
	return free, nil
}

// notKept holds for the spaces that no reservation keeps at any instant of a window.
func notKept(window span.Span) func(*sql.Selector) {
	return func(s *sql.Selector) {
		r := sql.Table(reservation.Table)
		states := make([]any, len(keeping))
		for i, state := range keeping {
			states[i] = string(state)
		}
		s.Where(sql.NotExists(sql.Select(r.C(reservation.FieldID)).From(r).Where(sql.And(
			sql.ColumnsEQ(r.C(reservation.FieldSpaceID), s.C(sharedspace.FieldID)), sql.In(r.C(reservation.FieldState), states...),
			sql.LT(r.C(reservation.FieldOpensAt), window.Until), sql.GT(r.C(reservation.FieldEndsAt), window.From),
		))))
	}
}
