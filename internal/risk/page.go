package risk

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/riskevent"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

// Page lists what was noted, newest first, for an officer. Errors: UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Page(ctx context.Context, p page.Request) (page.Of[*Event], error) {
	if err := officer(ctx); err != nil {
		return page.Of[*Event]{}, err
	}
	query := s.store.Client(ctx).RiskEvent.Query().Order(riskevent.ByID(sql.OrderDesc())).Limit(p.Limit())
	if p.After > 0 {
		query.Where(riskevent.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Event]{}, fmt.Errorf("read risk events: %w", err)
	}
	cut := page.Cut(rows, p.First)
	all := make([]*Event, len(cut.Items))
	for i, row := range cut.Items {
		all[i] = eventOf(row)
	}
	return page.Of[*Event]{Items: all, More: cut.More}, nil
}

// One answers one of them by its row. Errors: UNAUTHENTICATED, FORBIDDEN, NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Event, error) {
	if err := officer(ctx); err != nil {
		return nil, err
	}
	found, err := s.store.Client(ctx).RiskEvent.Get(ctx, row)
	if ent.IsNotFound(err) {
		return nil, fault.NotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read a risk event: %w", err)
	}
	return eventOf(found), nil
}

func officer(ctx context.Context) error {
	switch v := viewer.Of(ctx); {
	case v.Kind == viewer.Anonymous:
		return fault.Unauthenticated
	case v.Kind != viewer.Staff || !v.Holds(viewer.Officer):
		return fault.Forbidden
	}
	return nil
}

func eventOf(row *ent.RiskEvent) *Event {
	e := &Event{Row: row.ID, Kind: row.Kind, Outcome: row.Outcome, OccurredAt: row.OccurredAt, AccountRow: row.AccountID}
	if row.Path != "" {
		e.Path = &row.Path
	}
	return e
}
