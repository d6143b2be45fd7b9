package notice

import (
	"maps"
	"slices"
	"sync"
)

// hub knows the readings of this replica, by account. It has no goroutine: whoever has news wakes the
// readings concerned.
type hub struct {
	mu       sync.Mutex
	accounts map[int64][]*Reading
}

func newHub() *hub { return &hub{accounts: map[int64][]*Reading{}} }

func (h *hub) add(r *Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.accounts[r.account] = append(h.accounts[r.account], r)
}

// remove may be called again.
func (h *hub) remove(r *Reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	left := slices.DeleteFunc(h.accounts[r.account], func(other *Reading) bool { return other == r })
	if len(left) == 0 {
		delete(h.accounts, r.account)
		return
	}
	h.accounts[r.account] = left
}

// wake tells an account's readings that it has been told the notice with this sequence. Those that have
// read so far already sleep on.
func (h *hub) wake(accountID, sequence int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.accounts[accountID] {
		if sequence > r.reached.Load() {
			r.rouse()
		}
	}
}

// rouse wakes an account's readings although it was told nothing: what it may see may have changed.
func (h *hub) rouse(accountID int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.accounts[accountID] {
		r.rouse()
	}
}

// watched lists the accounts that have readings.
func (h *hub) watched() []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.accounts))
}
