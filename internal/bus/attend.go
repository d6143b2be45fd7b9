package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
)

// heardAtOnce bounds the messages that wait for those who attend.
const heardAtOnce = 1 << 14

var errWildcard = errors.New("attend: a subject with a wildcard")

// Attend calls heed for each message to a subject, which is one without wildcards. It is for the many:
// attending costs no goroutine, however many attend a subject the server knows of one interest, and none is
// kept for subjects that nobody attends.
//
// One goroutine calls everybody, so heed must be quick and never block. When it cannot keep up, messages are
// dropped and the OnReconnect hooks run. The server knows of the interest when Attend returns, so what is
// read afterwards and what arrives leave no gap between them; other servers of a cluster learn of it moments
// later. While the bus is away it is told on reconnection, before the hooks run, and that is no error. Leave
// may be called again; when it returns no call begins, though one may still be at work. Fails when the bus
// is closed.
//
// A server inside the process has nobody else to tell: there one interest stands for all subjects with the
// same first token.
func (b *Bus) Attend(subject string, heed func(subject string, payload []byte)) (leave func(), err error) {
	if strings.ContainsAny(subject, "*>") {
		return nil, errWildcard
	}
	e := &ear{heed}
	if err := b.audience.join(subject, e, b.interest); err != nil {
		return nil, fmt.Errorf("attend: %w", err)
	}
	b.settle()
	return func() { b.audience.leave(subject, e) }, nil
}

// ear is one who attends.
type ear struct {
	heed func(subject string, payload []byte)
}

// audience knows who attends what.
type audience struct {
	mu       sync.Mutex
	seats    map[string]*seats
	families map[string]bool // what an embedded server has been asked for
}

type seats struct {
	ears     []*ear
	interest *nats.Subscription // nil when one of the family stands for it
}

// join seats an ear, and has the interest declared for the first on a subject.
func (a *audience) join(subject string, e *ear, declare func(subject string) (*nats.Subscription, error)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.seats[subject]
	if at == nil {
		interest, err := declare(subject)
		if err != nil {
			return err
		}
		at = &seats{interest: interest}
		a.seats[subject] = at
	}
	at.ears = append(at.ears, e)
	return nil
}

func (a *audience) leave(subject string, e *ear) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.seats[subject]
	if at == nil {
		return
	}
	at.ears = slices.DeleteFunc(at.ears, func(other *ear) bool { return other == e })
	if len(at.ears) == 0 {
		at.drop()
		delete(a.seats, subject)
	}
}

// dismiss sends everybody home. To drain interests one by one would cost a goroutine each.
func (a *audience) dismiss() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, at := range a.seats {
		at.drop()
	}
	clear(a.seats)
}

func (s *seats) drop() {
	if s.interest != nil {
		_ = s.interest.Unsubscribe() // fails only when the bus is closed
	}
}

func (a *audience) on(subject string) []*ear {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at := a.seats[subject]; at != nil {
		return slices.Clone(at.ears)
	}
	return nil
}

// interest tells the server that a subject is attended. It is called under the lock of the audience.
func (b *Bus) interest(subject string) (*nats.Subscription, error) {
	if b.embedded == nil {
		return b.conn.ChanSubscribe(subject, b.heard)
	}
	if first, _, more := strings.Cut(subject, "."); more {
		subject = first + ".>"
	}
	if b.audience.families[subject] {
		return nil, b.open()
	}
	if _, err := b.conn.ChanSubscribe(subject, b.heard); err != nil {
		return nil, err
	}
	b.audience.families[subject] = true
	return nil, b.conn.FlushTimeout(subscribeWait)
}

func (b *Bus) open() error {
	if b.conn.IsClosed() || b.conn.IsDraining() {
		return nats.ErrConnectionClosed
	}
	return nil
}

// settle returns when the server knows of all interests declared before. A server that is away is told when it
// is back, and of one that takes too long hints are lost, which costs time only.
func (b *Bus) settle() {
	if b.embedded != nil {
		return // it was told under the lock
	}
	if err := b.settling.Join(context.Background()); err != nil && b.conn.IsConnected() { // a flush bounds itself
		b.log.Warn("the bus was slow to take an interest; hints may be missed", "error", err)
	}
}

func (b *Bus) flush() error {
	if err := b.Healthy(); err != nil {
		return err
	}
	return b.conn.FlushTimeout(subscribeWait)
}

// listen passes messages to those who attend, until the bus is closed.
func (b *Bus) listen() {
	for {
		select {
		case m := <-b.heard:
			for _, e := range b.audience.on(m.Subject) {
				e.heed(m.Subject, m.Data)
			}
		case <-b.gone:
			return
		}
	}
}
