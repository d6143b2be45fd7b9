package rig

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const sayWithin = 10 * time.Second

// Socket is a WebSocket with one subscription.
type Socket struct{ conn *websocket.Conn }

// ErrOver says that a subscription was refused or is complete; its text holds codes.
var ErrOver = errors.New("the subscription is over")

// Dial opens a socket at a server, such as http://127.0.0.1:40123, and returns when the token was taken; an
// empty one is nobody's.
func Dial(ctx context.Context, url, token string) (*Socket, error) {
	dialer := websocket.Dialer{HandshakeTimeout: sayWithin, Subprotocols: []string{"graphql-transport-ws"}}
	conn, _, err := dialer.DialContext(ctx, strings.Replace(url, "http:", "ws:", 1)+"/graphql", nil)
	if err != nil {
		return nil, err
	}
	s := &Socket{conn}
	if err := s.begin(token); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Socket) begin(token string) error {
	payload := map[string]string{}
	if token != "" {
		payload["Authorization"] = "Bearer " + token
	}
	err := errors.Join(s.conn.SetReadDeadline(time.Now().Add(sayWithin)),
		s.conn.WriteJSON(map[string]any{"type": "connection_init", "payload": payload}))
	if err != nil {
		return err
	}
	var m said
	if err := s.conn.ReadJSON(&m); err != nil {
		return err
	}
	if m.Type != "connection_ack" {
		return fmt.Errorf("%s instead of connection_ack", m.Type)
	}
	return s.conn.SetReadDeadline(time.Time{})
}

// Subscribe begins the one subscription. Variables are anything that is a JSON object.
func (s *Socket) Subscribe(query string, variables any) error {
	return s.conn.WriteJSON(map[string]any{"id": "1", "type": "subscribe", "payload": operation{query, variables}})
}

// said is a message of the server.
type said struct {
	Type    string
	Payload json.RawMessage
}

// Next waits for the next event, {"data": …}. Errors: ErrOver; *websocket.CloseError; that the line broke.
func (s *Socket) Next() (json.RawMessage, error) {
	for {
		var m said
		if err := s.conn.ReadJSON(&m); err != nil {
			return nil, err
		}
		switch m.Type {
		case "next":
			return m.Payload, nil
		case "error", "complete":
			return nil, fmt.Errorf("%w: %s %v", ErrOver, m.Type, codesOf(m.Payload))
		case "ping":
			if err := s.conn.WriteJSON(map[string]string{"type": "pong"}); err != nil {
				return nil, err
			}
		}
	}
}

// codesOf a refusal, without its texts.
func codesOf(payload json.RawMessage) (codes []string) {
	var r result
	if json.Unmarshal(payload, &r.Errors) == nil {
		for _, e := range r.Errors {
			codes = append(codes, e.Extensions.Code)
		}
	}
	return codes
}

// ClosedBy is the code by which the server closed a socket, 0 for a line that broke.
func ClosedBy(err error) int {
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		return closed.Code
	}
	return 0
}

// Close cuts the line.
func (s *Socket) Close() { _ = s.conn.Close() }
