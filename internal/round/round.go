// Package round does a piece of work for many callers at once.
//
// Rounds follow one another. Who asks while one is in progress is served by the next, together with all
// others who asked meanwhile; who asks while none is, begins one at once. So nobody waits for company, and
// the more is asked, the less a single question costs.
package round

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// Group is a sequence of rounds of the same work. It is safe for concurrent use, and has a goroutine only
// while somebody asks.
type Group struct {
	work func() error

	mu   sync.Mutex
	next *round // nil: nobody has asked since the last one began
	busy bool
}

type round struct {
	done chan struct{}
	err  error
}

// New answers a group of rounds, each of which does the work once. Work must bound its own time.
func New(work func() error) *Group { return &Group{work: work} }

// Join waits for a round that begins after the call and answers its error. When ctx ends first, that is the
// error, and the round goes on for the others.
func (g *Group) Join(ctx context.Context) error {
	r := g.coming()
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *Group) coming() *round {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = &round{done: make(chan struct{})}
	}
	if !g.busy {
		g.busy = true
		go g.run()
	}
	return g.next
}

func (g *Group) run() {
	for r := g.begin(); r != nil; r = g.begin() {
		r.err = g.attempt()
		close(r.done)
	}
}

// attempt makes of a panic an error of all who wait, which tells where it was raised and not its value.
func (g *Group) attempt() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("round: panic of a %T\n%s", p, debug.Stack())
		}
	}()
	return g.work()
}

// begin answers nil when nobody has asked.
func (g *Group) begin() *round {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.next
	g.next, g.busy = nil, r != nil
	return r
}
