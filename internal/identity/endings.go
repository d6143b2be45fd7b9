package identity

import (
	"maps"
	"slices"
	"sync"

	"parkbff/internal/identity/token"
)

// ground is what tokens stand on and fall with: an account's sign-in, or one generation of the tokens of a
// gate or a member of staff.
type ground struct {
	use        token.Use
	row        int64 // of the sign-in, the gate or the member of staff
	generation int64 // 0 for a sign-in
}

func groundOf(c token.Claims) ground {
	if c.Use == token.Access {
		return ground{use: c.Use, row: c.SignIn}
	}
	return ground{c.Use, c.Subject, c.SignIn}
}

// endings are the grounds whose end somebody waits for: those of an open socket.
type endings struct {
	mu      sync.Mutex
	watched map[ground]*ending
}

type ending struct {
	done    chan struct{}
	waiters int
}

func newEndings() *endings { return &endings{watched: map[ground]*ending{}} }

func (e *endings) watch(of ground) (done <-chan struct{}, cancel func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.watched[of]
	if w == nil {
		w = &ending{done: make(chan struct{})}
		e.watched[of] = w
	}
	w.waiters++
	return w.done, sync.OnceFunc(func() { e.leave(of, w) })
}

func (e *endings) leave(of ground, w *ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.waiters--
	if w.waiters == 0 && e.watched[of] == w {
		delete(e.watched, of)
	}
}

func (e *endings) end(of ground) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.watched[of]; w != nil {
		close(w.done)
		delete(e.watched, of)
	}
}

func (e *endings) all() []ground {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.watched))
}
