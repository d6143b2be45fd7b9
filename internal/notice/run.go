package notice

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"parkbff/ent/account"
	"parkbff/internal/viewer"
)

const (
	subject = "notice." // and the account's row id; the payload is the sequence, in decimal
	// comparedAtOnce bounds the accounts of one statement.
	comparedAtOnce = 500
)

// settlesIn is how long a cluster may take until all its servers know of an interest. What the account was
// told meanwhile on another replica gave no hint here.
const settlesIn = time.Second

// Run compares all readings with the store now and then, and whenever hints may have been lost: after the bus
// was away, and once soon after each was opened. It returns when ctx ends. Call it once.
func (s *Service) Run(ctx context.Context) {
	missed := make(chan struct{}, 1)
	s.bus.OnReconnect(func() {
		select {
		case missed <- struct{}{}:
		default:
		}
	})
	settling := time.NewTicker(settlesIn)
	defer settling.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		select {
		case <-due.C:
			s.reconcile(ctx, s.hub.watched())
			due.Reset(jittered(s.reconcileEvery))
		case <-missed:
			s.reconcile(ctx, s.hub.watchedAnew())
		case <-settling.C:
			s.reconcile(ctx, s.hub.settled())
		case <-ctx.Done():
			return
		}
	}
}

// jittered keeps replicas that were started together from asking the store together.
func jittered(pause time.Duration) time.Duration { return pause - pause/10 + rand.N(pause/5+1) }

// announce wakes the account's readings here and on the other replicas. The payload says nothing that
// the readings do not ask the store for.
func (s *Service) announce(accountID, sequence int64) {
	s.hub.wake(accountID, sequence)
	err := s.bus.Publish(subject+strconv.FormatInt(accountID, 10), strconv.AppendInt(nil, sequence, 10))
	if err != nil {
		s.log.Warn("other replicas were not told of a notice; they find it when they reconcile", "error", err)
	}
}

func (s *Service) heard(from string, payload []byte) {
	accountID, err := strconv.ParseInt(strings.TrimPrefix(from, subject), 10, 64)
	if err != nil {
		return
	}
	sequence, err := strconv.ParseInt(string(payload), 10, 64)
	if err != nil {
		return
	}
	s.hub.wake(accountID, sequence)
}

// reconcile wakes the readings that are behind what their accounts have counted.
func (s *Service) reconcile(ctx context.Context, accountIDs []int64) {
	ctx = viewer.AsSystem(ctx, jobReconcile)
	for some := range slices.Chunk(accountIDs, comparedAtOnce) {
		if err := s.compare(ctx, some); err != nil {
			if ctx.Err() == nil {
				s.log.WarnContext(ctx, "cannot compare live readings with the store", "error", err)
			}
			return
		}
	}
}

func (s *Service) compare(ctx context.Context, accountIDs []int64) error {
	rows, err := s.store.Fresh(ctx).Account.Query().Where(account.IDIn(accountIDs...)).
		Select(account.FieldNoticeSequence).All(ctx)
	if err != nil {
		return fmt.Errorf("read how far accounts have counted: %w", err)
	}
	for _, row := range rows {
		s.hub.remind(row.ID, row.NoticeSequence)
	}
	return nil
}
