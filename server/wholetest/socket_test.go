package wholetest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// line is one connection on which notices come, whatever its protocol.
type line interface {
	// next answers the next notice as it came, or why there is none within a time.
	next(within time.Duration) (string, error)
	close()
}

// subscribeTo asks for every field of a notice, after a cursor.
const subscribeTo = `subscription($after: String) { noticeReceived(after: $after) {
  cursor notice { id kind lotName nameVisibility plate occurredAt occurredAtPrecision feeFen } } }`

// wires are the ways in which a client can listen.
var wires = map[string]func(t *testing.T, h *house, token, after string) line{
	"socket": func(t *testing.T, h *house, token, after string) line {
		return socketAt(t, h, "/graphql", "graphql-transport-ws", token, after)
	},
	"legacy socket": func(t *testing.T, h *house, token, after string) line {
		return socketAt(t, h, "/graphql", "graphql-ws", token, after)
	},
	"path without a sub-protocol": func(t *testing.T, h *house, token, after string) line {
		return socketAt(t, h, "/graphql/transport-ws", "", token, after)
	},
	"legacy path without a sub-protocol": func(t *testing.T, h *house, token, after string) line {
		return socketAt(t, h, "/graphql/legacy-ws", "", token, after)
	},
	"stream": func(t *testing.T, h *house, token, after string) line { return streamOf(t, h, token, after) },
}

// socket is a WebSocket of either protocol.
type socket struct {
	t       *testing.T
	conn    *websocket.Conn
	subWord string // that begins a subscription
	newWord string // that brings a notice
}

// handshake opens a socket and says nothing yet.
func handshake(t *testing.T, h *house, path, protocol string) *socket {
	t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: 5 * time.Second}
	if protocol != "" {
		dialer.Subprotocols = []string{protocol}
	}
	conn, response, err := dialer.DialContext(t.Context(), strings.Replace(h.URL(), "http:", "ws:", 1)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close() // it is the connection's
	t.Cleanup(func() { _ = conn.Close() })
	s := &socket{t, conn, "subscribe", "next"}
	if protocol == "graphql-ws" || strings.Contains(path, "legacy") {
		s.subWord, s.newWord = "start", "data"
	}
	return s
}

// dial opens a socket and begins the protocol; what the server says of the token is not awaited.
func dial(t *testing.T, h *house, path, protocol, token string) *socket {
	t.Helper()
	s := handshake(t, h, path, protocol)
	s.send(map[string]any{"type": "connection_init", "payload": map[string]string{"Authorization": "Bearer " + token}})
	return s
}

// socketAt listens for notices.
func socketAt(t *testing.T, h *house, path, protocol, token, after string) *socket {
	t.Helper()
	return connect(t, h, path, protocol, token).subscribe(listening(after))
}

// connect opens a socket whose token the server has taken.
func connect(t *testing.T, h *house, path, protocol, token string) *socket {
	t.Helper()
	s := dial(t, h, path, protocol, token)
	if s.conn.Subprotocol() != protocol {
		t.Errorf("%s: the server speaks %q", path, s.conn.Subprotocol())
	}
	if _, err := s.await("connection_ack", 5*time.Second); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return s
}

func (s *socket) subscribe(operation map[string]any) *socket {
	s.t.Helper()
	s.send(map[string]any{"id": "1", "type": s.subWord, "payload": operation})
	return s
}

func listening(after string) map[string]any {
	return map[string]any{"query": subscribeTo, "variables": map[string]string{"after": after}}
}

func (s *socket) send(message any) {
	s.t.Helper()
	if err := s.conn.WriteJSON(message); err != nil {
		s.t.Fatal(err)
	}
}

func (s *socket) next(within time.Duration) (string, error) { return s.await(s.newWord, within) }

// await reads until a message of the type; an error message is an error.
func (s *socket) await(kind string, within time.Duration) (string, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	for {
		_, text, err := s.conn.ReadMessage()
		if err != nil {
			return "", err
		}
		var message struct{ Type string }
		if err := json.Unmarshal(text, &message); err != nil {
			return "", err
		}
		switch message.Type {
		case kind:
			return string(text), nil
		case "error", "connection_error", "complete":
			return "", errors.New(string(text))
		}
	}
}

// ending reads until the server closes the connection, and answers its code and reason.
func (s *socket) ending(within time.Duration) (code int, reason string) {
	s.t.Helper()
	_, err := s.await("no such message", within)
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok {
		s.t.Fatalf("the socket is not closed within %s: %v", within, err)
	}
	return closed.Code, closed.Text
}

func (s *socket) close() { _ = s.conn.Close() }

// stream is server-sent events.
type stream struct {
	notices chan string // closed when the stream has ended
	cancel  context.CancelFunc
}

var errStreamEnded = errors.New("the stream has ended")

func streamOf(t *testing.T, h *house, token, after string) *stream {
	t.Helper()
	body := must(json.Marshal(listening(after)))(t)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request := must(http.NewRequestWithContext(ctx, http.MethodPost, h.URL()+"/graphql", strings.NewReader(string(body))))(t)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	request.Header.Set("Authorization", "Bearer "+token)
	response := must(http.DefaultClient.Do(request))(t)
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/event-stream") {
		t.Fatalf("the stream: status %d, %s", response.StatusCode, kind)
	}
	s := &stream{make(chan string, 16), cancel}
	go func() {
		defer close(s.notices)
		defer func() { _ = response.Body.Close() }()
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && strings.Contains(data, "noticeReceived") {
				s.notices <- data
			}
		}
	}()
	return s
}

func (s *stream) next(within time.Duration) (string, error) {
	select {
	case data, open := <-s.notices:
		if !open {
			return "", errStreamEnded
		}
		return data, nil
	case <-time.After(within):
		return "", context.DeadlineExceeded
	}
}

func (s *stream) close() { s.cancel() }
