package sse

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// reservation answers for a ticket until its stream is opened, and tells that it has been for a while after.
type reservation struct {
	options       *Options
	who           string // live.Principal.Subject
	authorization string // a browser's EventSource cannot send it again
	release       func() // gives back what it counts as

	mu      sync.Mutex
	opened  bool
	waiting []operation
	size    int // bytes of them
}

// carryOut handles an errand. Whoever shows the ticket alone may only open the stream, as who reserved it;
// somebody else's ticket is not found.
func (r *reservation) carryOut(e errand) outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.Who == nil && e.Kind != open, e.Who != nil && *e.Who != r.who:
		return outcome{Status: http.StatusNotFound}
	case r.opened && e.Kind == open:
		return outcome{Status: http.StatusConflict}
	case r.opened:
		return outcome{Status: elsewhere}
	}
	switch e.Kind {
	case open:
		return r.open()
	case run:
		return outcome{Status: r.add(e.Operation)}
	case stop:
		r.waiting = slices.DeleteFunc(r.waiting, func(o operation) bool { return o.ID == e.Stop })
		return outcome{Status: http.StatusOK}
	}
	return outcome{Status: http.StatusNotFound}
}

// open hands everything over, once. It needs the lock.
func (r *reservation) open() outcome {
	r.opened = true
	r.release()
	handed := outcome{Status: http.StatusOK, Authorization: r.authorization, Waiting: r.waiting}
	r.waiting, r.authorization = nil, ""
	return handed
}

// add keeps an operation until the stream is open: together they may be as large as one. It needs the lock.
func (r *reservation) add(o operation) (status int) {
	if slices.ContainsFunc(r.waiting, func(other operation) bool { return other.ID == o.ID }) {
		return http.StatusConflict
	}
	if len(r.waiting) >= r.options.MaxOperations || int64(r.size+o.size()) > r.options.MaxBody {
		return http.StatusTooManyRequests
	}
	r.waiting, r.size = append(r.waiting, o), r.size+o.size()
	return http.StatusAccepted
}

// expire ends it after a while, or when the process drains.
func (r *reservation) expire(draining <-chan struct{}, cancel func()) {
	defer r.release()
	defer cancel()
	timer := time.NewTimer(r.options.Reservation)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-draining:
	}
}
