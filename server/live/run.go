package live

import (
	"context"
	"sync"
)

// mostWaiting results wait for a sink that blocks; then the operation waits.
const mostWaiting = 8

// Run carries out one operation until it is refused, complete, or ctx ends, for a transport that has a
// goroutine to wait in. The sink is called by that goroutine, and may block.
//
// It answers nil when the sink was told the end. Otherwise it answers the error of ctx or of the
// sink, why who may no longer be served (see Viewer), SlowConsumer or fault.Unavailable: then the transport ends
// the connection.
func (r *Runner) Run(ctx context.Context, who Viewer, asked Request, sink Sink) error {
	l := &waitingLine{news: make(chan struct{}, 1), ended: make(chan error, 1)}
	o := r.Start(ctx, who, asked, l)
	for {
		select {
		case <-l.news:
			if err := l.pass(o, sink); err != nil {
				o.Stop()
				<-l.ended
				return err
			}
		case err := <-l.ended:
			if passing := l.pass(o, sink); passing != nil {
				return passing
			}
			if err == nil && !l.final {
				return ctx.Err()
			}
			return err
		case <-ctx.Done():
			o.Stop()
			<-l.ended
			return ctx.Err()
		}
	}
}

// waitingLine holds what a sink is to be told until somebody tells it.
type waitingLine struct {
	news  chan struct{} // holds one piece of news, so that many become one
	ended chan error

	mu      sync.Mutex
	told    []func(Sink) error
	crowded bool
	final   bool // the end is among what is or was told
}

// pass tells what there is, and lets the operation go on if it waited for that.
func (l *waitingLine) pass(o *Operation, sink Sink) error {
	l.mu.Lock()
	told, crowded := l.told, l.crowded
	l.told, l.crowded = nil, false
	l.mu.Unlock()
	for _, tell := range told {
		if err := tell(sink); err != nil {
			return err
		}
	}
	if crowded {
		o.Ring()
	}
	return nil
}

func (l *waitingLine) Room() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.crowded = len(l.told) >= mostWaiting
	return !l.crowded
}

func (l *waitingLine) Opened() error {
	return l.add(false, func(s Sink) error { return opened(s) })
}

func (l *waitingLine) Next(result []byte) error {
	return l.add(false, func(s Sink) error { return s.Next(result) })
}

func (l *waitingLine) Refuse(errs []byte) error {
	return l.add(true, func(s Sink) error { return s.Refuse(errs) })
}

func (l *waitingLine) Complete() error { return l.add(true, Sink.Complete) }

func (l *waitingLine) Ended(err error) { l.ended <- err }

func (l *waitingLine) add(final bool, tell func(Sink) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told, l.final = append(l.told, tell), final
	select {
	case l.news <- struct{}{}:
	default:
	}
	return nil
}
