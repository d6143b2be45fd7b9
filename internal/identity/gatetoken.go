package identity

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/gate"
	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
	"parkbff/internal/viewer"
)

// gateOverlap is how long a gate's token goes on beside the next.
const gateOverlap = day

// RotateGateToken gives the asking gate its next token. The one it asks with is good until previousUntil;
// any before that ends at once. Only the newest token is rotated, so that who stole one before it gains
// nothing.
//
// Errors: UNAUTHENTICATED, FORBIDDEN; TOKEN_SUPERSEDED.
func (s *Service) RotateGateToken(ctx context.Context) (next string, previousUntil time.Time, err error) {
	v := viewer.Of(ctx)
	switch v.Kind {
	case viewer.Gate:
	case viewer.Anonymous:
		return "", time.Time{}, fault.Unauthenticated
	default:
		return "", time.Time{}, fault.Forbidden
	}
	until := s.clock.Now().Add(gateOverlap)
	err = s.write(ctx, "rotate a gate token", func(ctx context.Context, tx *ent.Tx) error {
		return s.raise(ctx, tx, v.GateID, v.SignInID, until)
	})
	if err != nil {
		return "", time.Time{}, err
	}
	next, err = s.gateToken(v.GateID, v.SignInID+1)
	return next, until, err
}

// NextGateToken is RotateGateToken for the operator of this service. Viewer and errors as GateToken.
func (s *Service) NextGateToken(ctx context.Context, lotCode, gateCode string) (next string, err error) {
	if err := system(ctx); err != nil {
		return "", err
	}
	err = s.write(ctx, "rotate a gate token", func(ctx context.Context, tx *ent.Tx) error {
		row, err := s.gate(ctx, tx.Client(), lotCode, gateCode)
		if err != nil {
			return err
		}
		if err := s.raise(ctx, tx, row.ID, row.TokenGeneration, s.clock.Now().Add(gateOverlap)); err != nil {
			return err
		}
		next, err = s.gateToken(row.ID, row.TokenGeneration+1)
		return err
	})
	return next, err
}

// raise makes the generation after the given one the gate's newest, if that is the newest so far.
func (s *Service) raise(ctx context.Context, tx *ent.Tx, gateID, generation int64, until time.Time) error {
	s.changed(ctx, subject{token.Gate, gateID})
	raised, err := tx.Gate.Update().Where(gate.ID(gateID), gate.TokenGeneration(generation)).
		AddTokenGeneration(1).SetPreviousUntil(until).Save(ctx)
	if err != nil {
		return fmt.Errorf("rotate a gate token: %w", err)
	}
	if raised == 0 {
		return TokenSuperseded
	}
	return nil
}

func (s *Service) gateToken(gateID, generation int64) (string, error) {
	return s.issuer.Issue(token.Claims{
		Use: token.Gate, Subject: gateID, SignIn: generation, ExpiresAt: s.clock.Now().Add(gateLife),
	})
}
