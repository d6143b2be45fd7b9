package ws

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/gorilla/websocket"
)

// How many bytes are read away, unseen, from a client that is being sent away. Who sends more is cut, and may miss
// the close code.
const (
	mostUnheard = 1 << 20  // of what was on its way
	mostTooMuch = 16 << 20 // of one message that is too large: its sender looks up when it has been written
)

// linger reads away a message that is too large, until its sender has seen the close code that gorilla sent,
// or for Timing.Close: a socket closed with unread bytes would be reset.
func (c *conn) linger() {
	_ = c.socket.SetReadDeadline(time.Now().Add(c.t.options.Timing.Close))
	_, _ = io.CopyN(io.Discard, c.socket.NetConn(), mostTooMuch)
}

// hearOut waits for the close frame of a client that is being sent away, until the deadline that shut has set, and
// reads away what comes before it: a socket closed with unread bytes would be reset, and the close code lost.
// It begins between two frames, and looks at no more than their heads.
func (c *conn) hearOut() {
	for left := int64(mostUnheard); left > 0; {
		kind, size, err := c.nextFrame()
		if err != nil || kind == websocket.CloseMessage || size > left {
			return
		}
		if _, err := io.CopyN(io.Discard, c.incoming, size); err != nil {
			return
		}
		left -= headLength + size
	}
}

// The head of a frame (RFC 6455, section 5.2).
const (
	kindBits   = 0x0f
	shortSize  = 126 // the size follows in two bytes
	longSize   = 127 // in eight
	unreadable = 1 << 62
)

// nextFrame reads the head of a frame.
func (c *conn) nextFrame() (kind byte, size int64, err error) {
	head, err := c.incoming.Peek(headLength)
	if err != nil {
		return 0, 0, err
	}
	kind, length := head[0]&kindBits, headLength
	size = int64(head[1] &^ maskBit)
	switch size {
	case shortSize:
		length += 2
	case longSize:
		length += 8
	}
	if head[1]&maskBit != 0 {
		length += maskLength
	}
	if head, err = c.incoming.Peek(length); err != nil {
		return 0, 0, err
	}
	switch size {
	case shortSize:
		size = int64(binary.BigEndian.Uint16(head[headLength:]))
	case longSize:
		size = int64(min(binary.BigEndian.Uint64(head[headLength:]), unreadable))
	}
	_, err = c.incoming.Discard(length)
	return kind, size, err
}

// burst is for how many seconds a client that was silent may send at once.
const burst = 4

// slowDown holds the reader up when the client sends more than Options.MaxRate: it feels that by its own writing.
// Who keeps to the rate is never held up, and nobody for longer than the next message takes (the generic cell
// rate algorithm, ITU-T I.371, annex A).
func (c *conn) slowDown() {
	each := time.Second / time.Duration(c.t.options.MaxRate)
	now := c.t.now()
	c.paid = max(c.paid, now) + each
	if early := c.paid - now - burst*time.Second; early > 0 {
		time.Sleep(early)
	}
}
