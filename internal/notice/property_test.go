package notice_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent"
	entnotice "parkbff/ent/notice"
	"parkbff/internal/notice"
)

// TestWhateverHappensEachReadingSeesEachVisibleNoticeOnceAndInOrder tells, rolls back, evicts, hides, rouses,
// loses hints, opens with and without cursors and closes, on two replicas, in any order.
func TestWhateverHappensEachReadingSeesEachVisibleNoticeOnceAndInOrder(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		replicas := []*notice.Service{h.replica(never), h.replica(never)}
		rapid.Check(t, func(t *rapid.T) {
			w := newWorld(h, replicas)
			defer w.end()
			t.Repeat(map[string]func(*rapid.T){
				"tell":        w.tell,
				"think again": w.rollBack,
				"evict":       w.evict,
				"hide":        w.hide,
				"rouse":       func(t *rapid.T) { w.replica(t).Rouse(w.account(t).id) },
				"lose hints":  func(*rapid.T) { h.bus.lossy.Store(true) },
				"hear again":  func(*rapid.T) { h.bus.lossy.Store(false); h.bus.reconnect() },
				"wrong hint":  func(t *rapid.T) { h.hint(w.account(t).id, rapid.Int64().Draw(t, "sequence")) },
				"open":        w.open,
				"resume":      w.resume,
				"take some":   w.takeSome,
				"drain":       func(t *rapid.T) { w.drain(t, w.watcher(t)) },
				"close":       w.close,
			})
			for _, reading := range slices.Clone(w.watching) {
				w.drain(t, reading)
			}
		})
	})
}

// world is what a test expects of some accounts and their readings.
type world struct {
	house    *house
	replicas []*notice.Service
	accounts []*told
	watching []*expecting
}

// told is an account, with the stay of each of its notices, in order; zero is none.
type told struct {
	id      int64
	stays   []int64 // that it may see
	notices []int64
}

// expecting is a reading and how many of its account's notices lie behind it.
type expecting struct {
	watcher
	account *told
	past    int
}

func newWorld(h *house, replicas []*notice.Service) *world {
	w := &world{house: h, replicas: replicas}
	for _, id := range h.accounts(3) {
		w.accounts = append(w.accounts, &told{id: id, stays: []int64{h.stay(id), h.stay(id)}})
	}
	return w
}

func (w *world) end() {
	for _, reading := range w.watching {
		reading.Close()
	}
	w.house.bus.lossy.Store(false)
}

func (w *world) account(t *rapid.T) *told { return rapid.SampledFrom(w.accounts).Draw(t, "account") }

func (w *world) replica(t *rapid.T) *notice.Service {
	return w.replicas[rapid.IntRange(0, len(w.replicas)-1).Draw(t, "replica")]
}

func (w *world) watcher(t *rapid.T) *expecting {
	if len(w.watching) == 0 {
		t.Skip("nobody watches")
	}
	return w.watching[rapid.IntRange(0, len(w.watching)-1).Draw(t, "reading")]
}

// tell tells some accounts something in one transaction.
func (w *world) tell(t *rapid.T) {
	var tellings []notice.Telling
	for _, a := range w.accounts {
		for range rapid.IntRange(0, 3).Draw(t, "notices") {
			stay := rapid.SampledFrom(append([]int64{0}, a.stays...)).Draw(t, "stay")
			tellings = append(tellings, w.house.entering(a.id, stay))
			a.notices = append(a.notices, stay)
		}
	}
	w.house.tell(w.replica(t), tellings...)
}

func (w *world) rollBack(t *rapid.T) {
	err := w.house.tryTell(w.replica(t), errChangedMind, w.house.entering(w.account(t).id, 0))
	if !errors.Is(err, errChangedMind) {
		t.Fatal(err)
	}
}

// evict takes a stay away, silently; what is held is delivered for a while.
func (w *world) evict(t *rapid.T) {
	a := w.account(t)
	if len(a.stays) == 0 {
		t.Skip("nothing is left to see")
	}
	w.house.evict(a.id, a.stays[0])
	a.stays = a.stays[1:]
	w.house.clock.pass(2 * time.Second)
}

func (w *world) hide(t *rapid.T) {
	if a := w.account(t); len(a.stays) > 0 {
		w.house.hide(a.id, a.stays[0])
	}
}

func (w *world) open(t *rapid.T) {
	a := w.account(t)
	w.watch(t, a, w.replica(t), 0, len(a.notices))
}

// resume opens a reading behind any notice, also one that may no longer be seen.
func (w *world) resume(t *rapid.T) {
	a := w.account(t)
	if len(a.notices) == 0 {
		t.Skip("nothing was told")
	}
	past := rapid.IntRange(1, len(a.notices)).Draw(t, "after")
	w.watch(t, a, w.replica(t), w.house.rowNumbered(a.id, int64(past)), past)
}

func (w *world) watch(t *rapid.T, a *told, s *notice.Service, after int64, past int) {
	reading, err := open(s, a.id, after)
	if err != nil {
		t.Fatal(err)
	}
	w.watching = append(w.watching, &expecting{reading, a, past})
}

func (w *world) takeSome(t *rapid.T) {
	e := w.watcher(t)
	for range rapid.IntRange(1, 3).Draw(t, "notices") {
		n, ok, err := e.Next(as(e.account.id))
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return
		}
		e.mustBeNext(t, n)
	}
}

// drain expects all that the account may see, and nothing more. What hints were lost of is found first.
func (w *world) drain(t *rapid.T, e *expecting) {
	if w.house.bus.lossy.Load() {
		w.house.bus.reconnect()
	}
	for e.seesNext() {
		e.mustBeNext(t, next(t, e.account.id, e.watcher))
	}
	mustBeSilentNow(t, e.account.id, e.watcher)
}

func (w *world) close(t *rapid.T) {
	e := w.watcher(t)
	e.Close()
	w.watching = slices.DeleteFunc(w.watching, func(other *expecting) bool { return other == e })
}

// seesNext passes over what the account may not see and tells whether anything is left.
func (e *expecting) seesNext() bool {
	for e.past < len(e.account.notices) {
		if stay := e.account.notices[e.past]; stay == 0 || slices.Contains(e.account.stays, stay) {
			return true
		}
		e.past++
	}
	return false
}

func (e *expecting) mustBeNext(t *rapid.T, n *notice.Notice) {
	if !e.seesNext() {
		t.Fatalf("notice %d is delivered, and none is left", n.Sequence)
	}
	if e.past++; n.Sequence != int64(e.past) {
		t.Fatalf("notice %d is delivered, want %d", n.Sequence, e.past)
	}
}

// rowNumbered answers the row of any of the account's notices.
func (h *house) rowNumbered(accountID, sequence int64) (row int64) {
	h.write(func(ctx context.Context, tx *ent.Tx) (err error) {
		row, err = tx.Notice.Query().Where(entnotice.AccountID(accountID), entnotice.Sequence(sequence)).OnlyID(ctx)
		return err
	})
	return row
}
