package identity

import (
	"context"
	"fmt"
	"strings"

	"parkbff/ent"
	"parkbff/ent/gate"
	"parkbff/ent/lot"
	"parkbff/ent/staff"
	"parkbff/ent/staffrole"
	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// How long tokens live that nothing refreshes. Both are revoked by raising the generation they name, which
// their `sid` carries: Claims.SignIn is the generation for gates and staff.
const (
	gateLife  = 10 * 365 * day
	staffLife = 30 * day
)

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

// StaffToken makes a token for a member of staff, who is recorded when new and gets the role at the lot in
// place of the one held there. The label is a personnel number, not a name. Viewer as GateToken.
// Errors: FORBIDDEN, NOT_FOUND for the lot, BAD_USER_INPUT.
func (s *Service) StaffToken(ctx context.Context, label, lotCode string, role viewer.Role) (string, error) {
	if err := system(ctx); err != nil {
		return "", err
	}
	label = strings.TrimSpace(label)
	if label == "" {
		return "", fault.BadInput.At("label")
	}
	if staffrole.RoleValidator(staffrole.Role(role)) != nil {
		return "", fault.BadInput.At("role")
	}
	var member *ent.Staff
	err := s.write(ctx, "appoint staff", func(ctx context.Context, tx *ent.Tx) (err error) {
		member, err = s.appoint(ctx, tx, label, lotCode, role)
		return err
	})
	if err != nil {
		return "", err
	}
	return s.issuer.Issue(token.Claims{
		Use: token.Staff, Subject: member.ID, SignIn: member.TokenGeneration, ExpiresAt: s.clock.Now().Add(staffLife),
	})
}

func (s *Service) appoint(ctx context.Context, tx *ent.Tx, label, lotCode string, role viewer.Role) (*ent.Staff, error) {
	lotID, err := tx.Lot.Query().Where(lot.Code(lotCode)).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("find the lot: %w", err)
	}
	member, err := s.member(ctx, tx, label)
	if err != nil {
		return nil, err
	}
	err = tx.StaffRole.Create().SetStaffID(member.ID).SetLotID(lotID).SetRole(staffrole.Role(role)).
		OnConflictColumns(staffrole.FieldStaffID, staffrole.FieldLotID).
		Update(func(u *ent.StaffRoleUpsert) { u.UpdateRole() }).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("give the role: %w", err)
	}
	s.changed(ctx, subject{token.Staff, member.ID})
	return member, nil
}

func (s *Service) member(ctx context.Context, tx *ent.Tx, label string) (*ent.Staff, error) {
	row, err := tx.Staff.Query().Where(staff.LabelEQ(label)).Only(ctx)
	if ent.IsNotFound(err) {
		row, err = tx.Staff.Create().SetLabel(label).SetCreatedAt(s.clock.Now()).Save(ctx)
	}
	if store.IsDuplicate(err) {
		return nil, store.Retry(err)
	}
	if err != nil {
		return nil, fmt.Errorf("record the member of staff: %w", err)
	}
	return row, nil
}

// RevokeStaffTokens revokes every token made for a member of staff so far. Viewer and errors as GateToken.
func (s *Service) RevokeStaffTokens(ctx context.Context, label string) error {
	if err := system(ctx); err != nil {
		return err
	}
	return s.write(ctx, "revoke staff tokens", func(ctx context.Context, tx *ent.Tx) error {
		id, err := tx.Staff.Query().Where(staff.LabelEQ(label)).OnlyID(ctx)
		if ent.IsNotFound(err) {
			return fault.NotFound
		}
		if err != nil {
			return fmt.Errorf("find the member of staff: %w", err)
		}
		s.changed(ctx, subject{token.Staff, id})
		if err := tx.Staff.UpdateOneID(id).AddTokenGeneration(1).Exec(ctx); err != nil {
			return fmt.Errorf("revoke staff tokens: %w", err)
		}
		return nil
	})
}

func system(ctx context.Context) error {
	if viewer.Of(ctx).Kind != viewer.System {
		return fault.Forbidden
	}
	return nil
}
