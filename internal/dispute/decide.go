package dispute

import (
	"context"
	"fmt"
	"io"
	"strings"

	"parkbff/ent"
	"parkbff/ent/chargedispute"
	"parkbff/internal/billing"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
	"parkbff/internal/words"
)

// Decision is what a manager of the lot makes of a dispute.
type Decision struct {
	Dispute   int64 // its row
	InFavour  bool
	ReturnFen *int64 // of what was paid; nil: all of it
	Answer    string // for the person, 1 to 500 characters
}

// Format prints "decision" under every verb.
func (Decision) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "decision") }

// Decide decides a dispute, for managers of its lot who have passed the second factor. In the person's favour, what is
// still owed for the stay is written off and so much as the manager says of what was paid goes back; what went back
// otherwise in the meantime does not go back again.
//
// Errors: UNAUTHENTICATED, FORBIDDEN, STEP_UP_REQUIRED, NOT_FOUND; AlreadyDecided, InvalidWords, TooMuch.
func (s *Service) Decide(ctx context.Context, d Decision) (*Dispute, error) {
	v := viewer.Of(ctx)
	if v.Kind == viewer.Anonymous {
		return nil, fault.Unauthenticated
	}
	found, err := s.seen(ctx, d.Dispute)
	switch {
	case err != nil:
		return nil, err
	case v.Kind != viewer.Staff || !v.ManagesLot(found.LotID):
		return nil, fault.Forbidden
	}
	if err := s.Office.SteppedUp(ctx); err != nil {
		return nil, err
	}
	d.Answer = strings.TrimSpace(d.Answer)
	if d.Answer == "" || !words.Prose(d.Answer, longestWords) {
		return nil, InvalidWords.At("answer")
	}
	err = s.write(ctx, jobDecide, func(ctx context.Context, tx *ent.Tx) error { return s.decide(ctx, tx, v.StaffID, d) })
	if err != nil {
		return nil, err
	}
	return s.Dispute(ctx, d.Dispute)
}

func (s *Service) decide(ctx context.Context, tx *ent.Tx, staff int64, d Decision) error {
	row, err := tx.ChargeDispute.Get(ctx, d.Dispute)
	switch {
	case ent.IsNotFound(err): // its person has just left
		return fault.NotFound
	case err != nil:
		return fmt.Errorf("read the dispute: %w", err)
	case row.State != chargedispute.StateOPEN:
		return AlreadyDecided
	}
	change := tx.ChargeDispute.Update().Where(chargedispute.ID(row.ID), chargedispute.StateEQ(chargedispute.StateOPEN)).
		SetState(chargedispute.StateREJECTED).SetDecidedAt(s.Clock.Now()).SetStaffID(staff).SetAnswer(d.Answer)
	var returned int64
	if d.InFavour {
		if returned, err = s.uphold(ctx, tx, row, staff, d, change); err != nil {
			return err
		}
	}
	n, err := change.Save(ctx)
	if err := store.ChangedOne(n, err, "decide on the dispute"); err != nil {
		return err
	}
	return s.Stays.TellDecided(ctx, tx, parking.Payment{
		SessionID: row.SessionID, AccountID: row.AccountID, Fen: returned, PaidAt: s.Clock.Now(),
	})
}

// uphold writes off what is owed and gives back what was paid, and answers how much goes back.
func (s *Service) uphold(
	ctx context.Context, tx *ent.Tx, row *ent.ChargeDispute, staff int64, d Decision, change *ent.ChargeDisputeUpdate,
) (fen int64, err error) {
	writtenOff, err := s.Stays.WriteOff(ctx, tx, row.SessionID)
	if err != nil {
		return 0, err
	}
	if fen, err = s.Money.PaidBy(ctx, tx, row.AccountID, row.SessionID); err != nil {
		return 0, err
	}
	if d.ReturnFen != nil {
		if *d.ReturnFen < 0 || *d.ReturnFen > fen {
			return 0, TooMuch
		}
		fen = *d.ReturnFen
	}
	change.SetState(chargedispute.StateUPHELD).SetWrittenOffFen(writtenOff).SetReturnedFen(fen)
	return fen, s.Money.GiveBack(ctx, tx, billing.GivingBack{
		DisputeID: row.ID, AccountID: row.AccountID, SessionID: row.SessionID, Fen: fen, StaffID: staff,
	})
}
