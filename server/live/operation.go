package live

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/event"
	"parkbff/internal/fault"
)

// eventsPerTurn are told before another subscription has its turn.
const eventsPerTurn = 16

// state of an operation with respect to the workers.
type state uint8

const (
	idle   state = iota // until it is rung
	queued              // for a turn
	atWork              // has its turn
	again               // has its turn, and was rung meanwhile
	over                // its line was told
)

// Operation is one operation that was started. Between its events it holds neither a goroutine nor anything
// of the executor.
type Operation struct {
	runner  *Runner
	ctx     context.Context //nolint:containedctx // what all turns have in common: it is the connection's
	who     Viewer
	line    Line
	request request

	// These belong to the turn.
	events    Events // nil until the source is open
	shareable bool   // results may be those of an equal document of another viewer

	mu      sync.Mutex
	state   state
	stopped bool
	cancel  context.CancelFunc // of the turn at work

	after *Operation // in the queue; guarded by workers.mu
}

// Ring asks for a turn: there may be an event, or there is room again. It never blocks and never calls the
// line itself.
func (o *Operation) Ring() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ring()
}

// ring needs the lock.
func (o *Operation) ring() {
	switch o.state {
	case idle:
		o.state = queued
		o.runner.workers.add(o)
	case atWork:
		o.state = again
	case queued, again, over:
	}
}

// Stop ends the operation. The line may be told results until Stop has returned and a little longer, and
// Ended in any case, when the source is closed; never from within Stop. It never blocks and may be called
// again.
func (o *Operation) Stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stopped = true
	if o.cancel != nil {
		o.cancel()
	}
	o.ring()
}

// turn carries the operation as far as it goes now.
func (o *Operation) turn() {
	ctx, cancel := context.WithCancel(o.ctx)
	defer cancel()
	if !o.enter(cancel) {
		o.end(nil)
		return
	}
	done, err := o.guarded(ctx)
	if done || err != nil || !o.leave() {
		o.end(err)
	}
}

// enter answers false when the operation was stopped before its turn.
func (o *Operation) enter(cancel context.CancelFunc) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state, o.cancel = atWork, cancel
	return !o.stopped
}

// leave answers false when the operation was stopped during its turn.
func (o *Operation) leave() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cancel = nil
	if o.stopped {
		return false
	}
	rung := o.state == again
	o.state = idle
	if rung {
		o.ring()
	}
	return true
}

// end frees what the operation held and tells the line. No turn follows.
func (o *Operation) end(err error) {
	o.mu.Lock()
	o.state, o.cancel = over, nil
	if o.stopped || o.ctx.Err() != nil {
		err = nil
	}
	o.mu.Unlock()
	o.closeSource()
	o.line.Ended(err)
}

// closeSource lets the line be told whatever happens.
func (o *Operation) closeSource() {
	if o.events == nil {
		return
	}
	defer func() {
		o.events = nil
		if p := recover(); p != nil {
			o.runner.panicked(o.ctx, p)
		}
	}()
	o.events.Close()
}

// guarded ends the operation, and nothing else, when something below panics.
func (o *Operation) guarded(ctx context.Context) (done bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			o.runner.panicked(ctx, p)
			done, err = true, o.line.Refuse([]byte(internal))
		}
	}()
	if o.events == nil {
		if !o.line.Room() {
			return false, nil
		}
		if done, err := o.begin(ctx); done || err != nil {
			return done, err
		}
	}
	return o.tellAll(ctx)
}

// begin executes the request without an event. A subscription that is let begin goes on; everything else is
// done.
func (o *Operation) begin(ctx context.Context) (done bool, err error) {
	o.runner.meter.requests.Inc()
	first, err := o.runner.execute(ctx, o.who, o.request, event.WithNone)
	if err != nil {
		return false, err
	}
	if first.refusal != nil {
		return true, o.line.Refuse(first.refusal)
	}
	if first.op.Operation.Operation == ast.Subscription {
		o.shareable = o.request.plain() && o.request.size() <= largestKept && o.runner.isShareable(first.op)
		if o.events, err = o.runner.source(first.ctx, first.op, o.Ring); err != nil {
			o.events = nil
			return true, o.conclude(ctx, err)
		}
		return false, opened(o.line)
	}
	if err := o.send(first.results); err != nil {
		return false, err
	}
	return true, o.line.Complete()
}

func opened(line any) error {
	if waiting, ok := line.(Opening); ok {
		return waiting.Opened()
	}
	return nil
}

// tellAll tells the events that there are, as long as there is room for them and it is this subscription's
// turn.
func (o *Operation) tellAll(ctx context.Context) (done bool, err error) {
	for range eventsPerTurn {
		if !o.line.Room() {
			return false, nil
		}
		happened, ok, err := o.events.Next(ctx)
		if err != nil {
			return true, o.conclude(ctx, err)
		}
		if !ok {
			return false, nil
		}
		if done, err := o.tell(ctx, happened); done || err != nil {
			return done, err
		}
	}
	o.Ring()
	return false, nil
}

// tell executes the operation for one event. Done means that the line was told the end: the root
// field was refused to the viewer of this moment, so this subscription is over for good.
func (o *Operation) tell(ctx context.Context, happened any) (done bool, err error) {
	if alike, ok := happened.(Shared); ok {
		happened = alike.Event
		if o.shareable {
			result, err := o.share(ctx, alike)
			if err != nil {
				return false, err
			}
			if result != nil {
				return false, o.line.Next(result)
			}
		}
	}
	got, err := o.executed(ctx, happened)
	if err != nil {
		return false, err
	}
	if got.refusal != nil {
		return true, o.line.Refuse(got.refusal)
	}
	return false, o.send(got.results)
}

func (o *Operation) executed(ctx context.Context, happened any) (outcome, error) {
	o.runner.meter.events.Inc()
	return o.runner.execute(ctx, o.who, o.request, func(ctx context.Context) context.Context {
		return event.With(ctx, happened)
	})
}

func (o *Operation) send(results [][]byte) error {
	for _, result := range results {
		if err := o.line.Next(result); err != nil {
			return err
		}
	}
	return nil
}

// conclude tells the line why a source gave no more.
func (o *Operation) conclude(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF):
		return o.line.Complete()
	case errors.Is(err, SlowConsumer), errors.Is(err, fault.Unavailable), endsSignIn(err):
		return err // the client may try again; an error of the operation would be final
	default:
		return o.line.Refuse(o.runner.Refusal(ctx, err))
	}
}

func endsSignIn(err error) bool {
	return errors.Is(err, TokenExpired) || errors.Is(err, TokenInvalid) || errors.Is(err, SignInEnded)
}
