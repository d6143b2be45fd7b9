package ws

import (
	"errors"
	"time"

	"github.com/gorilla/websocket"
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

// add queues m and starts the writer. It needs the lock, and that nobody is closing. Who adds has seen that
// there is room; those who see it at once may overfill the queue by one message each.
func (c *conn) add(m message) {
	c.queue = append(c.queue, m)
	c.queued += len(m.data)
	if c.fullSince == 0 && c.full() {
		c.fullSince = c.t.now()
	}
	c.startWriter()
}

// spare queues what may be left out: it is dropped when the queue is full.
func (c *conn) spare(m message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing && !c.full() {
		c.add(m)
	}
}

// reply sends a message of the connection itself, for the reader: a client that asks and does not
// read is held up by its own reading, until there is room or the connection is closed.
func (c *conn) reply(data []byte) {
	for {
		room := c.tryReply(data)
		if room == nil {
			return
		}
		<-room
	}
}

// tryReply answers what to wait for if the queue is full.
func (c *conn) tryReply(data []byte) (room <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return nil
	}
	if c.full() {
		if c.room == nil {
			c.room = make(chan struct{})
		}
		return c.room
	}
	c.add(message{data: data})
	return nil
}

// full needs the lock. A message always fits an empty queue, however large it is.
func (c *conn) full() bool {
	o := &c.t.options
	return len(c.queue) >= o.MaxQueue || c.queued >= o.MaxQueueBytes
}

// makeRoom wakes who waits for the queue, if it has room. It needs the lock.
func (c *conn) makeRoom() {
	if c.full() {
		return
	}
	c.fullSince = 0
	c.wakeReader()
	if c.crowded {
		c.crowded = false
		for _, op := range c.operations {
			op.live.Ring()
		}
	}
}

// wakeReader needs the lock.
func (c *conn) wakeReader() {
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
		err := c.send(m)
		if errors.Is(err, websocket.ErrCloseSent) { // by the reader, which ends the line: nothing more may be said
			c.cut(false)
			return
		}
		if err != nil {
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
	c.stopAll()
	c.wakeReader()
	_ = c.socket.SetReadDeadline(time.Now().Add(c.t.options.Timing.Close))
	c.queue = append(before, message{
		frame: websocket.CloseMessage, data: websocket.FormatCloseMessage(f.code, f.reason),
	})
	c.startWriter()
}

// abort cuts the line.
func (c *conn) abort() {
	c.cut(false)
	_ = c.socket.Close()
}

// cut ends everything that the connection does.
func (c *conn) cut(left bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing, c.left = true, c.left || left
	c.queue, c.queued = nil, 0
	c.stopAll()
	c.wakeReader()
}
