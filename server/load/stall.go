package load

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

const (
	stallPayload = 8 << 10 // of each ping
	stallWithin  = 2 * time.Minute
	stallWrite   = 250 * time.Millisecond
)

// stall reads nothing more and goes on asking: it sends pings whose pongs bring as much back, until the buffers
// between server and client are full and the server closes the connection. Without that a client that sleeps
// would be told so little that its stalling were not felt until it misses the pings of a minute.
//
// The error is that of a server which does not close it in time, or of ctx.
func stall(ctx context.Context, conn *websocket.Conn, within time.Duration) error {
	raw, frame := conn.NetConn(), pingFrame()
	rest := frame
	for began := time.Now(); time.Since(began) < within; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := raw.SetWriteDeadline(time.Now().Add(stallWrite)); err != nil {
			return nil // closed
		}
		n, err := raw.Write(rest)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil // the server has gone
		}
		if rest = rest[n:]; len(rest) == 0 {
			rest = frame
		}
	}
	return errNotClosed
}

var errNotClosed = errors.New("a client that does not read is not closed")

// pingFrame is a text frame of a client with a `ping` of the sub-protocol (RFC 6455, section 5.2). Its masking
// key is zero, so that what is sent is what is written.
func pingFrame() []byte {
	body := append([]byte(`{"type":"ping","payload":{"pad":"`), bytes.Repeat([]byte{'x'}, stallPayload)...)
	body = append(body, `"}}`...)
	const finalText, masked, length16 = 0x81, 0x80, 126
	frame := binary.BigEndian.AppendUint16([]byte{finalText, masked | length16}, uint16(len(body)))
	return append(append(frame, 0, 0, 0, 0), body...)
}
