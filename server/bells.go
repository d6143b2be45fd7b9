package server

import (
	"sync"
	"time"

	"parkbff/internal/bus"
)

// bells ring for the subscriptions of this replica that wait for a subject of the bus. The replica itself listens
// once, however many wait: each listening of the bus has a goroutine.
type bells struct {
	bus *bus.Bus

	mu    sync.Mutex
	heard map[string]bool                 // patterns that are listened to, from the first who waited on
	hung  map[string]map[*func()]struct{} // by subject
}

func newBells(b *bus.Bus) *bells {
	all := &bells{bus: b, heard: map[string]bool{}, hung: map[string]map[*func()]struct{}{}}
	b.OnReconnect(all.ringAll)
	return all
}

// hang lets the bell ring whenever the subject, which the pattern matches, is heard, until it is taken down, and
// whenever something may have been missed. Bells must not block. Fails while the bus is disconnected and nobody
// listens to the pattern yet.
func (b *bells) hang(pattern, subject string, bell func()) (takeDown func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.heard[pattern] {
		if _, err := b.bus.Subscribe(pattern, func(subject string, _ []byte) { b.ring(subject) }); err != nil {
			return nil, err
		}
		b.heard[pattern] = true
	}
	if b.hung[subject] == nil {
		b.hung[subject] = map[*func()]struct{}{}
	}
	b.hung[subject][&bell] = struct{}{}
	return func() { b.takeDown(subject, &bell) }, nil
}

func (b *bells) takeDown(subject string, bell *func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.hung[subject], bell)
	if len(b.hung[subject]) == 0 {
		delete(b.hung, subject)
	}
}

func (b *bells) ring(subject string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for bell := range b.hung[subject] {
		(*bell)()
	}
}

func (b *bells) ringAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, hung := range b.hung {
		for bell := range hung {
			(*bell)()
		}
	}
}

// later rings a bell after a while. It belongs to one goroutine at a time.
type later struct {
	bell  func()
	timer *time.Timer
}

// ring rings once after d, and no earlier if it was to ring before.
func (l *later) ring(after time.Duration) {
	if l.timer == nil {
		l.timer = time.AfterFunc(after, l.bell)
		return
	}
	l.timer.Reset(after)
}

func (l *later) stop() {
	if l.timer != nil {
		l.timer.Stop()
	}
}
