package staffing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/riskevent"
	"parkbff/ent/staff"
	"parkbff/internal/identity/token"
	"parkbff/internal/risk"
	"parkbff/internal/viewer"
)

const (
	// shift is how long a sign-in lasts; nothing renews it.
	shift = 12 * time.Hour
	// stepUpLife is how long a second factor opens what needs one.
	stepUpLife = 10 * time.Minute
)

// SignIn signs a member of staff in by password and second factor. Every failure is the same refusal, at the
// same cost: unknown, not enrolled, dismissed, locked, a wrong password, a code that is wrong, late or
// has been taken before. Five in a row lock the member out for a quarter of an hour, and for twice as long
// with each further five, a day at most.
//
// Errors: SIGN_IN_REFUSED; UNAVAILABLE when too many others sign in.
func (s *Service) SignIn(ctx context.Context, label, password, code string) (SignedIn, error) {
	known, err := s.find(ctx, label)
	if err != nil {
		return SignedIn{}, err
	}
	good, err := s.passwords.match(ctx, password, known.PasswordHash)
	if err != nil {
		return SignedIn{}, err
	}
	if known.ID == 0 {
		return SignedIn{}, SignInRefused
	}
	member, err := s.try(ctx, known.ID, code, good)
	if errors.Is(err, CodeInvalid) {
		err = SignInRefused
	}
	if err != nil {
		return SignedIn{}, err
	}
	return s.open(ctx, member)
}

// find answers an empty row for a personnel number that nobody has.
func (s *Service) find(ctx context.Context, label string) (*ent.Staff, error) {
	if !validLabel(label) {
		return &ent.Staff{}, nil
	}
	ctx = viewer.AsSystem(ctx, "sign staff in")
	row, err := s.store.Fresh(ctx).Staff.Query().Where(staff.LabelEQ(label)).Only(ctx)
	if ent.IsNotFound(err) {
		return &ent.Staff{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the member of staff: %w", err)
	}
	return row, nil
}

func (s *Service) open(ctx context.Context, member *ent.Staff) (SignedIn, error) {
	access, err := s.issuer.Issue(token.Claims{
		Use: token.Staff, Subject: member.ID, SignIn: member.TokenGeneration, ExpiresAt: s.clock.Now().Add(shift),
	})
	if err != nil {
		return SignedIn{}, err
	}
	shown, err := s.show(ctx, member.ID)
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Access: access, ExpiresIn: int(shift / time.Second), Staff: shown}, nil
}

// try takes a second factor, unless the first was not good or the member is locked out. What fails is counted,
// except while locked out. Error: CODE_INVALID for all of it.
func (s *Service) try(ctx context.Context, id int64, code string, first bool) (member *ent.Staff, err error) {
	var taken, locked bool
	err = s.write(ctx, "take a second factor", func(ctx context.Context, tx *ent.Tx) error {
		if member, err = hold(ctx, tx, id); err != nil {
			return err
		}
		taken, locked = false, false
		if isLocked(member, s.clock.Now()) {
			return nil
		}
		step, err := s.stepOf(ctx, member, code)
		if err != nil {
			return err
		}
		if step == 0 || !first {
			locked, err = s.countFailure(ctx, tx, member)
			return err
		}
		taken, err = take(ctx, tx, id, step)
		return err
	})
	if err != nil {
		return nil, err
	}
	if locked {
		s.risks.Note(ctx, risk.Happening{Kind: riskevent.KindSTAFF_LOCKED, Outcome: riskevent.OutcomeBLOCKED, StaffID: id})
	}
	if !taken {
		return nil, CodeInvalid
	}
	return member, nil
}

// take notes the step of the code that was accepted, so that neither it nor an older one is again.
func take(ctx context.Context, tx *ent.Tx, id, step int64) (bool, error) {
	n, err := tx.Staff.Update().Where(staff.ID(id), staff.TotpStepLT(step)).
		SetTotpStep(step).SetFailedTries(0).ClearLockedUntil().Save(ctx)
	if err != nil {
		return false, fmt.Errorf("note the code's step: %w", err)
	}
	return n == 1, nil
}

// SignOut ends every sign-in of the asking member of staff, on open sockets too. The viewer in ctx becomes
// nobody. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) SignOut(ctx context.Context) error {
	v, err := worker(ctx)
	if err != nil {
		return err
	}
	err = s.write(ctx, "sign staff out", func(ctx context.Context, tx *ent.Tx) error {
		row, err := hold(ctx, tx, v.StaffID)
		if err != nil {
			return err
		}
		return s.endTokens(ctx, tx, row)
	})
	if err != nil {
		return err
	}
	viewer.Replace(ctx, viewer.Nobody())
	return nil
}

func (s *Service) endTokens(ctx context.Context, tx *ent.Tx, row *ent.Staff) error {
	s.facts.StaffChanged(ctx, row.ID)
	if err := tx.Staff.UpdateOneID(row.ID).AddTokenGeneration(1).Exec(ctx); err != nil {
		return fmt.Errorf("end the sign-ins of staff: %w", err)
	}
	return nil
}

// StepUp takes a second factor of the asking member of staff and answers until when it opens what needs one.
// Failures count as those of SignIn do. Errors: UNAUTHENTICATED, FORBIDDEN; CODE_INVALID at totp.
func (s *Service) StepUp(ctx context.Context, code string) (until time.Time, err error) {
	v, err := worker(ctx)
	if err != nil {
		return time.Time{}, err
	}
	_, err = s.try(ctx, v.StaffID, code, true)
	happened := risk.Happening{Kind: riskevent.KindSTEP_UP, Outcome: riskevent.OutcomePASSED, StaffID: v.StaffID}
	if errors.Is(err, CodeInvalid) {
		happened.Outcome = riskevent.OutcomeFAILED
		s.risks.Note(ctx, happened)
		return time.Time{}, CodeInvalid.At("totp")
	}
	if err != nil {
		return time.Time{}, err
	}
	s.risks.Note(ctx, happened)
	return s.freshUntil(ctx, v.StaffID)
}

// SteppedUp answers nil when the asking member of staff has shown a second factor within ten minutes, by
// signing in or by stepping up. Errors: UNAUTHENTICATED, FORBIDDEN, STEP_UP_REQUIRED.
func (s *Service) SteppedUp(ctx context.Context) error {
	v, err := worker(ctx)
	if err != nil {
		return err
	}
	until, err := s.freshUntil(ctx, v.StaffID)
	if err != nil {
		return err
	}
	if !s.clock.Now().Before(until) {
		return StepUpRequired
	}
	return nil
}

// freshUntil is until when the member's last second factor is good: ten minutes from the beginning of its
// step.
func (s *Service) freshUntil(ctx context.Context, id int64) (time.Time, error) {
	ctx = viewer.AsSystem(ctx, "look for a second factor")
	row, err := s.store.Fresh(ctx).Staff.Query().Where(staff.ID(id)).Select(staff.FieldTotpStep).Only(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the member of staff: %w", err)
	}
	return time.Unix(row.TotpStep*stepLength, 0).UTC().Add(stepUpLife), nil
}
