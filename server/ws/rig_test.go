package ws_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"parkbff/server/live/livetest"
	"parkbff/server/ws"
)

const (
	patience  = 5 * time.Second
	notices   = `subscription($after: String){ noticeReceived(after: $after){ cursor notice{ seenAs } } }`
	published = `subscription{ published{ number } }`
)

// rig is a transport behind a real HTTP server.
type rig struct {
	*livetest.House
	transport *ws.Transport
	address   string
}

// serve starts a rig with quick timing. It is drained when the test ends, which must leave nothing.
func serve(t *testing.T, change func(*ws.Options)) *rig {
	t.Helper()
	h := livetest.New()
	o := ws.Options{
		Runner: h.Runner, Authenticate: h.Authenticate, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
		Timing: ws.Timing{Tick: 5 * time.Millisecond, Drain: 20 * time.Millisecond, Close: time.Second},
	}
	if change != nil {
		change(&o)
	}
	r := &rig{House: h, transport: ws.New(o)}
	mux := http.NewServeMux()
	mux.Handle("/graphql", r.transport.Handler(ws.Negotiated))
	mux.Handle("/graphql/transport-ws", r.transport.Handler(ws.TransportWS))
	mux.Handle("/graphql/legacy-ws", r.transport.Handler(ws.LegacyWS))
	server := httptest.NewServer(mux)
	r.address = strings.TrimPrefix(server.URL, "http://")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.transport.Drain(ctx); err != nil {
			t.Errorf("Drain: %v", err)
		}
		server.Close()
		if r.Open() != 0 {
			t.Errorf("%d sources were left open", r.Open())
		}
	})
	return r
}

// line is a client that speaks plain text.
type line struct {
	*websocket.Conn
	t *testing.T
}

func (r *rig) dial(t *testing.T, path string, header http.Header, protocols ...string) (*line, *http.Response, error) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: protocols, HandshakeTimeout: patience}
	socket, response, err := dialer.DialContext(t.Context(), "ws://"+r.address+path, header)
	if err != nil {
		return nil, response, err
	}
	t.Cleanup(func() { _ = socket.Close() })
	return &line{socket, t}, response, nil
}

func (r *rig) opens(t *testing.T, protocol string) *line {
	t.Helper()
	l, _, err := r.dial(t, "/graphql", nil, protocol)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// connects answers an acknowledged graphql-transport-ws line.
func (r *rig) connects(t *testing.T, authorization string) *line {
	t.Helper()
	l := r.opens(t, "graphql-transport-ws")
	l.says(`{"type":"connection_init","payload":{"Authorization":"` + authorization + `"}}`)
	l.hears(`{"type":"connection_ack"}`)
	return l
}

// connectsLegacy answers an acknowledged graphql-ws line.
func (r *rig) connectsLegacy(t *testing.T, authorization string) *line {
	t.Helper()
	l := r.opens(t, "graphql-ws")
	l.says(`{"type":"connection_init","payload":{"Authorization":"` + authorization + `"}}`)
	l.hears(`{"type":"connection_ack"}`, `{"type":"ka"}`)
	return l
}

func (l *line) says(text string) {
	l.t.Helper()
	if err := l.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) asks(messageType, id, query string) {
	l.t.Helper()
	l.says(`{"type":"` + messageType + `","id":"` + id + `","payload":{"query":"` + query + `"}}`)
}

// breaks ends the line without a word, and without keeping its port for a minute.
func (l *line) breaks() {
	if socket, ok := l.NetConn().(*net.TCPConn); ok {
		_ = socket.SetLinger(0)
	}
	_ = l.Close()
}

func (l *line) hear() (string, error) {
	_ = l.SetReadDeadline(time.Now().Add(patience))
	_, text, err := l.ReadMessage()
	return string(text), err
}

func (l *line) hears(want ...string) {
	l.t.Helper()
	for _, w := range want {
		got, err := l.hear()
		if err != nil {
			l.t.Fatalf("waiting for %s: %v", w, err)
		}
		if diff := cmp.Diff(w, got); diff != "" {
			l.t.Fatalf("heard (-want +got):\n%s", diff)
		}
	}
}

// hearsOf reads one message, which must contain every part.
func (l *line) hearsOf(parts ...string) string {
	l.t.Helper()
	got, err := l.hear()
	if err != nil {
		l.t.Fatal(err)
	}
	for _, part := range parts {
		if !strings.Contains(got, part) {
			l.t.Fatalf("heard %s, want %q in it", got, part)
		}
	}
	return got
}

// closed reads on until the server closes and answers the code and reason, failing on any message
// that is not allowed.
func (l *line) closed(code int, reason string) {
	l.t.Helper()
	text, err := l.hear()
	var end *websocket.CloseError
	if !errors.As(err, &end) {
		l.t.Fatalf("heard %q, %v; want close code %d", text, err, code)
	}
	if diff := cmp.Diff(&websocket.CloseError{Code: code, Text: reason}, end); diff != "" {
		l.t.Fatalf("closed (-want +got):\n%s", diff)
	}
}

// eventually waits until holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
