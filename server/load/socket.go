package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const (
	protocol        = "graphql-transport-ws"
	operation       = "1"
	readBuffer      = 1 << 10
	connectWithin   = 30 * time.Second
	socketsOfOne    = 4000 // connections of one address; the server takes 5,000
	firstLoopback   = 2    // 127.0.0.2; .1 is left to those who ask over HTTP
	stalledReadSize = 4 << 10
)

// document is what the subscribers of notices ask for.
const document = `subscription Load($after: String) { noticeReceived(after: $after) { cursor notice { id kind lotName plate occurredAt occurredAtPrecision feeFen } } }`

// subscription is a GraphQL request.
type subscription struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables,omitempty"`
}

// line dials the server.
type line struct{ url string }

func newLine(server string) *line {
	return &line{url: "ws" + strings.TrimPrefix(server, "http") + "/graphql"}
}

// open connects from the n-th subscriber's address, signs in and subscribes. Stalling connections have a small
// buffer to receive into, so that what they do not read is soon felt by the server.
func (l *line) open(ctx context.Context, n int, token string, asked subscription, stalling bool) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	dialer := websocket.Dialer{
		Subprotocols: []string{protocol}, ReadBufferSize: readBuffer, WriteBufferSize: readBuffer,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{LocalAddr: addressOf(n)}).DialContext(ctx, network, addr)
			if tcp, ok := conn.(*net.TCPConn); ok && stalling {
				err = tcp.SetReadBuffer(stalledReadSize)
			}
			return conn, err
		},
	}
	conn, answer, err := dialer.DialContext(ctx, l.url, nil)
	if err != nil {
		if answer != nil {
			err = fmt.Errorf("%s: %w", answer.Status, err)
		}
		return nil, err
	}
	if err := greet(conn, token, asked); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// addressOf spreads subscribers over the loopback network: one address has too few ports for all.
func addressOf(n int) *net.TCPAddr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(firstLoopback+n/socketsOfOne))}
}

// message is one of the sub-protocol, in either direction
// (github.com/enisdenjo/graphql-ws, PROTOCOL.md).
type message struct {
	Type    string          `json:"type"`
	ID      string          `json:"id,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

func greet(conn *websocket.Conn, token string, asked subscription) error {
	if err := conn.SetReadDeadline(time.Now().Add(connectWithin)); err != nil {
		return err
	}
	payload := map[string]any{}
	if token != "" {
		payload["Authorization"] = "Bearer " + token
	}
	if err := say(conn, "connection_init", "", payload); err != nil {
		return err
	}
	var answer message
	if err := conn.ReadJSON(&answer); err != nil {
		return fmt.Errorf("wait for the sign-in: %w", err)
	}
	if answer.Type != "connection_ack" {
		return fmt.Errorf("the sign-in is answered by %q", answer.Type)
	}
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	return say(conn, "subscribe", operation, asked)
}

func say(conn *websocket.Conn, what, id string, payload any) error {
	written, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return conn.WriteJSON(message{Type: what, ID: id, Payload: written})
}

// listen hands over what the subscription brings until the connection ends, which its error says, or heed
// answers false. It answers the pings of the protocol and, by the library, those of WebSocket.
func listen(conn *websocket.Conn, heed func(data []byte, at time.Time) (more bool, err error)) error {
	for {
		_, data, err := conn.ReadMessage()
		at := time.Now()
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(data, &m); err != nil {
			return fmt.Errorf("a message that is no JSON: %w", err)
		}
		switch m.Type {
		case "next":
			if more, err := heed(m.Payload, at); err != nil || !more {
				return err
			}
		case "ping":
			if err := conn.WriteJSON(message{Type: "pong"}); err != nil {
				return err
			}
		case "pong":
		default:
			return fmt.Errorf("the subscription ends with %q: %.300s", m.Type, m.Payload)
		}
	}
}

// closeCode answers the code that a connection was closed with, or none: then it was cut.
func closeCode(err error) (code int, closed bool) {
	var said *websocket.CloseError
	if errors.As(err, &said) && said.Code != websocket.CloseAbnormalClosure {
		return said.Code, true
	}
	return 0, false
}

// part says farewell.
func part(conn *websocket.Conn) {
	_ = conn.WriteControl(websocket.CloseMessage,
		websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second)) // it may have gone
	_ = conn.Close()
}
