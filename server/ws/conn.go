package ws

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"parkbff/server/live"
)

// conn is one connection. Its reader is the only one who changes who stands behind it. There are many, and most
// wait: every byte counts.
type conn struct {
	t      *Transport
	socket *websocket.Conn
	// incoming is what socket reads from; between two messages it may be read by others.
	incoming *bufio.Reader
	dialect  *dialect
	address  string          // as PerAddress counts
	ctx      context.Context // the transport's, with what all operations have in common; the reader's
	opened   time.Duration   // on the transport's watch, as all times here
	paid     time.Duration   // until when the client's messages so far would have taken at its rate; the reader's

	mu            sync.Mutex
	authorization string // of the handshake, until connection_init
	who           live.Principal
	nextPing      time.Duration
	operations    []*operation // those that may still send; few
	running       int          // operations, including those stopped but not yet at their end

	queue     []message
	queued    int           // bytes in queue
	room      chan struct{} // closed when the full queue has room; nil while the reader does not wait
	fullSince time.Duration // when the queue became full; zero while it is not

	unacceptable bool // the client speaks neither protocol
	initialised  bool // connection_init was received
	warned       bool // of the end of who's token
	closing      bool // a close frame is queued or the line is dead: nothing more is queued
	left         bool // the reader has gone: no writer starts
	writing      bool
	crowded      bool // operations wait for the queue
}

func newConn(t *Transport, socket *websocket.Conn, incoming *bufio.Reader, p Protocol) *conn {
	c := &conn{t: t, socket: socket, incoming: incoming, dialect: dialectOf(p), ctx: t.ctx, opened: t.now()}
	// Connections that came together after a deploy shall not be pinged together.
	interval := t.options.Timing.Ping
	c.nextPing = c.opened + interval/2 + rand.N(interval/2+1)
	return c
}

// read handles the client's messages until the line is dead or closing; see hearOut.
func (c *conn) read() {
	defer c.leave()
	c.socket.SetReadLimit(c.t.options.MaxMessage)
	c.socket.SetPongHandler(c.ponged)
	c.socket.SetPingHandler(c.pinged)
	c.heard()
	if c.unacceptable {
		c.close(notAcceptable)
	}
	for c.arrives() {
		if c.isClosing() {
			c.hearOut()
			return
		}
		if !c.receiveAside() {
			return
		}
	}
}

func (c *conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// arrives waits for the line for hours, so it does nothing that needs a deep stack: stacks hardly shrink.
func (c *conn) arrives() bool {
	_, err := c.incoming.Peek(1)
	return err == nil
}

// receiveAside receives on a goroutine whose stack is given back, and waits for it.
func (c *conn) receiveAside() (alive bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		alive = c.receive()
	}()
	<-done
	return alive
}

// receive reads and handles one message. It answers false when the line is dead.
func (c *conn) receive() (alive bool) {
	if c.receivesControl() {
		return true
	}
	frame, data, err := c.socket.ReadMessage()
	if errors.Is(err, websocket.ErrReadLimit) {
		c.linger()
	}
	if err != nil {
		return false
	}
	if c.heard() {
		c.handle(frame, data)
	}
	return true
}

// Control frames as clients send them (RFC 6455, section 5.5): final, without extensions, masked.
const (
	pingFrame      = 0x80 | websocket.PingMessage
	pongFrame      = 0x80 | websocket.PongMessage
	maskBit        = 0x80
	maskLength     = 4
	headLength     = 2
	longestControl = 125
)

// receivesControl handles a ping or a pong between two messages. ReadMessage would handle it too, but then wait
// for a message, with its deep stack, until the client has something to say. It leaves everything else to
// ReadMessage, malformed ones among it.
func (c *conn) receivesControl() bool {
	head, err := c.incoming.Peek(headLength)
	if err != nil || head[0] != pingFrame && head[0] != pongFrame || head[1]&maskBit == 0 {
		return false
	}
	kind, size := head[0], int(head[1]&^maskBit)
	if size > longestControl {
		return false
	}
	whole, err := c.incoming.Peek(headLength + maskLength + size)
	if err != nil {
		return false
	}
	mask, payload := whole[headLength:headLength+maskLength], slices.Clone(whole[headLength+maskLength:])
	for i := range payload {
		payload[i] ^= mask[i%maskLength]
	}
	_, _ = c.incoming.Discard(len(whole)) // it has just been seen
	if kind == pingFrame {
		_ = c.pinged(string(payload))
	} else {
		_ = c.ponged("")
	}
	return true
}

func (c *conn) ponged(string) error {
	c.heard()
	return nil
}

func (c *conn) pinged(data string) error {
	c.heard()
	c.spare(message{frame: websocket.PongMessage, data: []byte(data)})
	return nil
}

// heard answers whether the connection still listens, and waits anew for silence.
func (c *conn) heard() bool {
	c.slowDown()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return false
	}
	_ = c.socket.SetReadDeadline(time.Now().Add(c.t.options.Timing.Silence))
	return true
}

func (c *conn) handle(frame int, data []byte) {
	defer func() {
		if p := recover(); p != nil {
			c.t.options.Log.Error("panic while handling a message",
				"type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			c.close(internalError)
		}
	}()
	if frame == websocket.TextMessage && !utf8.Valid(data) { // gorilla leaves this to its caller
		c.close(noText)
		return
	}
	m, err := c.dialect.parse(data)
	if err != nil || frame != websocket.TextMessage {
		c.reject()
		return
	}
	switch m.kind {
	case initialise:
		c.initialise(m.payload)
	case subscribe:
		c.subscribe(m)
	case unsubscribe:
		c.unsubscribe(m.id)
	case ping:
		c.answer(m.payload)
	case terminate:
		c.close(normal)
	case pong, invalid: // a pong has done its work by arriving
	}
}

// reject answers a message that is none. The legacy protocol does not disconnect over it.
func (c *conn) reject() {
	if c.dialect.legacy {
		c.reply(encode("connection_error", "", reasonOf(malformed)))
		return
	}
	c.close(malformed)
}

// fail closes the connection for a reason that is not the client's message.
func (c *conn) fail(err error) {
	f := because(err)
	if f == internalError {
		c.t.options.Log.Error("connection failed", "error", err)
	}
	c.close(f)
}

// leave frees everything that the connection held.
func (c *conn) leave() {
	c.cut(true)
	_ = c.socket.Close()
	c.t.options.PerAddress.Release(c.address)
	if c.who != nil { // the reader has gone, so nobody changes it
		c.t.options.PerViewer.Release(c.who.Subject())
	}
}

// sendAway ends a connection that was never registered.
func (c *conn) sendAway() {
	defer c.leave()
	_ = c.send(message{
		frame: websocket.CloseMessage, data: websocket.FormatCloseMessage(restarting.code, restarting.reason),
	})
}
