package bus

import (
	"slices"
	"sync"
)

// hooks are called together, in the order they were added.
type hooks struct {
	mu    sync.Mutex
	calls []func()
}

func (h *hooks) add(call func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, call)
}

// run calls them outside the lock, so that one may add another.
func (h *hooks) run() {
	h.mu.Lock()
	calls := slices.Clone(h.calls)
	h.mu.Unlock()
	for _, call := range calls {
		call()
	}
}
