package notice

import (
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// hub knows the readings of this replica, by account, and which of them are behind. It has no goroutine:
// whoever has news marks the readings concerned and rings their bells.
type hub struct {
	mu       sync.Mutex
	accounts map[int64]*Reading // the first of an account's, which leads to its siblings
	asked    []*Reading         // somebody waits for these to be read
	serving  []*Reading         // those of them that the round at hand serves
	woken    []*Reading         // these are read along with them, the longest waiting first

	// Accounts whose interest other servers of the bus may not know yet, and those of the turn before.
	young, older []int64
}

func newHub() *hub { return &hub{accounts: map[int64]*Reading{}} }

// add makes a reading known that is yet to begin: until then nothing is news to it, or it would be read along
// with others from the account's first notice on.
func (h *hub) add(r *Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.reached = math.MaxInt64
	r.sibling = h.accounts[r.account]
	h.accounts[r.account] = r
	h.young = append(h.young, r.account)
}

// remove may be called again.
func (h *hub) remove(r *Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.closed, r.held = true, nil
	first := h.accounts[r.account]
	if first == r {
		first = r.sibling
	}
	for at := first; at != nil; at = at.sibling {
		if at.sibling == r {
			at.sibling = r.sibling
		}
	}
	if first == nil {
		delete(h.accounts, r.account)
		return
	}
	h.accounts[r.account] = first
}

// wake tells an account's readings that it has been told the notice with this sequence. Those that have
// read so far, or have heard of it, sleep on.
func (h *hub) wake(accountID, sequence int64) {
	h.ring(accountID, func(r *Reading) bool { return sequence > r.hinted && r.hear(sequence) })
}

// remind wakes those readings of an account that have not read as far as it has counted.
func (h *hub) remind(accountID, counted int64) {
	h.ring(accountID, func(r *Reading) bool { return r.hear(counted) })
}

// rouse wakes an account's readings although it was told nothing: what it may see may have changed.
func (h *hub) rouse(accountID int64) {
	h.ring(accountID, func(r *Reading) bool { r.doubted = true; return true })
}

// ring rings the bells of those of an account's readings that are concerned. It does so outside the lock,
// because bells are others'.
func (h *hub) ring(accountID int64, concerns func(*Reading) bool) {
	h.mu.Lock()
	var few [4]func()
	bells := few[:0]
	for r := h.accounts[accountID]; r != nil; r = r.sibling {
		if concerns(r) {
			bells = append(bells, r.bell)
			h.queue(r)
		}
	}
	h.mu.Unlock()
	for _, bell := range bells {
		bell()
	}
}

// queue has a reading read along with the next that somebody waits for.
func (h *hub) queue(r *Reading) {
	if r.behind && r.held == nil && !r.queued {
		r.queued = true
		h.woken = append(h.woken, r)
	}
}

// follow says where a reading begins, and that there may be something behind that.
func (h *hub) follow(r *Reading, position int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.position, r.reached, r.behind = position, position, true
	h.queue(r)
}

// watchFromNow has a reading begin where its account has counted to.
func (h *hub) watchFromNow(r *Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r.reached, r.opening, r.behind = 0, true, true
}

// ask puts a reading among those to be read.
func (h *hub) ask(r *Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r)
}

// begin has a round serve those asked for so far. Who asks meanwhile waits for the next round, and would wait as
// long as anybody asks if this one took that up too.
func (h *hub) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serving, h.asked = h.asked, nil
}

// next takes the readings that are behind, at most so many: those that the round serves, and with them those that
// are about to be asked for. It answers none when the round has served all.
func (h *hub) next(most int) []span {
	h.mu.Lock()
	defer h.mu.Unlock()
	var some []*Reading
	some, h.serving = takeBehind(some, h.serving, most)
	if len(some) == 0 {
		return nil
	}
	along := h.woken
	some, h.woken = takeBehind(some, h.woken, most)
	for _, r := range along[:len(along)-len(h.woken)] {
		r.queued = false
	}
	rows := rowsEach(len(some))
	spans := make([]span, len(some))
	for i, r := range some {
		spans[i] = r.ahead(rows)
	}
	return spans
}

// takeBehind moves those of a queue that are behind to some, until there are so many. It answers what is left
// of the queue.
func takeBehind(some, queue []*Reading, most int) (_, left []*Reading) {
	for i, r := range queue {
		if len(some) == most {
			return some, queue[i:]
		}
		if r.behind && r.held == nil && !r.closed {
			r.behind, r.inFlight = false, true
			some = append(some, r)
		}
	}
	return some, nil
}

// handOut gives the readings what was read for them. With an error they are behind as before.
func (h *hub) handOut(spans []span, found []found, err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, s := range spans {
		s.reading.inFlight = false
		switch {
		case err != nil:
			s.reading.behind = true
		case !s.reading.closed:
			s.reading.receive(s, found[i], now)
		}
	}
	if err != nil {
		h.serving = nil // they are told, and ask again
	}
}

// watched lists the accounts that have readings.
func (h *hub) watched() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.accounts))
}

// watchedAnew is watched when the bus learns of all of them anew.
func (h *hub) watchedAnew() []int64 {
	all := h.watched()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.young = slices.Clone(all)
	return all
}

// settled answers the accounts that were young one turn ago, each once.
func (h *hub) settled() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.Sort(h.older)
	ripe := slices.Compact(h.older)
	h.older, h.young = h.young, nil
	return ripe
}

// hear notes that the account has been told the notice with this sequence, and answers whether that is news.
func (r *Reading) hear(sequence int64) (news bool) {
	if sequence <= r.reached {
		return false
	}
	r.hinted = max(r.hinted, sequence)
	r.behind = r.behind || !r.inFlight // what is being read may hold it already
	return true
}

// ahead is what a reading wants to be read, when at most so many rows are.
func (r *Reading) ahead(rows int64) span {
	r.hinted, r.doubted = 0, false
	if r.opening {
		return span{reading: r, after: math.MaxInt64, upTo: math.MaxInt64}
	}
	return span{reading: r, after: r.position, upTo: r.position + rows}
}

// receive takes what was read. What lies within the span and does not come with the rows is withheld.
func (r *Reading) receive(s span, f found, now time.Time) {
	if f.counted < 0 {
		r.gone = true
		return
	}
	r.reached = min(f.counted, s.upTo)
	if r.opening || len(f.rows) == 0 {
		r.opening, r.position = false, r.reached
	}
	if len(f.rows) > 0 {
		r.held = &held{rows: f.rows, readAt: now}
	}
	r.behind = f.counted > s.upTo || r.hinted > r.reached
}
