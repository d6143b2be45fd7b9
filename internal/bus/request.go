package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// requestWait bounds how long Request waits for an answer.
const requestWait = 5 * time.Second

// ErrNobody is what Request answers at once when nobody answers to a subject.
var ErrNobody = errors.New("bus: nobody answers to this subject")

// Request sends a payload to whoever answers to a subject, on this replica or another, and waits for the
// answer: as long as ctx allows, and 5 s at most. What Publish says of subjects and payloads holds here too;
// an answer that does not come may mean that the request arrived. Errors: ErrNobody, ErrDisconnected, that of
// ctx.
func (b *Bus) Request(ctx context.Context, subject string, payload []byte) ([]byte, error) {
	if err := b.Healthy(); err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	answer, err := b.conn.RequestWithContext(ctx, subject, payload)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, ErrNobody
	case err != nil:
		return nil, fmt.Errorf("request: %w", err)
	}
	return answer.Data, nil
}

// Answer answers the requests to a subject, one at a time, in the order in which they arrive; handle must be
// quick. For the subscription holds what Subscribe says; once cancel has returned, whoever asks is told at once
// that nobody answers, and who asked before is answered still.
func (b *Bus) Answer(subject string, handle func(payload []byte) (answer []byte)) (cancel func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) {
		_ = m.Respond(handle(m.Data)) // who asked waits no longer than requestWait
	})
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	cancel = sync.OnceFunc(func() {
		if b.Healthy() != nil {
			_ = sub.Unsubscribe() // nobody can ask, and nobody will be subscribed again
			return
		}
		// A request that has arrived must not be dropped: who asked would wait for requestWait.
		if sub.Drain() == nil {
			_ = b.conn.FlushTimeout(subscribeWait) // a server that is lost meanwhile forgets it, too
		}
	})
	if err := b.establish(sub); err != nil {
		cancel()
		return nil, fmt.Errorf("answer: %w", err)
	}
	return cancel, nil
}
