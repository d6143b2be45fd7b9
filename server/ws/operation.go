package ws

import (
	"errors"
	"slices"

	"parkbff/internal/fault"
	"parkbff/server/live"
)

// operation is one running request of a connection, and where its results go.
type operation struct {
	c    *conn
	id   string
	live *live.Operation // written once, under the lock of c
}

var busy = fault.RateLimited.With("retryAfter", 1)

func (c *conn) subscribe(m inbound) {
	if !c.acknowledged() {
		c.close(unauthorized)
		return
	}
	switch c.begin(m) {
	case errTaken:
		c.close(alreadyExists(m.id))
	case errBusy:
		c.reply(c.dialect.refusal(m.id, c.t.options.Runner.Refusal(c.ctx, busy)))
	}
}

// Why an operation does not begin.
var (
	errTaken = errors.New("another operation sends under this id")
	errBusy  = errors.New("too many operations run")
)

// begin starts an operation under its id. If another sends under it the legacy server replaces that one.
// Those that were stopped count until they end, so that no client piles them up.
func (c *conn) begin(m inbound) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return nil
	}
	if old := c.operation(m.id); old != nil {
		if !c.dialect.legacy {
			return errTaken
		}
		c.silence(old)
	}
	if c.running >= c.t.options.MaxOperations {
		return errBusy
	}
	c.running++
	c.t.running.Add(1) // the reader holds its own place, so the count never rises from zero here
	op := &operation{c: c, id: m.id}
	c.operations = append(c.operations, op)
	op.live = c.t.options.Runner.Start(c.ctx, c, m.request, op)
	return nil
}

// operation answers who may send under an id. It needs the lock.
func (c *conn) operation(id string) *operation {
	for _, op := range c.operations {
		if op.id == id {
			return op
		}
	}
	return nil
}

// forget lets op send no more. It needs the lock.
func (c *conn) forget(op *operation) {
	if at := slices.Index(c.operations, op); at >= 0 {
		c.operations = slices.Delete(c.operations, at, at+1)
	}
	if len(c.operations) == 0 {
		c.operations = nil
	}
}

// unsubscribe stops an operation: nothing more is sent for its id. The legacy server confirms it.
func (c *conn) unsubscribe(id string) {
	c.mu.Lock()
	op := c.operation(id)
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
	op.live.Stop()
	c.forget(op)
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

// stopAll needs the lock.
func (c *conn) stopAll() {
	for _, op := range c.operations {
		op.live.Stop()
	}
	c.operations = nil
}

// Room is false while the queue is full; then all operations of the connection are rung when it no longer is.
func (op *operation) Room() bool {
	op.c.mu.Lock()
	defer op.c.mu.Unlock()
	if op.c.closing || !op.c.full() {
		return true
	}
	op.c.crowded = true
	return false
}

// Next sends a result.
func (op *operation) Next(result []byte) error {
	return op.send(message{op: op, data: encode(op.c.dialect.next, op.id, result)})
}

// Refuse sends the errors that end the operation.
func (op *operation) Refuse(errs []byte) error {
	return op.send(message{op: op, last: true, data: op.c.dialect.refusal(op.id, errs)})
}

// Complete sends the end of the operation.
func (op *operation) Complete() error {
	return op.send(message{op: op, last: true, data: encode("complete", op.id, nil)})
}

// send queues m, unless op may send no more.
func (op *operation) send(m message) error {
	c := op.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.operation(op.id) != op {
		return errStopped
	}
	if m.last { // the client may use the id again as soon as it has read this
		c.forget(op)
	}
	c.add(m)
	return nil
}

// Ended ends the connection over err, unless the operation was meant to end.
func (op *operation) Ended(err error) {
	c := op.c
	defer c.t.running.Done()
	c.mu.Lock()
	c.running--
	c.forget(op)
	c.mu.Unlock()
	if err != nil && !errors.Is(err, errStopped) {
		c.fail(err)
	}
}
