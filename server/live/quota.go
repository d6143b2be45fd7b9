package live

import (
	"net"
	"net/http"
	"sync"
)

// Quota caps how many connections one key (a viewer, an address) holds at a time. A nil Quota and an
// empty key are not capped.
type Quota struct {
	limit int

	mu   sync.Mutex
	held map[string]int
}

// NewQuota answers a cap of limit per key, to be shared by the transports it is meant to span.
func NewQuota(limit int) *Quota {
	return &Quota{limit: limit, held: map[string]int{}}
}

// Take answers whether key may hold one more; if so, Release must follow.
func (q *Quota) Take(key string) bool {
	if q == nil || key == "" {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held[key] >= q.limit {
		return false
	}
	q.held[key]++
	return true
}

// Release gives back what Take gave.
func (q *Quota) Release(key string) {
	if q == nil || key == "" {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held[key]--; q.held[key] <= 0 {
		delete(q.held, key)
	}
}

// RemoteHost answers the host at the other end of a request's connection.
func RemoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
