package live

import "sync"

// workers carry out turns of operations, in the order in which they were rung. They start on demand, up to a
// limit, and end when there is nothing to do.
type workers struct {
	limit int

	mu          sync.Mutex
	working     int
	first, last *Operation // those who wait for a turn, linked by Operation.after
}

// add queues an operation, which is queued once at a time. It never blocks.
func (w *workers) add(o *Operation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		w.first = o
	} else {
		w.last.after = o
	}
	w.last = o
	if w.working < w.limit {
		w.working++
		go w.work()
	}
}

func (w *workers) work() {
	for o := w.next(); o != nil; o = w.next() {
		o.turn()
	}
}

// next answers who is to have a turn; with nobody, the worker ends.
func (w *workers) next() *Operation {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.first
	if o == nil {
		w.working--
		return nil
	}
	w.first, o.after = o.after, nil
	if w.first == nil {
		w.last = nil
	}
	return o
}
