package staffing

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alexedwards/argon2id"

	"parkbff/ent"
	"parkbff/ent/staff"
	"parkbff/ent/staffrole"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/identity/token"
	"parkbff/internal/risk"
	"parkbff/internal/store"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Facts are what the house remembers of who is asking. They are told of a change inside the transaction
// that makes it.
type Facts interface {
	// StaffChanged drops what is known of a member of staff. Tokens of a generation that is no more end with
	// it, on open sockets too.
	StaffChanged(ctx context.Context, id int64)
}

// Risks keeps what looked like an attack.
type Risks interface {
	Note(ctx context.Context, h risk.Happening)
}

// Config is what a Service is made of. Everything is required but Hashing.
type Config struct {
	Store  *store.Store
	Vault  *vault.Vault
	Tokens *token.Issuer
	Facts  Facts
	Clock  clock.Clock
	Random io.Reader // crypto/rand.Reader outside tests; read by many goroutines at once
	Risks  Risks

	// Hashing is what a password costs, for tests that sign many people in; nil: what hashing says.
	Hashing *argon2id.Params
}

func (c Config) check() error {
	if c.Store == nil || c.Vault == nil || c.Tokens == nil || c.Facts == nil || c.Clock == nil || c.Random == nil || c.Risks == nil {
		return errors.New("staffing: the configuration is not complete")
	}
	return nil
}

// Service is safe for concurrent use.
type Service struct {
	store     *store.Store
	vault     *vault.Vault
	issuer    *token.Issuer
	facts     Facts
	clock     clock.Clock
	random    io.Reader
	risks     Risks
	passwords *passwords
}

// New answers a service. An error is a mistake of the set-up.
func New(c Config) (*Service, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return &Service{
		store: c.Store, vault: c.Vault, issuer: c.Tokens, facts: c.Facts, clock: c.Clock, random: c.Random,
		risks: c.Risks, passwords: newPasswords(c.Hashing),
	}, nil
}

// write runs fn in a transaction, as the program itself. The action must have been allowed before.
func (s *Service) write(ctx context.Context, job string, fn func(ctx context.Context, tx *ent.Tx) error) error {
	return s.store.WithTx(viewer.AsSystem(ctx, job), fn)
}

// hold makes transactions that touch one member of staff run one after another. See store.Hold.
func hold(ctx context.Context, tx *ent.Tx, id int64) (*ent.Staff, error) {
	if err := tx.Staff.Update().Where(staff.ID(id)).Modify(store.Hold(staff.FieldTokenGeneration)).Exec(ctx); err != nil {
		return nil, fmt.Errorf("hold the member of staff: %w", err)
	}
	row, err := tx.Staff.Get(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read the member of staff: %w", err)
	}
	return row, nil
}

// show reads a member of staff with posts.
func (s *Service) show(ctx context.Context, id int64) (*Member, error) {
	ctx = viewer.AsSystem(ctx, "show a member of staff")
	row, err := s.store.Fresh(ctx).Staff.Query().Where(staff.ID(id)).WithRoles(func(q *ent.StaffRoleQuery) {
		q.WithLot().WithStore().Order(staffrole.ByID())
	}).Only(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the member of staff: %w", err)
	}
	return memberOf(row), nil
}

// Member answers the asking member of staff; nil for all others.
func (s *Service) Member(ctx context.Context) (*Member, error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Staff {
		return nil, nil
	}
	return s.show(ctx, v.StaffID)
}

// worker answers the viewer when it is a member of staff. Errors: UNAUTHENTICATED for nobody, FORBIDDEN.
func worker(ctx context.Context) (*viewer.Viewer, error) {
	v := viewer.Of(ctx)
	switch v.Kind {
	case viewer.Staff:
		return v, nil
	case viewer.Anonymous:
		return nil, fault.Unauthenticated
	}
	return nil, fault.Forbidden
}

// Office answers the viewer when it holds a role on the platform. Errors: UNAUTHENTICATED for nobody,
// FORBIDDEN for everybody else.
func (s *Service) Office(ctx context.Context, role viewer.Role) (*viewer.Viewer, error) {
	v, err := worker(ctx)
	if err == nil && !v.Holds(role) {
		return nil, fault.Forbidden
	}
	return v, err
}
