package loyalty

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"entgo.io/ent/dialect/sql"

	"parkbff/ent"
	"parkbff/ent/membership"
	"parkbff/ent/pointentry"
	"parkbff/ent/pointlot"
	"parkbff/ent/predicate"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

// Membership is what an account has earned.
type Membership struct {
	Level           Level
	Points          int
	OwedPoints      int
	ExpiringPoints  int  // those of them that lapse as this month ends in Shanghai
	NextLevelPoints *int // how many more are to be earned; nil at the highest level
}

// Format prints "membership" under every verb.
func (Membership) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, membershipWord) }

// LogValue keeps its values out of structured logs.
func (Membership) LogValue() slog.Value { return slog.StringValue(membershipWord) }

const membershipWord = "membership"

// Entry is one movement of an account's points.
type Entry struct {
	Row       int64
	Kind      pointentry.Kind
	Points    int
	Balance   int
	Day       time.Time // midnight in Shanghai: the minute would tell when a car left
	ExpiresAt *time.Time
	OrderID   *int64 // the payment order by which they were earned or taken back
}

// Format prints "points" under every verb.
func (Entry) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, entryWord) }

// LogValue keeps its values out of structured logs.
func (Entry) LogValue() slog.Value { return slog.StringValue(entryWord) }

const entryWord = "points"

// Of answers the asking driver's membership; nil for anybody else. Whoever has earned nothing has one without points.
// Error: CONSENT_REQUIRED.
func (s *Service) Of(ctx context.Context) (*Membership, error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return nil, nil
	}
	if _, err := s.Member(ctx); err != nil {
		return nil, err
	}
	row, err := s.store.Fresh(ctx).Membership.Query().Where(membership.AccountID(viewer.Of(ctx).AccountID)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return shown(0, 0, 0, 0), nil
	case err != nil:
		return nil, fmt.Errorf("read the membership: %w", err)
	}
	return s.opened(viewer.AsSystem(ctx, jobRead), row)
}

func (s *Service) opened(ctx context.Context, row *ent.Membership) (*Membership, error) {
	db, now := s.store.Fresh(ctx), s.clock.Now()
	left := func(which ...predicate.PointLot) (int64, error) {
		lots := db.PointLot.Query().Where(pointlot.MembershipID(row.ID), pointlot.ExpiresAtGT(now)).Where(which...)
		return total(ctx, lots.Modify(func(q *sql.Selector) { q.Select(sumOf(q.C(pointlot.FieldRemaining))) }))
	}
	points, err := left()
	if err != nil {
		return nil, fmt.Errorf("sum the points: %w", err)
	}
	expiring, err := left(pointlot.ExpiresAtLTE(monthBegins(now, 1)))
	if err != nil {
		return nil, fmt.Errorf("sum the points that lapse: %w", err)
	}
	earned, err := s.earnedLately(ctx, db, row.ID)
	if err != nil {
		return nil, err
	}
	return shown(points, expiring, row.OwedPoints, earned), nil
}

func shown(points, expiring, owed, earned int64) *Membership {
	at, next := stepAt(earned)
	m := &Membership{Level: at.level, Points: int(points), OwedPoints: int(owed), ExpiringPoints: int(expiring)}
	if next != nil {
		m.NextLevelPoints = new(int(next.from - earned))
	}
	return m
}

// Ledger lists the movements of the asking driver's points, newest first; others have none. Error: CONSENT_REQUIRED.
func (s *Service) Ledger(ctx context.Context, p page.Request) (page.Of[*Entry], error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return page.Of[*Entry]{}, nil
	}
	if _, err := s.Member(ctx); err != nil {
		return page.Of[*Entry]{}, err
	}
	query := s.store.Fresh(ctx).PointEntry.Query().Order(ent.Desc(pointentry.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(pointentry.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Entry]{}, fmt.Errorf("read entries: %w", err)
	}
	cut := page.Cut(rows, p.First)
	entries := make([]*Entry, len(cut.Items))
	for i, row := range cut.Items {
		entries[i] = entryOf(row)
	}
	return page.Of[*Entry]{Items: entries, More: cut.More}, nil
}

// One answers a movement of the asking driver's points. Error: NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Entry, error) {
	if viewer.Of(ctx).Kind != viewer.Driver {
		return nil, fault.NotFound
	}
	found, err := s.store.Fresh(ctx).PointEntry.Query().Where(pointentry.ID(row)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the entry: %w", err)
	}
	return entryOf(found), nil
}

func entryOf(row *ent.PointEntry) *Entry {
	year, month, day := row.CreatedAt.In(clock.Shanghai).Date()
	return &Entry{
		Row: row.ID, Kind: row.Kind, Points: int(row.Points), Balance: int(row.Balance), ExpiresAt: row.ExpiresAt, OrderID: row.OrderID,
		Day: time.Date(year, month, day, 0, 0, 0, 0, clock.Shanghai),
	}
}
