package notice

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/notice"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

const (
	// batch bounds the rows that a reading holds while it catches up.
	batch = 100
	// freshFor is the age up to which held rows are delivered. A right that was lost meanwhile is felt
	// within it even when no hint arrived, as revocation is (design §8).
	freshFor = time.Second
)

// Reading delivers the notices of one account in order, each once. It belongs to one goroutine at a time
// and has none of its own.
type Reading struct {
	service *Service
	account int64
	wake    chan struct{} // holds one wake-up, so that many become one

	position int64         // the last sequence that was delivered or found withheld
	reached  atomic.Int64  // the last sequence that has been read
	rows     []*ent.Notice // read, not yet delivered, still sealed
	readAt   time.Time
	behind   bool // there is something to read without being woken
}

// Open starts a live reading for the account of the asking driver: everything told after the notice in
// row after, then whatever the account is told; with after zero, only what it is told from now on.
//
// Errors: fault.Unauthenticated; CONSENT_REQUIRED; fault.Forbidden for the account of another; ResyncRequired.
func (s *Service) Open(ctx context.Context, accountID, after int64) (*Reading, error) {
	r := &Reading{service: s, account: accountID, wake: make(chan struct{}, 1), behind: after != 0}
	if err := r.allowed(ctx); err != nil {
		return nil, err
	}
	s.hub.add(r) // before the position is read, so that nothing falls between the two
	if err := r.begin(ctx, after); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Next waits for the next notice that the driver asking in ctx may see. Notices about stays that the
// account may no longer see are passed over for good.
//
// It asks the store for the rights of that moment; of the viewer only the account matters, so ctx may be
// the one that the waiting began with. After an error it may be called again and goes on where it was.
// Errors: that of ctx; fault.Unauthenticated, fault.Forbidden when ctx carries another viewer;
// CONSENT_REQUIRED; that nobody stands behind the viewer any more.
func (r *Reading) Next(ctx context.Context) (*Notice, error) {
	if err := r.allowed(ctx); err != nil {
		return nil, err
	}
	if r.stale() {
		r.rows, r.behind = nil, true
	}
	for len(r.rows) == 0 {
		if err := r.wait(ctx); err != nil {
			return nil, err
		}
		if err := r.allowed(ctx); err != nil {
			return nil, err
		}
		if err := r.read(ctx); err != nil {
			return nil, err
		}
	}
	return r.deliver(ctx)
}

// Close ends the reading. It may be called again.
func (r *Reading) Close() { r.service.hub.remove(r) }

// allowed tells whether the viewer may read on, by the facts of this moment: a consent that was taken back
// ends a reading that waits.
func (r *Reading) allowed(ctx context.Context) error {
	v := viewer.Of(ctx)
	if r.service.viewers != nil && v.Registered() {
		now, err := r.service.viewers.Now(ctx, v)
		if err != nil {
			return err
		}
		v = now
	}
	v, err := reader(v)
	if err != nil {
		return err
	}
	if v.AccountID != r.account {
		return fault.Forbidden
	}
	return nil
}

func (r *Reading) begin(ctx context.Context, after int64) (err error) {
	if after == 0 {
		r.position, err = r.service.latest(ctx, r.account)
	} else {
		r.position, err = r.service.sequenceOf(ctx, r.account, after)
	}
	r.reached.Store(r.position)
	return err
}

// stale holds for rows whose rights may have changed since they were read: news of an eviction arrives
// as a notice of its own.
func (r *Reading) stale() bool {
	return len(r.rows) > 0 && (len(r.wake) > 0 || r.service.clock.Now().Sub(r.readAt) > freshFor)
}

func (r *Reading) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// wait returns when there may be something to read.
func (r *Reading) wait(ctx context.Context) error {
	if r.behind {
		select {
		case <-r.wake:
		default:
		}
		return ctx.Err()
	}
	select {
	case <-r.wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read takes the next rows. How far the account has counted is read first: what lies up to there and does
// not come with the rows is withheld, and not merely uncommitted.
func (r *Reading) read(ctx context.Context) error {
	r.behind = true // until the reading is known to have caught up
	latest, err := r.service.latest(ctx, r.account)
	if err != nil {
		return err
	}
	rows, err := r.service.between(ctx, r.position, latest)
	if err != nil {
		return err
	}
	r.behind = len(rows) == batch
	if r.behind {
		latest = rows[batch-1].Sequence
	}
	r.reached.Store(latest)
	r.rows, r.readAt = rows, r.service.clock.Now()
	if len(rows) == 0 {
		r.position = latest
	}
	return nil
}

func (r *Reading) deliver(ctx context.Context) (*Notice, error) {
	n, err := r.service.open(ctx, r.rows[0])
	if err != nil {
		return nil, err
	}
	r.position, r.rows = n.Sequence, r.rows[1:]
	if len(r.rows) == 0 {
		r.position, r.rows = r.reached.Load(), nil
	}
	return n, nil
}

// latest is how far the account has counted. Replicas are not asked: they lag behind the hint.
func (s *Service) latest(ctx context.Context, accountID int64) (int64, error) {
	row, err := s.store.Fresh(ctx).Account.Query().Where(account.ID(accountID)).
		Select(account.FieldNoticeSequence).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return 0, fault.NotFound // closed meanwhile
	case err != nil:
		return 0, fmt.Errorf("read notices: how far the account has counted: %w", err)
	}
	return row.NoticeSequence, nil
}

// between reads the first rows after a sequence, up to another, that the viewer may see.
func (s *Service) between(ctx context.Context, after, upTo int64) ([]*ent.Notice, error) {
	if upTo <= after {
		return nil, nil
	}
	rows, err := visible(s.store.Fresh(ctx)).
		Where(notice.SequenceGT(after), notice.SequenceLTE(upTo)).
		Order(ent.Asc(notice.FieldSequence)).Limit(batch).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	return rows, nil
}

// sequenceOf answers where a cursor stands. The account keeps its place even behind a notice that it may
// no longer see, so this is asked as the system. Error: ResyncRequired.
func (s *Service) sequenceOf(ctx context.Context, accountID, row int64) (int64, error) {
	found, err := s.store.Fresh(ctx).Notice.Query().
		Where(notice.ID(row), notice.AccountID(accountID), notice.CreatedAtGTE(s.keptSince())).
		Select(notice.FieldSequence).Only(viewer.AsSystem(ctx, jobResume))
	switch {
	case ent.IsNotFound(err):
		return 0, ResyncRequired
	case err != nil:
		return 0, fmt.Errorf("read notices: find the cursor: %w", err)
	}
	return found.Sequence, nil
}
