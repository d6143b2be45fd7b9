package ws

import (
	"context"
	"errors"

	"parkbff/internal/fault"
	"parkbff/internal/language"
	"parkbff/internal/viewer"
	"parkbff/server/live"
)

// operation is one running request of a connection.
type operation struct {
	id     string
	cancel context.CancelFunc
}

func (c *conn) subscribe(m inbound) {
	if !c.acknowledged() {
		c.close(unauthorized)
		return
	}
	ctx, cancel := context.WithCancel(viewer.AskedFrom(language.With(c.ctx, c.spoken), c.from))
	op := &operation{id: m.id, cancel: cancel}
	if taken := c.begin(op); taken {
		cancel()
		c.close(alreadyExists(m.id))
		return
	}
	if !c.admit() {
		c.refuse(ctx, op)
		return
	}
	c.t.running.Go(func() { c.run(ctx, op, m.request) })
}

// begin makes op the one who sends under its id. Taken means that another does; the legacy server
// replaces that one instead.
func (c *conn) begin(op *operation) (taken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.operations[op.id]; old != nil {
		if !c.dialect.legacy {
			return true
		}
		c.silence(old)
	}
	c.operations[op.id] = op
	return false
}

// admit answers whether one more operation may run. Those that were stopped count until they end, so
// that no client piles them up.
func (c *conn) admit() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running >= c.t.options.MaxOperations {
		return false
	}
	c.running++
	return true
}

// refuse tells the client that it asks for too much at a time.
func (c *conn) refuse(ctx context.Context, op *operation) {
	defer op.cancel()
	busy := fault.RateLimited.With("retryAfter", 1)
	if err := (sink{ctx, c, op}).Refuse(c.t.options.Runner.Refusal(ctx, busy)); err != nil {
		c.broke(ctx, err)
	}
}

func (c *conn) run(ctx context.Context, op *operation, request live.Request) {
	defer op.cancel()
	err := c.t.options.Runner.Run(ctx, c, request, sink{ctx, c, op})
	c.mu.Lock()
	c.running--
	if c.operations[op.id] == op {
		delete(c.operations, op.id)
	}
	c.mu.Unlock()
	if err != nil {
		c.broke(ctx, err)
	}
}

// broke ends the connection over err, unless the operation was meant to end.
func (c *conn) broke(ctx context.Context, err error) {
	if ctx.Err() == nil && !errors.Is(err, errStopped) {
		c.fail(err)
	}
}

// unsubscribe stops an operation: nothing more is sent for its id. The legacy server confirms it.
func (c *conn) unsubscribe(id string) {
	c.mu.Lock()
	op := c.operations[id]
	if op != nil {
		c.silence(op)
	}
	c.mu.Unlock()
	if op != nil && c.dialect.legacy {
		c.reply(encode("complete", id, nil))
	}
}

// silence stops op and takes back what it has in the queue. It needs the lock.
func (c *conn) silence(op *operation) {
	op.cancel()
	delete(c.operations, op.id)
	kept := c.queue[:0]
	for _, m := range c.queue {
		if m.op == op {
			c.queued -= len(m.data)
			continue
		}
		kept = append(kept, m)
	}
	clear(c.queue[len(kept):])
	c.queue = kept
	c.makeRoom()
}

// sink sends what becomes of an operation.
type sink struct {
	ctx context.Context
	c   *conn
	op  *operation
}

func (s sink) Next(result []byte) error {
	return s.c.push(s.ctx, message{op: s.op, data: encode(s.c.dialect.next, s.op.id, result)})
}

func (s sink) Refuse(errs []byte) error {
	return s.c.push(s.ctx, message{op: s.op, last: true, data: s.c.dialect.refusal(s.op.id, errs)})
}

func (s sink) Complete() error {
	return s.c.push(s.ctx, message{op: s.op, last: true, data: encode("complete", s.op.id, nil)})
}
