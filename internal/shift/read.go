package shift

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
	"parkbff/ent/predicate"
	"parkbff/ent/shift"
	"parkbff/ent/staff"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/store"
	"parkbff/internal/viewer"
)

// Shift is a shift for its member of staff, and for managers of its lot. Instants are UTC, money is fen.
type Shift struct {
	Row           int64
	LotCode       *string // nil for one that was taken away
	LotID         int64
	StaffID       int64
	Staff         string // the personnel number
	State         shift.State
	OpenedAt      *time.Time // nil before it is accepted
	ClosedAt      *time.Time
	ClosedBy      *string // the personnel number of who counted
	FloatFen      int64
	TakenFen      int64
	RefundedFen   int64
	ExpectedFen   int64 // what should lie in the drawer
	CountedFen    *int64
	DifferenceFen *int64 // counted beyond expected: less than nothing when some is missing
	Payments      int
	Note          *string
}

// Shifts lists the shifts of a lot, newest first: all of them for its managers, their own for other staff. Errors:
// UNAUTHENTICATED, FORBIDDEN.
func (s *Service) Shifts(ctx context.Context, lotID int64, p page.Request) (page.Of[*Shift], error) {
	v, err := worker(ctx, lotID)
	if err != nil {
		return page.Of[*Shift]{}, err
	}
	which := []predicate.Shift{shift.LotID(lotID)}
	if !v.ManagesLot(lotID) {
		which = append(which, shift.StaffID(v.StaffID))
	}
	query := s.store.Fresh(ctx).Shift.Query().Where(which...).Order(ent.Desc(shift.FieldID)).Limit(p.Limit())
	if p.After > 0 {
		query.Where(shift.IDLT(p.After))
	}
	rows, err := query.All(ctx)
	if err != nil {
		return page.Of[*Shift]{}, fmt.Errorf("read shifts: %w", err)
	}
	cut := page.Cut(rows, p.First)
	shifts, err := s.showAll(ctx, cut.Items)
	return page.Of[*Shift]{Items: shifts, More: cut.More}, err
}

// One answers a shift that the viewer may see: their own, or of a lot that they manage. Errors: UNAUTHENTICATED,
// FORBIDDEN for those who are no staff, NOT_FOUND.
func (s *Service) One(ctx context.Context, row int64) (*Shift, error) {
	found, err := s.seen(ctx, row)
	if err != nil {
		return nil, err
	}
	return s.shown(ctx, found)
}

// seen reads a shift that the viewer may see: their own, or of a lot that they manage. Errors: UNAUTHENTICATED,
// FORBIDDEN for those who are no staff, NOT_FOUND.
func (s *Service) seen(ctx context.Context, row int64) (*ent.Shift, error) {
	switch v := viewer.Of(ctx); v.Kind {
	case viewer.Staff:
	case viewer.Anonymous:
		return nil, fault.Unauthenticated
	default:
		return nil, fault.Forbidden
	}
	found, err := s.store.Fresh(ctx).Shift.Query().Where(shift.ID(row)).Only(ctx)
	switch {
	case store.IsUnseen(err):
		return nil, fault.NotFound
	case err != nil:
		return nil, fmt.Errorf("read the shift: %w", err)
	}
	return found, nil
}

func (s *Service) shown(ctx context.Context, row *ent.Shift) (*Shift, error) {
	all, err := s.showAll(ctx, []*ent.Shift{row})
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// showAll shows shifts with the numbers of their staff, which are read in one statement.
func (s *Service) showAll(ctx context.Context, rows []*ent.Shift) ([]*Shift, error) {
	var people []int64
	for _, row := range rows {
		people = append(people, row.StaffID)
		if row.ClosedBy != nil {
			people = append(people, *row.ClosedBy)
		}
	}
	ctx = viewer.AsSystem(ctx, jobShow)
	members, err := s.store.Fresh(ctx).Staff.Query().Where(staff.IDIn(people...)).Select(staff.FieldLabel).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the staff of shifts: %w", err)
	}
	labels := map[int64]string{}
	for _, m := range members {
		labels[m.ID] = m.Label
	}
	shifts := make([]*Shift, len(rows))
	for i, row := range rows {
		shifts[i] = &Shift{
			Row: row.ID, LotID: row.LotID, StaffID: row.StaffID, Staff: labels[row.StaffID], State: row.State, OpenedAt: row.OpenedAt,
			ClosedAt: row.ClosedAt, FloatFen: row.FloatFen, TakenFen: row.TakenFen, RefundedFen: row.RefundedFen,
			ExpectedFen: expected(row), CountedFen: row.CountedFen, Payments: row.Payments,
		}
		if lot, ok := s.lots.LotByRow(row.LotID); ok {
			shifts[i].LotCode = &lot.Code
		}
		if row.ClosedBy != nil {
			by := labels[*row.ClosedBy]
			shifts[i].ClosedBy = &by
		}
		if row.CountedFen != nil {
			difference := *row.CountedFen - expected(row)
			shifts[i].DifferenceFen = &difference
		}
		if row.Note != "" {
			shifts[i].Note = &row.Note
		}
	}
	return shifts, nil
}
