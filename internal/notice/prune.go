package notice

import (
	"context"
	"fmt"

	"parkbff/ent"
	"parkbff/ent/notice"
	"parkbff/internal/viewer"
)

// prunedAtOnce bounds one transaction, because SQLite has one writer.
const prunedAtOnce = 1000

// Prune deletes the notices past retention and answers how many there were. Accounts go on counting where
// they are. Replicas may prune at the same time.
//
// Rows are numbered about as they are told, so it walks from the oldest row until it meets none that has
// expired, and needs no index over time.
func (s *Service) Prune(ctx context.Context) (int, error) {
	ctx = viewer.AsSystem(ctx, jobPrune)
	pruned := 0
	for last := int64(0); ; {
		oldest, err := s.store.Fresh(ctx).Notice.Query().Where(notice.IDGT(last)).
			Order(ent.Asc(notice.FieldID)).Limit(prunedAtOnce).
			Select(notice.FieldCreatedAt).All(ctx)
		if err != nil {
			return pruned, fmt.Errorf("find expired notices: %w", err)
		}
		expired := s.expired(oldest)
		if len(expired) == 0 {
			return pruned, nil
		}
		deleted, err := s.remove(ctx, expired)
		pruned += deleted
		if err != nil {
			return pruned, err
		}
		last = oldest[len(oldest)-1].ID
	}
}

func (s *Service) expired(rows []*ent.Notice) []int64 {
	since := s.keptSince()
	var ids []int64
	for _, row := range rows {
		if row.CreatedAt.Before(since) {
			ids = append(ids, row.ID)
		}
	}
	return ids
}

func (s *Service) remove(ctx context.Context, ids []int64) (deleted int, err error) {
	err = s.store.WithTx(ctx, func(ctx context.Context, tx *ent.Tx) (err error) {
		deleted, err = tx.Notice.Delete().Where(notice.IDIn(ids...)).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("delete expired notices: %w", err)
	}
	return deleted, nil
}
