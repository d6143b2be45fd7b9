package parking

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/parkingsession"
	"parkbff/ent/sessionaccess"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// ReviewMatch says whether an exit was matched rightly where that is in doubt (P04; see close). A wrong
// match is undone: the stay is open again, or a GHOST when the car is known to have gone, and the exit
// waits for its own entry. It is for the staff of the lot. Errors: fault.NotFound, NothingToReview,
// AlreadyPaid.
func (s *Service) ReviewMatch(ctx context.Context, row int64, right bool) (*Stay, error) {
	seen, err := s.Stay(ctx, row)
	if err != nil {
		return nil, err
	}
	if _, err := staffAt(ctx, seen.LotID); err != nil {
		return nil, fault.NotFound
	}
	err = s.store.WithTx(viewer.AsSystem(ctx, jobReview), func(ctx context.Context, tx *ent.Tx) error {
		stay, err := tx.ParkingSession.Get(ctx, row)
		switch {
		case err != nil:
			return fmt.Errorf("read stay: %w", err)
		case stay.Review != parkingsession.ReviewPENDING:
			return NothingToReview.At("sessionId")
		case right:
			return tx.ParkingSession.UpdateOneID(row).SetReview(parkingsession.ReviewCONFIRMED).Exec(ctx)
		case covered(stay) > 0:
			return AlreadyPaid.At("sessionId")
		}
		return s.undoMatch(ctx, tx, stay)
	})
	if err != nil {
		return nil, err
	}
	return s.Stay(ctx, row)
}

// undoMatch takes a wrong exit from a stay for which nothing was paid.
func (s *Service) undoMatch(ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession) error {
	if err := s.releaseExits(ctx, tx, stay); err != nil {
		return err
	}
	gone, err := goneSince(ctx, tx, stay)
	if err != nil {
		return err
	}
	undone := tx.ParkingSession.UpdateOneID(stay.ID).SetReview(parkingsession.ReviewREJECTED).
		SetMatch(parkingsession.MatchEXACT).SetState(parkingsession.StateOPEN).ClearExitedAt().SetFeeFen(0)
	if gone != nil {
		undone.SetState(parkingsession.StateGHOST).SetGoneBefore(*gone)
	}
	if err := undone.Exec(ctx); err != nil {
		return fmt.Errorf("undo the match: %w", err)
	}
	return nil
}

// goneSince is when it became known that the car of a stay had gone, or nil when it may still be there.
func goneSince(ctx context.Context, tx *ent.Tx, stay *ent.ParkingSession) (*time.Time, error) {
	if stay.GoneBefore != nil {
		return stay.GoneBefore, nil
	}
	next, err := tx.ParkingSession.Query().
		Where(parkingsession.PlateIndex(stay.PlateIndex), parkingsession.EnteredAtGT(stay.EnteredAt)).
		Order(ent.Asc(parkingsession.FieldEnteredAt)).First(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for a later stay: %w", err)
	}
	return &next.EnteredAt, nil
}

// Hide hides the lot name of one record of the asking driver's, or shows it again (R065). Errors:
// UNAUTHENTICATED; CONSENT_REQUIRED; fault.NotFound.
func (s *Service) Hide(ctx context.Context, row int64, hide bool) (*Stay, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.HideRecord, 0); err != nil {
		return nil, err
	}
	err := s.store.WithTx(viewer.AsSystem(ctx, jobHide), func(ctx context.Context, tx *ent.Tx) error {
		n, err := tx.SessionAccess.Update().
			Where(sessionaccess.AccountID(v.AccountID), sessionaccess.SessionID(row)).SetHidden(hide).Save(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("hide record: %w", err)
		case n == 0:
			return fault.NotFound
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.Stay(ctx, row)
}
