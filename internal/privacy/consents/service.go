package consents

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Config is what a Service is made of.
type Config struct {
	Store *store.Store
}

// Service is safe for concurrent use.
type Service struct {
	store *store.Store
}

// New answers a service.
func New(c Config) *Service { return &Service{store: c.Store} }

// Page lists what the viewer's account agreed to, newest first. Error: UNAUTHENTICATED.
func (s *Service) Page(ctx context.Context, p page.Request) (page.Of[*Consent], error) {
	v := viewer.Of(ctx)
	if !v.Registered() {
		return page.Of[*Consent]{}, fault.Unauthenticated
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
		all[i] = consentOf(row)
	}
	return page.Of[*Consent]{Items: all, More: cut.More}, nil
}

// One answers one of them by its row. Errors: UNAUTHENTICATED, NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Consent, error) {
	v := viewer.Of(ctx)
	if !v.Registered() {
		return nil, fault.Unauthenticated
	}
	found, err := s.store.Client(ctx).Consent.Query().Where(consent.ID(row), consent.AccountID(v.AccountID)).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read consent: %w", err)
	}
	return consentOf(found), nil
}

func consentOf(row *ent.Consent) *Consent {
	return &Consent{
		Row: row.ID, Purpose: row.Purpose, PolicyVersion: row.PolicyVersion,
		GrantedAt: row.GrantedAt, WithdrawnAt: row.WithdrawnAt, EndedAt: row.EndedAt, VehicleID: row.VehicleID,
	}
}
