package space

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/predicate"
	"parkbff/ent/reservation"
	"parkbff/ent/sharedspace"
	"parkbff/internal/fault"
	"parkbff/internal/span"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
	"parkbff/internal/weekly"
)

// SetHours says in which hours of the week a bay of the asking driver's is shared from now on; in none with an empty
// plan. What is reserved already stays so.
//
// Errors: UNAUTHENTICATED, CONSENT_REQUIRED, NOT_FOUND; InvalidHours; NotShared.
func (s *Service) SetHours(ctx context.Context, row int64, plan weekly.Plan) (*Space, error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return nil, fault.Unauthenticated
	}
	known, err := s.Space(ctx, row)
	switch {
	case err != nil:
		return nil, err
	case known.State != sharedspace.StateAPPROVED:
		return nil, NotShared
	case !plan.Valid():
		return nil, InvalidHours
	}
	err = s.write(ctx, jobOffer, func(ctx context.Context, tx *ent.Tx) error {
		n, err := tx.SharedSpace.Update().Where(sharedspace.ID(row), sharedspace.StateEQ(sharedspace.StateAPPROVED)).SetHours(plan).Save(ctx)
		return store.ChangedOne(n, err, "set the hours")
	})
	if err != nil {
		return nil, err
	}
	return s.Space(ctx, row)
}

// notOver holds for the reservations that keep a bay, now or later, by their states alone (decision 0036).
func notOver() predicate.Reservation {
	return reservation.StateIn(reservation.StateHELD, reservation.StateCONFIRMED, reservation.StateARRIVED)
}

// mostReserved bounds the windows that are shown of all the spaces of a page.
const mostReserved = 500

// tellReserved notes of spaces when they are reserved.
func (s *Service) tellReserved(ctx context.Context, spaces ...*Space) error {
	byRow, rows := map[int64]*Space{}, make([]int64, len(spaces))
	for i, one := range spaces {
		byRow[one.Row], rows[i] = one, one.Row
	}
	// When is the owner's to know; who and with which car is in the same rows, and is not.
	kept, err := s.Store.Fresh(ctx).Reservation.Query().Where(reservation.SpaceIDIn(rows...), reservation.EndsAtGT(s.Clock.Now()), notOver()).
		Order(reservation.ByStartsAt()).Limit(mostReserved).All(viewer.AsSystem(ctx, jobOffer))
	if err != nil {
		return fmt.Errorf("read when spaces are reserved: %w", err)
	}
	for _, r := range kept {
		of := byRow[*r.SpaceID]
		of.Reserved = append(of.Reserved, span.Span{From: r.StartsAt, Until: r.EndsAt})
	}
	return nil
}
