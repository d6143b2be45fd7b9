package staffing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"parkbff/ent"
	"parkbff/ent/staff"
	"parkbff/ent/staffrole"
	places "parkbff/ent/store"
	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
	"parkbff/internal/viewer"
)

// tokenLife is how long a token lives that the operator makes. Like every token of staff it names a
// generation, in its `sid`, and falls with it.
const tokenLife = 30 * 24 * time.Hour

// Token makes a token for a member of staff, who is recorded when new and gets the role at the lot in place
// of the one held there. No second factor goes with it. It is for commands of the operator of this service:
// the viewer must be the system. Errors: FORBIDDEN, NOT_FOUND for the lot, BAD_USER_INPUT.
func (s *Service) Token(ctx context.Context, label, lotCode string, role viewer.Role) (string, error) {
	if err := system(ctx); err != nil {
		return "", err
	}
	a := Appointment{Label: label, Post: Post{Role: staffrole.Role(role), LotCode: &lotCode}}
	at, err := s.mayDecide(ctx, a)
	if err != nil {
		return "", err
	}
	var member *ent.Staff
	err = s.write(ctx, "appoint staff", func(ctx context.Context, tx *ent.Tx) (err error) {
		member, err = s.appoint(ctx, tx, a.Label, a.Role, at)
		return err
	})
	if err != nil {
		return "", err
	}
	return s.issuer.Issue(token.Claims{
		Use: token.Staff, Subject: member.ID, SignIn: member.TokenGeneration, ExpiresAt: s.clock.Now().Add(tokenLife),
	})
}

// RevokeTokens ends every sign-in and token of a member of staff. Viewer and errors as Token.
func (s *Service) RevokeTokens(ctx context.Context, label string) error {
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
		row, err := hold(ctx, tx, id)
		if err != nil {
			return err
		}
		return s.endTokens(ctx, tx, row)
	})
}

// AddStore records a store under its code, or gives it another name. Viewer as Token. Errors: FORBIDDEN,
// BAD_USER_INPUT.
func (s *Service) AddStore(ctx context.Context, code, name string) error {
	if err := system(ctx); err != nil {
		return err
	}
	if code = strings.TrimSpace(code); code == "" {
		return fault.BadInput.At("code")
	}
	if name = strings.TrimSpace(name); name == "" {
		return fault.BadInput.At("name")
	}
	return s.write(ctx, "add a store", func(ctx context.Context, tx *ent.Tx) error {
		err := tx.Store.Create().SetCode(code).SetName(name).OnConflictColumns(places.FieldCode).
			Update(func(u *ent.StoreUpsert) { u.UpdateName() }).Exec(ctx)
		return wrap("add a store", err)
	})
}

func system(ctx context.Context) error {
	if viewer.Of(ctx).Kind != viewer.System {
		return fault.Forbidden
	}
	return nil
}
