package servertest

import (
	"bufio"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// Watch is a subscription over graphql-transport-ws.
type Watch struct {
	house  *House
	conn   *websocket.Conn
	frames chan frame // what the server sent, pings and pongs left out
	closed chan error // why nothing more comes
}

// within bounds how long a test waits for what must come.
const within = 5 * time.Second

// Watches subscribes and answers once the server has taken the subscription in.
func (c *Client) Watches(query string, vars ...Vars) *Watch {
	c.House.T.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: within}
	conn, response, err := dialer.DialContext(c.House.T.Context(), "ws"+strings.TrimPrefix(c.House.URL, "http")+"/graphql", c.came())
	if err != nil {
		c.House.T.Fatal(err)
	}
	_ = response.Body.Close()
	w := &Watch{house: c.House, conn: conn, frames: make(chan frame, 10_000), closed: make(chan error, 1)}
	go w.listen()
	c.House.T.Cleanup(func() { _ = conn.Close() })
	payload := Vars{}
	if c.Token != "" {
		payload["Authorization"] = "Bearer " + c.Token
	}
	if spoken := c.Header.Get("Accept-Language"); spoken != "" {
		payload["Accept-Language"] = spoken
	}
	w.send(Vars{"type": "connection_init", "payload": payload})
	w.expect("connection_ack")
	operation := Vars{"query": query}
	if len(vars) > 0 {
		operation["variables"] = vars[0]
	}
	before := c.House.subscriptions()
	w.send(Vars{"type": "subscribe", "id": "1", "payload": operation})
	for start := time.Now(); c.House.subscriptions() <= before && len(w.frames) == 0 && time.Since(start) < within; {
		time.Sleep(5 * time.Millisecond)
	}
	return w
}

// came are the fields in which a proxy says from where the client comes.
func (c *Client) came() http.Header {
	h := http.Header{}
	if from := c.Header.Get("X-Forwarded-For"); from != "" {
		h.Set("X-Forwarded-For", from)
	}
	return h
}

// From is a client without a token at an address.
func (h *House) From(address string) *Client {
	c := h.Anonymous()
	c.Header = http.Header{"X-Forwarded-For": {address}}
	return c
}

// subscriptions is how many subscriptions the server waits for events of.
func (h *House) subscriptions() int {
	h.T.Helper()
	r, err := http.NewRequestWithContext(h.T.Context(), http.MethodGet, h.URL+"/metrics", nil)
	if err != nil {
		h.T.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if number, ok := strings.CutPrefix(lines.Text(), "parkbff_subscriptions_running "); ok {
			n, err := strconv.Atoi(number)
			if err != nil {
				h.T.Fatal(err)
			}
			return n
		}
	}
	h.T.Fatal("the server does not count its subscriptions")
	return 0
}

// listen reads until the connection ends.
func (w *Watch) listen() {
	for {
		var f frame
		if err := w.conn.ReadJSON(&f); err != nil {
			w.closed <- err
			return
		}
		if f.Type != "ping" && f.Type != "pong" {
			w.frames <- f
		}
	}
}

func (w *Watch) send(message Vars) {
	w.house.T.Helper()
	if err := w.conn.WriteJSON(message); err != nil {
		w.house.T.Fatal(err)
	}
}

type frame struct {
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// read answers the next frame; none within the time is an error.
func (w *Watch) read(wait time.Duration) (frame, error) {
	select {
	case f := <-w.frames:
		return f, nil
	default:
	}
	select {
	case f := <-w.frames:
		return f, nil
	case err := <-w.closed:
		w.closed <- err
		return frame{}, err
	case <-time.After(wait):
		return frame{}, errQuiet
	}
}

var errQuiet = errors.New("nothing arrived in time")

func (w *Watch) expect(kind string) frame {
	w.house.T.Helper()
	f, err := w.read(within)
	if err != nil || f.Type != kind {
		w.house.T.Fatalf("want %s, got %s %s, %v", kind, f.Type, f.Payload, err)
	}
	return f
}

// Next answers the next event.
func (w *Watch) Next() *Answer {
	w.house.T.Helper()
	return &Answer{t: w.house.T, Status: http.StatusOK, Text: string(w.expect("next").Payload)}
}

// Refused answers the errors with which the subscription was refused.
func (w *Watch) Refused() *Answer {
	w.house.T.Helper()
	return &Answer{t: w.house.T, Status: http.StatusOK, Text: `{"errors":` + string(w.expect("error").Payload) + `}`}
}

// Quiet fails the test if anything arrives for a while.
func (w *Watch) Quiet(wait time.Duration) {
	w.house.T.Helper()
	if f, err := w.read(wait); err == nil {
		w.house.T.Errorf("heard %s %s", f.Type, f.Payload)
	}
}

// StaysOpen fails the test if the server closes the socket within a while, whatever it says meanwhile.
func (w *Watch) StaysOpen(wait time.Duration) {
	w.house.T.Helper()
	select {
	case err := <-w.closed:
		w.closed <- err
		w.house.T.Errorf("closed: %v", err)
	case <-time.After(wait):
	}
}

// ClosedWith waits for the server to close the socket and answers the code.
func (w *Watch) ClosedWith() int {
	w.house.T.Helper()
	for {
		_, err := w.read(within)
		if closed, ok := err.(*websocket.CloseError); ok { //nolint:errorlint // gorilla answers it bare
			return closed.Code
		}
		if err != nil {
			w.house.T.Fatal(err)
		}
	}
}
