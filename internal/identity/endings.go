package identity

import "sync"

// endings are the sign-ins whose end somebody waits for: those with an open socket.
type endings struct {
	mu      sync.Mutex
	watched map[int64]*ending
}

type ending struct {
	done    chan struct{}
	waiters int
}

func newEndings() *endings { return &endings{watched: map[int64]*ending{}} }

func (e *endings) watch(id int64) (done <-chan struct{}, cancel func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.watched[id]
	if w == nil {
		w = &ending{done: make(chan struct{})}
		e.watched[id] = w
	}
	w.waiters++
	return w.done, sync.OnceFunc(func() { e.leave(id, w) })
}

func (e *endings) leave(id int64, w *ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.waiters--
	if w.waiters == 0 && e.watched[id] == w {
		delete(e.watched, id)
	}
}

func (e *endings) end(id int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.watched[id]; w != nil {
		close(w.done)
		delete(e.watched, id)
	}
}

func (e *endings) ids() []int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := make([]int64, 0, len(e.watched))
	for id := range e.watched {
		ids = append(ids, id)
	}
	return ids
}
