// Package trouble makes stand-ins misbehave as partners do.
package trouble

import (
	"net/http"
	"sync"
)

// Kind is what goes wrong with a call.
type Kind int

// Kinds of trouble.
const (
	None        Kind = iota
	Down             // no reply that can be read, and nothing is done
	Limited          // the partner's own words for too many calls, and nothing is done
	LostAnswers      // all is done, and the connection ends before the answer
)

// Maker makes trouble. The zero value makes none. It may be used by many goroutines at once.
type Maker struct {
	mu    sync.Mutex
	kind  Kind
	calls int
}

// Make makes trouble of the next so many calls.
func (m *Maker) Make(kind Kind, calls int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kind, m.calls = kind, calls
}

// Left is of how many calls trouble is still to be made.
func (m *Maker) Left() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// Next is what goes wrong with the next call, for stand-ins that do not speak HTTP.
func (m *Maker) Next() Kind {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls <= 0 {
		return None
	}
	m.calls--
	return m.kind
}

// Around serves one call: well, or with the trouble that was made. Limit answers as the partner does to too
// many calls.
func (m *Maker) Around(w http.ResponseWriter, r *http.Request, limit, serve http.HandlerFunc) {
	switch m.Next() {
	case Down:
		http.Error(w, "<html>502 Bad Gateway</html>", http.StatusBadGateway)
	case Limited:
		limit(w, r)
	case LostAnswers:
		serve(nowhere{}, r)
		panic(http.ErrAbortHandler) // net/http cuts the connection
	default:
		serve(w, r)
	}
}

// nowhere is where lost answers go.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) WriteHeader(int)             {}
