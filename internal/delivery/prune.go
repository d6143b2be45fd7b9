package delivery

import (
	"context"
	"time"

	"parkbff/ent"
	"parkbff/ent/delivery"
	"parkbff/ent/predicate"
	notices "parkbff/internal/notice"
	"parkbff/internal/viewer"
)

const (
	// recordKept is how long it is known whom news of an account's security has reached: as long as processing
	// has to be on record (个人信息保护法 art. 56: three years).
	recordKept = 3 * 365 * 24 * time.Hour
	// prunedAtOnce bounds one transaction, because SQLite has one writer.
	prunedAtOnce = 1000
)

// Prune deletes old records: those of stays with their notices, because they tell when a car came and left, and
// the others after three years. Replicas may prune at the same time.
func (s *Service) Prune(ctx context.Context) error {
	ctx = viewer.AsSystem(ctx, jobPrune)
	now := s.Clock.Now()
	var kinds []delivery.Kind
	for _, kind := range notices.OfStays() {
		kinds = append(kinds, delivery.Kind(kind))
	}
	ofStays := delivery.KindIn(kinds...)
	if err := s.prune(ctx, ofStays, now.Add(-s.NoticesKept)); err != nil {
		return err
	}
	return s.prune(ctx, delivery.Not(ofStays), now.Add(-recordKept))
}

// prune walks from the oldest row until it meets one that is younger: rows are numbered about as they are made.
func (s *Service) prune(ctx context.Context, which predicate.Delivery, before time.Time) error {
	for {
		oldest, err := s.Store.Fresh(ctx).Delivery.Query().Where(which).Order(ent.Asc(delivery.FieldID)).
			Limit(prunedAtOnce).Select(delivery.FieldCreatedAt).All(ctx)
		if err != nil {
			return wrap("find old deliveries", err)
		}
		var old []int64
		for _, row := range oldest {
			if row.CreatedAt.Before(before) {
				old = append(old, row.ID)
			}
		}
		if len(old) == 0 {
			return nil
		}
		err = s.write(ctx, jobPrune, func(ctx context.Context, tx *ent.Tx) error {
			_, err := tx.Delivery.Delete().Where(delivery.IDIn(old...)).Exec(ctx)
			return err
		})
		if err != nil {
			return wrap("forget old deliveries", err)
		}
		if len(old) < prunedAtOnce {
			return nil
		}
	}
}
