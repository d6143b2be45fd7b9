package server

import (
	"sync"

	"parkbff/internal/bus"
)

// audience are those on this replica who attend subjects of the bus. The replica listens once to each, however
// many attend: each listening has a goroutine.
type audience struct {
	bus *bus.Bus

	mu     sync.Mutex
	attend map[string]map[*func(string, []byte)]struct{} // by subject; from the first who attends it on
}

func newAudience(b *bus.Bus) *audience {
	return &audience{bus: b, attend: map[string]map[*func(string, []byte)]struct{}{}}
}

// Attend calls heed, which must not block, for each message to a subject until leave is called. Fails while the
// bus is disconnected and nobody has attended the subject yet.
func (a *audience) Attend(subject string, heed func(subject string, payload []byte)) (leave func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.attend[subject] == nil {
		if _, err := a.bus.Subscribe(subject, a.tell); err != nil {
			return nil, err
		}
		a.attend[subject] = map[*func(string, []byte)]struct{}{}
	}
	a.attend[subject][&heed] = struct{}{}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.attend[subject], &heed)
	}, nil
}

func (a *audience) tell(subject string, payload []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for heed := range a.attend[subject] {
		(*heed)(subject, payload)
	}
}
