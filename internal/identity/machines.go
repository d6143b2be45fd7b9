package identity

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/gate"
	"parkbff/ent/lot"
	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
	"parkbff/internal/viewer"
)

// gateLife is how long a gate's token lives, which nothing refreshes. It is revoked by raising the generation
// it names, which its `sid` carries: Claims.SignIn is the generation for gates and staff.
const gateLife = 10 * 365 * day

// GateToken makes a token for a gate. It is for commands of the operator of this service: the viewer must
// be the system. Earlier tokens of the gate go on. Errors: FORBIDDEN, NOT_FOUND.
func (s *Service) GateToken(ctx context.Context, lotCode, gateCode string) (string, error) {
	if err := system(ctx); err != nil {
		return "", err
	}
	row, err := s.gate(ctx, s.store.Fresh(ctx), lotCode, gateCode)
	if err != nil {
		return "", err
	}
	return s.gateToken(row.ID, row.TokenGeneration)
}

// RevokeGateTokens revokes every token made for a gate so far. Viewer and errors as GateToken.
func (s *Service) RevokeGateTokens(ctx context.Context, lotCode, gateCode string) error {
	if err := system(ctx); err != nil {
		return err
	}
	return s.write(ctx, "revoke gate tokens", func(ctx context.Context, tx *ent.Tx) error {
		row, err := s.gate(ctx, tx.Client(), lotCode, gateCode)
		if err != nil {
			return err
		}
		s.changed(ctx, subject{token.Gate, row.ID})
		if err := tx.Gate.UpdateOneID(row.ID).AddTokenGeneration(1).ClearPreviousUntil().Exec(ctx); err != nil {
			return fmt.Errorf("revoke gate tokens: %w", err)
		}
		return nil
	})
}

func (s *Service) gate(ctx context.Context, db *ent.Client, lotCode, gateCode string) (*ent.Gate, error) {
	row, err := db.Gate.Query().Where(gate.Code(gateCode), gate.HasLotWith(lot.Code(lotCode))).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("find the gate: %w", err)
	}
	return row, nil
}

func system(ctx context.Context) error {
	if viewer.Of(ctx).Kind != viewer.System {
		return fault.Forbidden
	}
	return nil
}
