package twoworld_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"parkbff/server/servertest"
)

// way is a way in besides a POST of JSON.
type way struct {
	name    string
	streams bool // serves subscriptions too
	send    func(c *servertest.Client, op operation, lull time.Duration) (heard string)
}

var otherWays = []way{
	{"GET", false, byGet},
	{"server-sent events", true, byEvents},
	{"graphql-transport-ws", true, func(c *servertest.Client, op operation, lull time.Duration) string {
		return bySocket(c, op, "/graphql/transport-ws", "subscribe", lull)
	}},
	{"graphql-ws", true, func(c *servertest.Client, op operation, lull time.Duration) string {
		return bySocket(c, op, "/graphql/legacy-ws", "start", lull)
	}},
}

// A subscription has begun when nothing more comes for a lull; on a busy machine that may take longer.
const (
	lull     = 60 * time.Millisecond
	longLull = 2 * time.Second
)

func (op operation) goesOn() bool { return strings.HasPrefix(op.text, "subscription") }

// onceEach are the operations without those that differ from an earlier one in values only. The last of
// those is taken: the first values are the usual ones, which have been tried on every field already.
func onceEach(ops []operation) []operation {
	var kept []operation
	for _, op := range slices.Backward(ops) {
		if !slices.ContainsFunc(kept, func(k operation) bool { return k.text == op.text }) {
			kept = append(kept, op)
		}
	}
	return kept
}

// sameOn fails the test for each operation that the two worlds answer differently on one way.
func sameOn(t *testing.T, who string, on way, p pair, ops []operation) {
	t.Helper()
	for _, op := range ops {
		this, other := withoutPorts(on.send(p[0], op, lull)), withoutPorts(on.send(p[1], op, lull))
		if this != other && op.goesOn() {
			this, other = withoutPorts(on.send(p[0], op, longLull)), withoutPorts(on.send(p[1], op, longLull))
		}
		if this == "" && !op.goesOn() {
			t.Errorf("%s was answered nothing by %s on %s", who, on.name, op.text)
		}
		if this != other {
			t.Errorf("%s can tell the worlds apart on %s by %s %v:\n%s", who, on.name, op.text, op.vars, cmp.Diff(this, other))
			return
		}
	}
}

func byGet(c *servertest.Client, op operation, _ time.Duration) string {
	variables, err := json.Marshal(op.vars)
	if err != nil {
		c.House.T.Fatal(err)
	}
	query := url.Values{"query": {op.text}, "variables": {string(variables)}}
	return read(c, request(c.House.T.Context(), c, http.MethodGet, "?"+query.Encode(), ""), nil)
}

// byEvents reads a stream until it ends or falls silent.
func byEvents(c *servertest.Client, op operation, lull time.Duration) string {
	body, err := json.Marshal(map[string]any{"query": op.text, "variables": op.vars})
	if err != nil {
		c.House.T.Fatal(err)
	}
	ctx, leave := context.WithCancel(c.House.T.Context())
	defer leave()
	r := request(ctx, c, http.MethodPost, "", string(body))
	r.Header.Set("Accept", "text/event-stream")
	if !op.goesOn() {
		return read(c, r, nil)
	}
	return read(c, r, &patience{end: time.AfterFunc(soon, leave), lull: lull})
}

func request(ctx context.Context, c *servertest.Client, method, query, body string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, c.House.URL+"/graphql"+query, strings.NewReader(body))
	if err != nil {
		c.House.T.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("GraphQL-Preflight", "1")
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return r
}

// read answers all that comes, or what comes before patience ends.
func read(c *servertest.Client, r *http.Request, until *patience) string {
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.House.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := io.Reader(response.Body)
	if until != nil {
		until.from, body = body, until
	}
	text, err := io.ReadAll(body)
	if err != nil && until == nil {
		c.House.T.Fatal(err)
	}
	header := maps.Clone(response.Header)
	header.Del("Date") // of the machine
	return fmt.Sprintln(response.Status, header) + string(text)
}

// patience leaves a stream that has fallen silent after its first word.
type patience struct {
	from io.Reader
	end  *time.Timer
	lull time.Duration
}

func (p *patience) Read(into []byte) (int, error) {
	n, err := p.from.Read(into)
	p.end.Reset(p.lull)
	return n, err
}

// bySocket reads frames until the operation ends or there is a lull.
func bySocket(c *servertest.Client, op operation, path, verb string, lull time.Duration) string {
	t := c.House.T
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(c.House.URL, "http")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	defer func() { _ = conn.Close() }()
	payload := map[string]any{}
	if c.Token != "" {
		payload["Authorization"] = "Bearer " + c.Token
	}
	for _, message := range []map[string]any{
		{"type": "connection_init", "payload": payload},
		{"type": verb, "id": "1", "payload": map[string]any{"query": op.text, "variables": op.vars}},
	} {
		if err := conn.WriteJSON(message); err != nil {
			t.Fatal(err)
		}
	}
	if !op.goesOn() {
		lull = soon
	}
	return hearAll(conn, lull)
}

// hearAll answers the frames of an operation.
func hearAll(conn *websocket.Conn, lull time.Duration) (heard string) {
	wait := soon
	for {
		_ = conn.SetReadDeadline(time.Now().Add(wait))
		_, frame, err := conn.ReadMessage()
		if err != nil {
			return heard
		}
		var of struct{ Type string }
		_ = json.Unmarshal(frame, &of)
		wait = lull
		switch of.Type {
		case "connection_ack", "ping", "ka":
			continue
		case "complete", "error":
			return heard + string(frame)
		}
		heard += string(frame) + "\n"
	}
}
