package ws

import (
	"bufio"
	"context"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/internal/language"
	"parkbff/internal/viewer"
)

const (
	readBuffer       = 288     // per connection, for as long as it lives; the upgrader takes over none of 256 or less
	writeBuffer      = 4 << 10 // borrowed from a pool for each message
	handshakeTimeout = 10 * time.Second
)

// Transport holds the WebSocket connections of one process. It is safe for concurrent use.
type Transport struct {
	options  Options
	upgrader websocket.Upgrader
	ctx      context.Context // ends with the transport, and outlives every HTTP request
	cancel   context.CancelFunc
	running  sync.WaitGroup // every goroutine and every operation
	began    time.Time      // of its watch
	parts    [rounds]part   // of the connections
	turn     atomic.Uint32  // counts connections, to divide them
	draining atomic.Bool    // written with every part locked
}

// part is some of the connections. Its lock comes before that of a connection.
type part struct {
	mu    sync.Mutex
	conns map[*conn]struct{}
}

// New answers a Transport; Drain ends it.
func New(o Options) *Transport {
	ctx, cancel := context.WithCancel(context.Background())
	t := &Transport{options: o.withDefaults(), ctx: ctx, cancel: cancel, began: time.Now()}
	for i := range t.parts {
		t.parts[i].conns = map[*conn]struct{}{}
	}
	t.upgrader = websocket.Upgrader{
		HandshakeTimeout: handshakeTimeout,
		WriteBufferSize:  writeBuffer,
		WriteBufferPool:  &sync.Pool{},
		CheckOrigin:      t.allows,
	}
	t.running.Go(t.watch)
	return t
}

// Handler upgrades requests to connections that speak p. With Negotiated the client must name one of
// the two protocols; a handler of a fixed one also takes a client that names none.
//
// It answers 426 to a request that is no upgrade, 403 to a foreign origin, 429 beyond the cap of an
// address, and 503 while draining. The http.ResponseWriter must be an http.Hijacker.
func (t *Transport) Handler(p Protocol) http.Handler {
	upgrader := t.upgrader
	upgrader.Subprotocols = []string{string(p)}
	if p == Negotiated {
		upgrader.Subprotocols = []string{string(TransportWS), string(LegacyWS)}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.accept(w, r, p, &upgrader)
	})
}

// Connections tells how many are open.
func (t *Transport) Connections() int {
	count := 0
	for i := range t.parts {
		t.parts[i].mu.Lock()
		count += len(t.parts[i].conns)
		t.parts[i].mu.Unlock()
	}
	return count
}

// now is the time on the transport's watch: never zero, and shorter than an instant.
func (t *Transport) now() time.Duration { return time.Since(t.began) + 1 }

// accept leaves the HTTP handler as soon as the connection stands, so that the request and its
// buffers are freed.
func (t *Transport) accept(w http.ResponseWriter, r *http.Request, p Protocol, upgrader *websocket.Upgrader) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, http.StatusText(http.StatusUpgradeRequired), http.StatusUpgradeRequired)
		return
	}
	address := strings.Clone(t.options.Address(r))
	if !t.options.PerAddress.Take(address) {
		refuse(w, http.StatusTooManyRequests)
		return
	}
	if t.draining.Load() {
		t.options.PerAddress.Release(address)
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	line := &hijacked{ResponseWriter: w}
	socket, err := upgrader.Upgrade(line, r, nil)
	if err != nil { // the upgrader has answered
		t.options.PerAddress.Release(address)
		return
	}
	spoken := p
	if p == Negotiated {
		spoken = Protocol(socket.Subprotocol())
	}
	c := newConn(t, socket, line.incoming, spoken)
	c.address, c.authorization = address, strings.Clone(r.Header.Get("Authorization"))
	c.ctx = language.With(c.ctx, language.Of(r.Context()))
	if counted := viewer.Address(r.Context()); counted != "" {
		c.ctx = viewer.AskedFrom(c.ctx, sameText(counted, address))
	}
	named := len(websocket.Subprotocols(r)) > 0
	if socket.Subprotocol() == "" && (named || p == Negotiated) {
		c.unacceptable = true
	}
	t.start(c)
}

// hijacked gives the upgrader the buffer to read from, so that the connection has it too: without a size of its
// own the upgrader takes the one that comes with the line.
type hijacked struct {
	http.ResponseWriter
	incoming *bufio.Reader
}

// Hijack implements http.Hijacker.
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	line, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if buffered.Reader.Buffered() > 0 { // too early to speak: the upgrader refuses
		return line, buffered, nil
	}
	h.incoming = bufio.NewReaderSize(line, readBuffer)
	return line, bufio.NewReadWriter(h.incoming, buffered.Writer), nil
}

// sameText answers a text that shares no memory with a request: an equal one that is kept anyway, or a copy.
func sameText(text, kept string) string {
	if text == kept {
		return kept
	}
	return strings.Clone(text)
}

func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, http.StatusText(status), status)
}

// start registers c and begins to read it. What arrives while draining is sent away: once the register
// is closed, no goroutine may be added to those that finish waits for.
func (t *Transport) start(c *conn) {
	p := &t.parts[t.turn.Add(1)%rounds]
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.draining.Load() {
		go c.sendAway()
		return
	}
	p.conns[c] = struct{}{}
	t.running.Go(func() {
		c.read()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, c)
	})
}

// shutRegister lets nobody register any more.
func (t *Transport) shutRegister() {
	for i := range t.parts {
		t.parts[i].mu.Lock()
		defer t.parts[i].mu.Unlock()
	}
	t.draining.Store(true)
}

// all answers the connections of this moment.
func (t *Transport) all() []*conn {
	var conns []*conn
	for i := range t.parts {
		t.parts[i].mu.Lock()
		conns = slices.AppendSeq(conns, maps.Keys(t.parts[i].conns))
		t.parts[i].mu.Unlock()
	}
	return conns
}

// allows keeps pages of other sites from opening connections in a visitor's browser.
func (t *Transport) allows(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(t.options.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	own := err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
	if !own && t.options.Foreign != nil {
		t.options.Foreign(r.URL.Path)
	}
	return own
}
