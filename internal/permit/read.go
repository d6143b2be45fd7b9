package permit

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"parkbff/ent"
	"parkbff/ent/permit"
	"parkbff/ent/permitperiod"
	"parkbff/ent/plateright"
	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

// Permit is a permit for its holder.
type Permit struct {
	Row    int64
	Lot    *parking.Lot // nil for one that was taken away
	Plan   *Plan
	State  permit.State
	EndsAt time.Time
	Plates []string
}

// Format prints "permit" under every verb.
func (Permit) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, permitWord) }

// LogValue keeps its values out of structured logs.
func (Permit) LogValue() slog.Value { return slog.StringValue(permitWord) }

const permitWord = "permit"

// PeriodState is how it stands with a period.
type PeriodState string

// States of periods.
const (
	Unused  PeriodState = "UNUSED"
	Running PeriodState = "RUNNING"
	Over    PeriodState = "OVER"
	Revoked PeriodState = "REVOKED"
)

// Period is a stretch of time that one order has paid for a permit.
type Period struct {
	Row      int64
	StartsAt time.Time
	EndsAt   time.Time
	PriceFen int64
	State    PeriodState
}

// Permits lists the permits that the asking driver has paid, newest first; others have none. Errors: CONSENT_REQUIRED.
func (s *Service) Permits(ctx context.Context, p page.Request) (page.Of[*Permit], error) {
	v := viewer.Of(ctx)
	if v.Kind != viewer.Driver {
		return page.Of[*Permit]{}, nil
	}
	if err := entitlement.Require(v, entitlement.Permits, 0); err != nil {
		return page.Of[*Permit]{}, err
	}
	query := s.paid(ctx).Order(ent.Desc(permit.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(permit.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Permit]{}, fmt.Errorf("read permits: %w", err)
	}
	cut := page.Cut(rows, p.First)
	permits := make([]*Permit, len(cut.Items))
	for i, row := range cut.Items {
		if permits[i], err = s.opened(ctx, row); err != nil {
			return page.Of[*Permit]{}, err
		}
	}
	return page.Of[*Permit]{Items: permits, More: cut.More}, nil
}

// paid asks for the viewer's permits that have had a period, with their plans and the plates that they are for.
func (s *Service) paid(ctx context.Context) *ent.PermitQuery {
	return s.store.Fresh(ctx).Permit.Query().Where(permit.HasPeriods()).WithPlan().
		WithRights(func(q *ent.PlateRightQuery) { q.Where(plateright.EndsAtIsNil()).Order(plateright.ByID()) })
}

// One answers a permit that the viewer may see: the account's own. Error: NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Permit, error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return nil, fault.NotFound
	}
	found, err := s.paid(ctx).Where(permit.ID(row)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the permit: %w", err)
	}
	return s.opened(ctx, found)
}

func (s *Service) opened(ctx context.Context, row *ent.Permit) (*Permit, error) {
	p := &Permit{Row: row.ID, Plan: s.planned(row.Edges.Plan), State: permit.StateENDED, EndsAt: row.EndsAt}
	p.Lot, _ = s.lots.LotByRow(row.LotID)
	if row.EndsAt.After(s.clock.Now()) {
		p.State = permit.StateACTIVE
	}
	for _, r := range row.Edges.Rights {
		plate, err := s.vault.OpenString(ctx, vault.LotKey(row.LotID), sealedPlate, r.Plate)
		if err != nil {
			return nil, fmt.Errorf("open the permit's plate: %w", err)
		}
		p.Plates = append(p.Plates, plate)
	}
	return p, nil
}

// Periods lists the periods of a permit that the viewer was shown, newest first: those that are not used yet too.
func (s *Service) Periods(ctx context.Context, of *Permit, p page.Request) (page.Of[*Period], error) {
	query := s.store.Fresh(ctx).PermitPeriod.Query().Where(permitperiod.PermitID(of.Row)).
		Order(ent.Desc(permitperiod.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(permitperiod.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Period]{}, fmt.Errorf("read periods: %w", err)
	}
	cut := page.Cut(rows, p.First)
	periods := make([]*Period, len(cut.Items))
	for i, row := range cut.Items {
		periods[i] = s.periodOf(row)
	}
	return page.Of[*Period]{Items: periods, More: cut.More}, nil
}

// PeriodByRow answers a period of the account's own permit. Error: NOT_FOUND.
func (s *Service) PeriodByRow(ctx context.Context, row int64) (*Period, error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return nil, fault.NotFound
	}
	found, err := s.store.Fresh(ctx).PermitPeriod.Query().Where(permitperiod.ID(row)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the period: %w", err)
	}
	return s.periodOf(found), nil
}

func (s *Service) periodOf(row *ent.PermitPeriod) *Period {
	p := &Period{Row: row.ID, StartsAt: row.StartsAt, EndsAt: row.EndsAt, PriceFen: row.PriceFen, State: Running}
	switch now := s.clock.Now(); {
	case row.RevokedAt != nil:
		p.State = Revoked
	case now.Before(row.StartsAt):
		p.State = Unused
	case !now.Before(row.EndsAt):
		p.State = Over
	}
	return p
}

// Renewal answers what so many further periods of one's own permit would be, and cost, if they were ordered now.
// Errors: UNAUTHENTICATED, FORBIDDEN, CONSENT_REQUIRED; NOT_FOUND; SoldOut, InvalidPeriods.
func (s *Service) Renewal(ctx context.Context, row int64, periods int) (*Term, error) {
	v, err := driver(ctx)
	if err != nil {
		return nil, err
	}
	var term Term
	err = s.write(ctx, jobSell, func(ctx context.Context, tx *ent.Tx) error {
		of, err := s.Own(ctx, tx, v.AccountID, row)
		if err != nil {
			return err
		}
		term, err = s.onSale(ctx, tx, of, periods, s.clock.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	return &term, nil
}
