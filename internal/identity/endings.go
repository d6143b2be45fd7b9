package identity

import (
	"sync"
	"sync/atomic"
	"time"
)

// endings are the tokens whose end somebody waits for: those with an open socket.
type endings struct {
	mu       sync.Mutex
	signIns  map[int64]*ending             // of accounts
	machines map[subject]map[int64]*ending // of gates and staff, by the token's generation
}

type ending struct {
	done    chan struct{}
	until   atomic.Int64 // when it ends, in Unix microseconds; 0: not known to
	waiters int
}

func newEnding() *ending { return &ending{done: make(chan struct{})} }

func newEndings() *endings {
	return &endings{signIns: map[int64]*ending{}, machines: map[subject]map[int64]*ending{}}
}

func (e *endings) watch(id int64) (done <-chan struct{}, cancel func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.signIns[id]
	if w == nil {
		w = newEnding()
		e.signIns[id] = w
	}
	w.waiters++
	return w.done, sync.OnceFunc(func() { e.leave(id, w) })
}

func (e *endings) leave(id int64, w *ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.waiters--
	if w.waiters == 0 && e.signIns[id] == w {
		delete(e.signIns, id)
	}
}

func (e *endings) end(id int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.signIns[id]; w != nil {
		close(w.done)
		delete(e.signIns, id)
	}
}

func (e *endings) ids() []int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	ids := make([]int64, 0, len(e.signIns))
	for id := range e.signIns {
		ids = append(ids, id)
	}
	return ids
}

// watchMachine is watch for a generation of tokens of a gate or of staff.
func (e *endings) watchMachine(of subject, generation int64) (w *ending, cancel func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.machines[of] == nil {
		e.machines[of] = map[int64]*ending{}
	}
	w = e.machines[of][generation]
	if w == nil {
		w = newEnding()
		e.machines[of][generation] = w
	}
	w.waiters++
	return w, sync.OnceFunc(func() { e.leaveMachine(of, generation, w) })
}

func (e *endings) leaveMachine(of subject, generation int64, w *ending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w.waiters--
	if w.waiters == 0 && e.machines[of][generation] == w {
		e.dropMachine(of, generation)
	}
}

func (e *endings) dropMachine(of subject, generation int64) {
	delete(e.machines[of], generation)
	if len(e.machines[of]) == 0 {
		delete(e.machines, of)
	}
}

func (e *endings) watchesMachine(of subject) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.machines[of]) > 0
}

func (e *endings) watchedMachines() []subject {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]subject, 0, len(e.machines))
	for of := range e.machines {
		all = append(all, of)
	}
	return all
}

// compare ends the generations that stand for nobody any more, and notes until when the others stand. Those
// whose noted time is over have run out: nobody revoked them, and whoever waits sees it by the clock. Those that
// are newer than the facts are checked by facts that were read after them.
func (e *endings) compare(of subject, known facts, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for generation, w := range e.machines[of] {
		stands, ok := known.of(generation)
		switch {
		case !ok && (w.ranOut(now) || known.before(generation)):
		case !ok:
			close(w.done)
			e.dropMachine(of, generation)
		case !stands.until.IsZero():
			w.until.Store(stands.until.UnixMicro())
		}
	}
}

// before tells whether these were a machine's or a member's facts before a generation began.
func (f facts) before(generation int64) bool {
	for _, known := range f {
		if known.viewer.SignInID >= generation {
			return false
		}
	}
	return len(f) > 0
}

func (w *ending) ranOut(now time.Time) bool {
	until := w.at()
	return !until.IsZero() && !now.Before(until)
}

// at answers until when the token stands; zero where nothing ends it before its time.
func (w *ending) at() time.Time {
	if until := w.until.Load(); until != 0 {
		return time.UnixMicro(until).UTC()
	}
	return time.Time{}
}
