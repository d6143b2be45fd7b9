package staffing

import (
	"context"
	"fmt"
	"time"

	"parkbff/ent"
)

const (
	triesBeforeLock = 5
	firstLock       = 15 * time.Minute
	longestLock     = 24 * time.Hour
)

func isLocked(row *ent.Staff, now time.Time) bool {
	return row.LockedUntil != nil && now.Before(*row.LockedUntil)
}

// countFailure counts a failed try and tells whether it locks the member out.
func (s *Service) countFailure(ctx context.Context, tx *ent.Tx, row *ent.Staff) (locked bool, err error) {
	tries := row.FailedTries + 1
	update := tx.Staff.UpdateOneID(row.ID).SetFailedTries(tries)
	if locked = tries%triesBeforeLock == 0; locked {
		update.SetLockedUntil(s.clock.Now().Add(lockAfter(tries)))
	}
	if err := update.Exec(ctx); err != nil {
		return false, fmt.Errorf("count a failed try: %w", err)
	}
	return locked, nil
}

// lockAfter doubles with every lock that no good try came after.
func lockAfter(tries int) time.Duration {
	lock := firstLock
	for range tries/triesBeforeLock - 1 {
		if lock *= 2; lock >= longestLock {
			return longestLock
		}
	}
	return lock
}
