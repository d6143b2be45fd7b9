package notice

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"parkbff/ent"
	"parkbff/ent/notice"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

// freshFor is the age up to which held rows are delivered. A right that was lost meanwhile is felt
// within it even when no hint arrived, as revocation is (design §8).
const freshFor = time.Second

// Reading delivers the notices of one account in order, each once. It belongs to one goroutine at a time,
// has none of its own, and holds nothing while there is no news.
type Reading struct {
	service *Service
	account int64
	bell    func()
	leave   func() // the account's subject on the bus

	// The hub's lock guards what follows.
	sibling  *Reading
	held     *held // nil: nothing is waiting to be delivered
	position int64 // the last sequence that was delivered or found withheld
	reached  int64 // the last sequence that has been read; beyond all until it is known where the reading begins
	hinted   int64 // the highest that was heard of since the last read began

	behind   bool // there may be something to read
	inFlight bool // it is being read
	queued   bool // it is in the hub's queue of those who were woken
	doubted  bool // roused since the last read began: what the account may see may have changed
	opening  bool // its position is yet to be read
	gone     bool // there is no such account any more
	closed   bool
}

// held are rows that were read and not yet delivered, still sealed. There is at least one.
type held struct {
	rows   []*ent.Notice
	readAt time.Time
}

// Open starts a live reading for the account of the asking driver: everything told after the notice in
// row after, then whatever the account is told; with after zero, only what it is told from now on.
//
// The bell rings whenever there may be something for Next, maybe before Open has returned. It is called from
// any goroutine, must not block and must not call the reading.
//
// Errors: fault.Unauthenticated; CONSENT_REQUIRED; fault.Forbidden for the account of another; ResyncRequired;
// fault.NotFound for an account that was closed meanwhile.
func (s *Service) Open(ctx context.Context, accountID, after int64, bell func()) (*Reading, error) {
	r := &Reading{service: s, account: accountID, bell: bell}
	if err := r.allowed(ctx); err != nil {
		return nil, err
	}
	if err := r.attend(); err != nil { // before the position is read, so that nothing falls between the two
		return nil, err
	}
	if err := r.begin(ctx, after); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Next answers the next notice that the driver asking in ctx may see, if there is one now: ok is false when
// there is none, and the bell rings when there may be. Notices about stays that the account may no longer
// see are passed over for good. It never waits for news; it may wait for the store.
//
// It asks the store for the rights of that moment; of the viewer only the account matters, so ctx may be
// the one that the waiting began with. After an error it may be called again and goes on where it was.
// Errors: that of ctx; fault.Unauthenticated, fault.Forbidden when ctx carries another viewer;
// CONSENT_REQUIRED; that nobody stands behind the viewer any more; fault.NotFound for an account that was
// closed.
func (r *Reading) Next(ctx context.Context) (n *Notice, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	if err := r.allowed(ctx); err != nil {
		return nil, false, err
	}
	row, err := r.coming(ctx)
	if row == nil || err != nil {
		return nil, false, err
	}
	if n, err = r.service.open(ctx, row); err != nil {
		return nil, false, err
	}
	r.delivered()
	return n, true, nil
}

// Close ends the reading. It may be called again.
func (r *Reading) Close() {
	r.service.hub.remove(r)
	r.leave()
}

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

// attend has this reading hear of the account's notices, here and from other replicas.
func (r *Reading) attend() (err error) {
	r.leave, err = r.service.bus.Attend(subject+strconv.FormatInt(r.account, 10), r.service.heard)
	if err != nil {
		return fmt.Errorf("open a reading: %w", err)
	}
	r.service.hub.add(r)
	return nil
}

func (r *Reading) begin(ctx context.Context, after int64) error {
	if after != 0 {
		position, err := r.service.sequenceOf(ctx, r.account, after)
		if err != nil {
			return err
		}
		r.service.hub.follow(r, position)
		r.bell()
		return nil
	}
	r.service.hub.watchFromNow(r)
	_, err := r.coming(ctx)
	return err
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
