package ws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"parkbff/internal/language"
	"parkbff/server/live"
)

// conn is one connection. Its reader is the only one who changes who stands behind it.
type conn struct {
	t       *Transport
	socket  *websocket.Conn
	dialect *dialect
	address string
	spoken  language.Language // of its answers
	from    string            // the address that limits count by; see viewer.Address
	opened  time.Time
	// unacceptable is set when the client speaks neither protocol.
	unacceptable bool
	ctx          context.Context // ends with the connection
	cancel       context.CancelFunc

	mu            sync.Mutex
	authorization string // of the handshake, until connection_init
	initialised   bool   // connection_init was received
	who           live.Principal
	warned        bool // of the end of who's token
	nextPing      time.Time
	operations    map[string]*operation // by id, those that may still send
	running       int                   // operations, including those stopped but not yet at their end

	closing bool // a close frame is queued or the line is dead: nothing more is queued
	left    bool // the reader has gone: no writer starts
	writing bool
	queue   []message
	queued  int           // bytes in queue
	room    chan struct{} // closed when the full queue has room; nil while no one waits
}

func newConn(t *Transport, socket *websocket.Conn, p Protocol, address, authorization string) *conn {
	c := &conn{
		t: t, socket: socket, dialect: dialectOf(p), address: address, opened: time.Now(),
		authorization: authorization, operations: map[string]*operation{},
	}
	c.ctx, c.cancel = context.WithCancel(t.ctx)
	// Connections that came together after a deploy shall not be pinged together.
	interval := t.options.Timing.Ping
	c.nextPing = c.opened.Add(interval/2 + rand.N(interval/2+1))
	return c
}

// read handles the client's messages until the line is dead. While closing it only waits for the
// client's close frame: a socket closed with unread bytes would be reset, and the close code lost.
func (c *conn) read() {
	defer c.leave()
	c.socket.SetReadLimit(c.t.options.MaxMessage)
	c.socket.SetPongHandler(func(string) error {
		c.heard()
		return nil
	})
	c.socket.SetPingHandler(func(data string) error {
		c.heard()
		_, _ = c.offer(message{frame: websocket.PongMessage, data: []byte(data)})
		return nil
	})
	c.heard()
	if c.unacceptable {
		c.close(notAcceptable)
	}
	for {
		frame, data, err := c.socket.ReadMessage()
		if errors.Is(err, websocket.ErrReadLimit) {
			c.linger()
		}
		if err != nil {
			return
		}
		if c.heard() {
			c.handleAside(frame, data)
		}
	}
}

// linger reads away a message that is too large, until its sender has seen the close code that gorilla sent,
// or for Timing.Close: a socket closed with unread bytes would be reset.
func (c *conn) linger() {
	_ = c.socket.SetReadDeadline(time.Now().Add(c.t.options.Timing.Close))
	_, _ = io.Copy(io.Discard, c.socket.NetConn())
}

// handleAside handles a message on a goroutine whose stack is given back, and waits for it: that of
// the reader, which waits for the line for hours, stays small.
func (c *conn) handleAside(frame int, data []byte) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.handle(frame, data)
	}()
	<-done
}

// heard answers whether the connection still listens, and waits anew for silence.
func (c *conn) heard() bool {
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
	c.mu.Lock()
	c.closing, c.left = true, true
	c.queue, c.queued = nil, 0
	who := c.who
	c.mu.Unlock()
	c.cancel()
	_ = c.socket.Close()
	c.t.options.PerAddress.Release(c.address)
	if who != nil {
		c.t.options.PerViewer.Release(who.Subject())
	}
}

// sendAway ends a connection that was never registered.
func (c *conn) sendAway() {
	defer c.leave()
	_ = c.send(message{
		frame: websocket.CloseMessage, data: websocket.FormatCloseMessage(restarting.code, restarting.reason),
	})
}
