package ws

import (
	"context"
	"errors"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/server/live"
)

// errStopped ends an operation that may send no more.
var errStopped = errors.New("stopped")

// message waits to be sent.
type message struct {
	frame int // a WebSocket control frame, or zero for text
	data  []byte
	op    *operation // who sends it; nil for the connection itself
	last  bool       // of op
}

// offer queues m and starts the writer. If the queue is full it answers what to wait for. It fails
// with errStopped when nothing may be sent any more.
func (c *conn) offer(m message) (room <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || (m.op != nil && c.operations[m.op.id] != m.op) {
		return nil, errStopped
	}
	if c.full(len(m.data)) {
		if c.room == nil {
			c.room = make(chan struct{})
		}
		return c.room, nil
	}
	if m.last { // the client may use the id again as soon as it has read this
		delete(c.operations, m.op.id)
	}
	c.queue = append(c.queue, m)
	c.queued += len(m.data)
	c.startWriter()
	return nil, nil
}

// push queues m, waiting for room; a queue that stays full means a slow consumer. Only the
// connection's own operations wait here.
func (c *conn) push(ctx context.Context, m message) error {
	room, err := c.offer(m)
	if room == nil {
		return err
	}
	patience := time.NewTimer(c.t.options.Timing.Slow)
	defer patience.Stop()
	for room != nil {
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return live.SlowConsumer
		}
		room, err = c.offer(m)
	}
	return err
}

// reply sends a message of the connection itself, for the reader: a client that asks and does not
// read is held up by its own reading.
func (c *conn) reply(data []byte) {
	if err := c.push(c.ctx, message{data: data}); err != nil {
		c.broke(c.ctx, err)
	}
}

// full needs the lock. A message always fits an empty queue, however large it is.
func (c *conn) full(size int) bool {
	o := c.t.options
	return len(c.queue) > 0 && (len(c.queue) >= o.MaxQueue || c.queued+size > o.MaxQueueBytes)
}

// makeRoom wakes who waits for the queue. It needs the lock.
func (c *conn) makeRoom() {
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// startWriter needs the lock. The reader holds its place in Transport.running until left is set, so
// the count never rises from zero here.
func (c *conn) startWriter() {
	if c.writing || c.left {
		return
	}
	c.writing = true
	c.t.running.Go(c.write)
}

// write empties the queue and ends.
func (c *conn) write() {
	for {
		m, ok := c.take()
		if !ok {
			return
		}
		if err := c.send(m); err != nil {
			c.abort()
			return
		}
	}
}

func (c *conn) take() (message, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		c.queue, c.writing = nil, false
		return message{}, false
	}
	m := c.queue[0]
	c.queue[0] = message{}
	c.queue = c.queue[1:]
	c.queued -= len(m.data)
	c.makeRoom()
	return m, true
}

func (c *conn) send(m message) error {
	deadline := time.Now().Add(c.t.options.Timing.Write)
	if m.frame != 0 {
		return c.socket.WriteControl(m.frame, m.data, deadline)
	}
	if err := c.socket.SetWriteDeadline(deadline); err != nil {
		return err
	}
	return c.socket.WriteMessage(websocket.TextMessage, m.data)
}

// close says farewell and drops what is waiting.
func (c *conn) close(f farewell) { c.closeWith(f, nil) }

// closeWith says farewell after the given messages. The first farewell counts.
func (c *conn) closeWith(f farewell, before []message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut(f, before)
}

// retire says farewell after what is waiting.
func (c *conn) retire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shut(restarting, c.queue)
}

// shut needs the lock.
func (c *conn) shut(f farewell, before []message) {
	if c.closing {
		return
	}
	c.closing = true
	c.cancel()
	_ = c.socket.SetReadDeadline(time.Now().Add(c.t.options.Timing.Close))
	c.queue = append(before, message{
		frame: websocket.CloseMessage, data: websocket.FormatCloseMessage(f.code, f.reason),
	})
	c.queued = 0
	for _, m := range c.queue {
		c.queued += len(m.data)
	}
	c.startWriter()
}

// abort cuts the line.
func (c *conn) abort() {
	c.mu.Lock()
	c.closing = true
	c.queue, c.queued = nil, 0
	c.mu.Unlock()
	c.cancel()
	_ = c.socket.Close()
}
