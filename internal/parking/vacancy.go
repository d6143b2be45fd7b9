package parking

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"parkbff/ent"
	"parkbff/ent/parkingsession"
	"parkbff/internal/viewer"
)

// Public vacancy must not follow one car: it is counted once a VacancyInterval, lots of fewer bays than
// smallLot publish a band only, and those of fewer than tinyLot, where the bands are a car or two apart,
// nothing.
const (
	VacancyInterval = time.Minute
	smallLot        = 30
	tinyLot         = 10
)

// vacancyBoard is what is public about free bays, as counted last.
type vacancyBoard struct{ last atomic.Pointer[count] }

type count struct {
	at       time.Time
	occupied map[int64]int
}

// RefreshVacancies counts the open stays of every lot, and the bays that are kept for who reserved them, and publishes
// what may be known of them.
func (s *Service) RefreshVacancies(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, jobVacancy)
	var rows []struct {
		LotID int64 `json:"lot_id"`
		Count int   `json:"count"`
	}
	err := s.store.Client(ctx).ParkingSession.Query().
		Where(parkingsession.StateEQ(parkingsession.StateOPEN)).
		GroupBy(parkingsession.FieldLotID).Aggregate(ent.Count()).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("count open stays: %w", err)
	}
	next := &count{at: s.clock.Now(), occupied: make(map[int64]int, len(rows))}
	for _, r := range rows {
		next.occupied[r.LotID] = r.Count
	}
	if err := s.countKept(ctx, next.occupied); err != nil {
		return err
	}
	s.vacancies.last.Store(next)
	s.announce(SubjectVacancies)
	return nil
}

func (b *vacancyBoard) of(l *Lot) Vacancy {
	last := b.last.Load()
	if last == nil || l.Capacity < tinyLot {
		return Vacancy{Band: BandUnknown}
	}
	free := max(0, l.Capacity-last.occupied[l.Row])
	v := Vacancy{Band: bandOf(free, l.Capacity), AsOf: &last.at}
	if l.Capacity >= smallLot {
		v.Bays = &free
	}
	return v
}

// bandOf never tells one car from the next near the ends: FULL begins at one bay in twenty, FEW at one
// in five, and in a small lot at two bays and half of them.
func bandOf(free, capacity int) Band {
	full, few := capacity/20, capacity/5
	if capacity < smallLot {
		full, few = 2, capacity/2
	}
	switch {
	case free <= full:
		return BandFull
	case free <= few:
		return BandFew
	}
	return BandPlenty
}
