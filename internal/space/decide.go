package space

import (
	"context"
	"fmt"
	"io"
	"strings"

	"parkbff/ent"
	"parkbff/ent/sharedspace"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
	"parkbff/internal/words"
)

const longestText = 500

// Decision is whether a bay is its applicant's.
type Decision struct {
	Space   int64 // its row
	Approve bool
	Purpose string // for what the officer looked at the case; kept
	Answer  string // to the applicant
}

// Format prints "decision" under every verb.
func (Decision) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "decision") }

// Decide decides whose a bay is, for officers who have passed the second factor. Of several who offer one bay, one
// shares it. What was kept of the owner goes with a rejection.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, STEP_UP_REQUIRED; InvalidText; NOT_FOUND; AlreadyDecided, BayTaken.
func (s *Service) Decide(ctx context.Context, d Decision) (*Space, error) {
	v, err := s.Office.Office(ctx, viewer.Officer)
	if err != nil {
		return nil, err
	}
	if err := s.Office.SteppedUp(ctx); err != nil {
		return nil, err
	}
	d.Purpose, d.Answer = strings.TrimSpace(d.Purpose), strings.TrimSpace(d.Answer)
	switch {
	case d.Purpose == "" || !words.Line(d.Purpose, longestText):
		return nil, InvalidText.At("purpose")
	case d.Answer == "" || !words.Line(d.Answer, longestText):
		return nil, InvalidText.At("answer")
	}
	err = s.write(ctx, jobDecide, func(ctx context.Context, tx *ent.Tx) error { return s.decide(ctx, tx, v.StaffID, d) })
	if err != nil {
		return nil, err
	}
	return s.Space(ctx, d.Space)
}

func (s *Service) decide(ctx context.Context, tx *ent.Tx, staff int64, d Decision) error {
	row, err := tx.SharedSpace.Get(ctx, d.Space)
	switch {
	case ent.IsNotFound(err):
		return fault.NotFound
	case err != nil:
		return fmt.Errorf("read the offer: %w", err)
	case row.State != sharedspace.StateSUBMITTED:
		return AlreadyDecided
	}
	change := tx.SharedSpace.Update().Where(sharedspace.ID(row.ID), sharedspace.StateEQ(row.State)).
		SetDecidedAt(s.Clock.Now()).SetStaffID(staff).SetPurpose(d.Purpose).SetAnswer(d.Answer)
	if !d.Approve {
		change.SetState(sharedspace.StateREJECTED).ClearOwner()
	} else {
		taken, err := tx.SharedSpace.Query().Where(sharedspace.LotID(row.LotID), sharedspace.Bay(row.Bay),
			sharedspace.StateEQ(sharedspace.StateAPPROVED)).Exist(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("look who shares the bay: %w", err)
		case taken:
			return BayTaken
		}
		change.SetState(sharedspace.StateAPPROVED)
	}
	n, err := change.Save(ctx)
	if store.IsDuplicate(err) {
		return store.Retry(fmt.Errorf("the bay has just been given to another: %w", err))
	}
	return store.ChangedOne(n, err, "decide on the offer")
}
