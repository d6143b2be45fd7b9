package load

import (
	"slices"
	"sync"
	"time"
)

// ledger is what one account was due and what it received. It is safe for concurrent use.
type ledger struct {
	mu       sync.Mutex
	tellings []telling
	receipts []receipt
}

// telling is an observation that must become one notice.
type telling struct {
	due, written time.Time // when it should have been and was sent
	kind         string    // of the notice
	accepted     bool
}

// receipt is a notice as it arrived.
type receipt struct {
	id, kind string
	at       time.Time
}

// Kinds of notices by NoticeKind of the contract.
const (
	kindEntered = "ENTERED"
	kindExited  = "EXITED"
)

// begin writes down an observation that is about to be sent, and answers its place.
func (l *ledger) begin(t telling) (place int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tellings = append(l.tellings, t)
	return len(l.tellings) - 1
}

// accept notes that the server has recorded an observation, of which it therefore owes a notice.
func (l *ledger) accept(place int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tellings[place].accepted = true
}

func (l *ledger) receive(r receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.receipts = append(l.receipts, r)
}

// ids are those of the notices received, in their order.
func (l *ledger) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, len(l.receipts))
	for i, r := range l.receipts {
		ids[i] = r.id
	}
	return ids
}

// owing is how many notices have not arrived yet.
func (l *ledger) owing() int {
	return l.sum(false).Lost
}

// Account is what became of the notices of some subscribers.
type Account struct {
	Delivered  int // different notices that arrived
	Lost       int // owed and not arrived
	Duplicated int // arrived again
	Foreign    int // arrived though nobody reported anything of the kind
	Misordered int // arrived where another kind was due

	fromDue, fromWritten []time.Duration
}

func (a *Account) add(b Account) {
	a.Delivered += b.Delivered
	a.Lost += b.Lost
	a.Duplicated += b.Duplicated
	a.Foreign += b.Foreign
	a.Misordered += b.Misordered
	a.fromDue = append(a.fromDue, b.fromDue...)
	a.fromWritten = append(a.fromWritten, b.fromWritten...)
}

// wrong tells whether any notice did not arrive exactly once and in its place.
func (a *Account) wrong() bool {
	return a.Lost > 0 || a.Duplicated > 0 || a.Foreign > 0 || a.Misordered > 0
}

// sum compares what was accepted with what arrived. An account is told in the order in which its observations
// were accepted, so the n-th notice belongs to the n-th of them. Latencies of a subscriber who was asleep say
// nothing, so they are left out when timed is false.
func (l *ledger) sum(timed bool) (a Account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	owed := slices.DeleteFunc(slices.Clone(l.tellings), func(t telling) bool { return !t.accepted })
	known := make(map[string]bool, len(l.receipts))
	for _, r := range l.receipts {
		if known[r.id] {
			a.Duplicated++
			continue
		}
		known[r.id] = true
		place := a.Delivered
		a.Delivered++
		if place >= len(owed) {
			a.Foreign++
			continue
		}
		if r.kind != owed[place].kind {
			a.Misordered++
		}
		if timed {
			a.fromDue = append(a.fromDue, r.at.Sub(owed[place].due))
			a.fromWritten = append(a.fromWritten, r.at.Sub(owed[place].written))
		}
	}
	a.Lost = max(0, len(owed)-a.Delivered)
	return a
}

// percentile answers the smallest of the durations that is no less than a share of them (nearest rank), in
// order; zero of none.
func percentile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(share*float64(len(sorted)) + 0.999999)
	return sorted[min(max(rank, 1), len(sorted))-1]
}
