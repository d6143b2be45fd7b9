package consents

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/predicate"
	"parkbff/internal/clock"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/language"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Change is a consent given or taken back.
type Change struct {
	Purpose   consent.Purpose
	VehicleID int64 // 0 for a purpose that is not given per vehicle
	Withdrawn bool
}

// Accounts keeps the accounts whose consents these are, and does what follows from a change of them.
type Accounts interface {
	// HoldForConsents makes the changes to one account's consents run one after another, until tx ends. It
	// answers the vehicle of one of the account's bindings, and 0 when none is asked for. Error: NOT_FOUND.
	HoldForConsents(ctx context.Context, tx *ent.Tx, accountID int64, binding *int64) (vehicleID int64, err error)
	// ConsentsChanged does, in tx, what follows from a change that is already written.
	ConsentsChanged(ctx context.Context, tx *ent.Tx, accountID int64, c Change) error
	// RenewViewer replaces the viewer of a request by the one of its account's new facts.
	RenewViewer(ctx context.Context) error
}

// Config is what a Service is made of. All of it is required.
type Config struct {
	Store     *store.Store
	Clock     clock.Clock
	Catalogue *Catalogue
	Accounts  Accounts
	Signer    Signer
	Keyed     Keyed
}

// Service is safe for concurrent use.
type Service struct {
	store     *store.Store
	clock     clock.Clock
	catalogue *Catalogue
	accounts  Accounts
	signer    Signer
	keyed     Keyed
}

// New answers a service.
func New(c Config) *Service {
	return &Service{
		store: c.Store, clock: c.Clock, catalogue: c.Catalogue, accounts: c.Accounts, signer: c.Signer, keyed: c.Keyed,
	}
}

// Page lists what the viewer's account agreed to, newest first. Error: UNAUTHENTICATED.
func (s *Service) Page(ctx context.Context, p page.Request) (page.Of[*Consent], error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.ManageConsents, 0); err != nil {
		return page.Of[*Consent]{}, err
	}
	query := s.store.Client(ctx).Consent.Query().Where(consent.AccountID(v.AccountID)).
		Order(consent.ByID(sql.OrderDesc())).Limit(p.Limit())
	if p.After > 0 {
		query.Where(consent.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Consent]{}, fmt.Errorf("read consents: %w", err)
	}
	cut := page.Cut(rows, p.First)
	all := make([]*Consent, len(cut.Items))
	for i, row := range cut.Items {
		all[i] = s.consentOf(row)
	}
	return page.Of[*Consent]{Items: all, More: cut.More}, nil
}

// One answers one of them by its row. Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Consent, error) {
	v := viewer.Of(ctx)
	if err := entitlement.Require(v, entitlement.ManageConsents, 0); err != nil {
		return nil, err
	}
	found, err := s.store.Client(ctx).Consent.Query().Where(consent.ID(row), consent.AccountID(v.AccountID)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read consent: %w", err)
	}
	return s.consentOf(found), nil
}

// Purposes answers what can be agreed to, as the policy in force has it, and whether the viewer agrees.
func (s *Service) Purposes(ctx context.Context) ([]*PurposeNotice, error) {
	now := s.clock.Now()
	tracked, err := s.everyVehicleTracked(ctx, now)
	if err != nil {
		return nil, err
	}
	all := s.catalogue.Notices(now, language.Of(ctx))
	for _, p := range all {
		p.Granted = viewer.Of(ctx).Agrees(string(p.Purpose))
		if p.PerVehicle {
			p.Granted = tracked
		}
	}
	return all, nil
}

// everyVehicleTracked tells whether the viewer has vehicles and a consent holds for each.
func (s *Service) everyVehicleTracked(ctx context.Context, now time.Time) (bool, error) {
	v := viewer.Of(ctx)
	if !v.Registered() || v.BoundPlates() == 0 {
		return false, nil
	}
	rows, err := s.store.Client(ctx).Consent.Query().Where(
		standing(v.AccountID, consent.PurposeMOVEMENT_TRACK),
		consent.PolicyVersionIn(s.catalogue.Counting(consent.PurposeMOVEMENT_TRACK, now)...)).All(ctx)
	if err != nil {
		return false, fmt.Errorf("read consents: %w", err)
	}
	agreed := map[int64]bool{}
	for _, row := range rows {
		if row.VehicleID != nil {
			agreed[*row.VehicleID] = true
		}
	}
	for _, own := range v.Vehicles {
		if !agreed[own.ID] {
			return false, nil
		}
	}
	return true, nil
}

// standing are an account's consents to a purpose that were neither taken back nor ended; whether they count
// is for the catalogue to say.
func standing(accountID int64, code consent.Purpose) predicate.Consent {
	return consent.And(consent.AccountID(accountID), consent.PurposeEQ(code),
		consent.WithdrawnAtIsNil(), consent.EndedAtIsNil())
}

func (s *Service) consentOf(row *ent.Consent) *Consent {
	return &Consent{
		Row: row.ID, Purpose: row.Purpose, PolicyVersion: row.PolicyVersion, State: s.stateOf(row),
		GrantedAt: row.GrantedAt, WithdrawnAt: row.WithdrawnAt, EndedAt: row.EndedAt, VehicleID: row.VehicleID,
	}
}

func (s *Service) stateOf(row *ent.Consent) State {
	switch {
	case row.WithdrawnAt != nil:
		return Withdrawn
	case row.EndedAt != nil:
		return Ended
	case !s.catalogue.Counts(row.Purpose, row.PolicyVersion, s.clock.Now()):
		return Outdated
	}
	return Granted
}
