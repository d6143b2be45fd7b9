package sse

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"parkbff/internal/clock"
	"parkbff/server/live"
)

// Options of a Handler. Runner, Authenticate, Bus and Key are required; every other zero value has a default.
type Options struct {
	Runner       *live.Runner
	Authenticate live.Authenticate // of the Authorization header
	Bus          Bus               // to the replica that holds a stream
	Key          []byte            // shared by all replicas: seals what goes over the bus
	Clock        clock.Clock       // decides when a token has ended
	Log          *slog.Logger

	Address    func(*http.Request) string // names the client for PerAddress; by default the host of RemoteAddr
	PerViewer  *live.Quota                // streams of one signed-in viewer; nil: not capped
	PerAddress *live.Quota                // streams of one address; nil: not capped

	MaxBody       int64         // bytes of a request body, or of a query string; default 64 KB
	MaxOperations int           // running at once on one stream; default 32
	KeepAlive     time.Duration // between comments; default 15 s
	Write         time.Duration // for one event to leave; default 10 s
	Reservation   time.Duration // for the stream of a reservation to be opened; default 10 s
	Drain         time.Duration // over which Drain spreads the ends; default 5 s
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Address == nil {
		o.Address = live.RemoteHost
	}
	o.MaxBody = cmp.Or(o.MaxBody, 64<<10)
	o.MaxOperations = cmp.Or(o.MaxOperations, 32)
	o.Reservation = cmp.Or(o.Reservation, 10*time.Second)
	o.KeepAlive = cmp.Or(o.KeepAlive, 15*time.Second)
	o.Write = cmp.Or(o.Write, 10*time.Second)
	o.Drain = cmp.Or(o.Drain, 5*time.Second)
	return o
}

// Handler serves the streams of one process. It is safe for concurrent use.
type Handler struct {
	options  Options
	courier  *courier
	draining chan struct{}

	mu      sync.Mutex
	ended   bool
	streams sync.WaitGroup
}

// New answers a Handler; Drain ends it.
func New(o Options) (*Handler, error) {
	c, err := newCourier(o.Bus, o.Key)
	if err != nil {
		return nil, err
	}
	return &Handler{options: o.withDefaults(), courier: c, draining: make(chan struct{})}, nil
}

// Supports tells whether r asks for a stream of events, or is about one.
func Supports(r *http.Request) bool {
	return r.Method == http.MethodPut || r.Method == http.MethodDelete || accepts(r) || ticketOf(r) != ""
}

// accepts tells whether a stream of events is the answer to r.
func accepts(r *http.Request) bool {
	for _, accepted := range strings.Split(r.Header.Get("Accept"), ",") {
		media, _, _ := strings.Cut(accepted, ";")
		if strings.EqualFold(strings.TrimSpace(media), "text/event-stream") {
			return true
		}
	}
	return false
}

// ServeHTTP answers one request; for a stream it returns when that ends.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.enter() {
		h.denyForNow(w, r)
		return
	}
	defer h.streams.Done()
	ticket := ticketOf(r)
	switch {
	case r.Method == http.MethodPut:
		h.reserve(w, r)
	case r.Method == http.MethodDelete:
		h.stop(w, r, ticket)
	case ticket == "":
		h.serveDistinct(w, r)
	case accepts(r):
		h.openShared(w, r, ticket)
	default:
		h.submit(w, r, ticket)
	}
}

// serveDistinct carries out one operation on a stream of its own.
func (h *Handler) serveDistinct(w http.ResponseWriter, r *http.Request) {
	request, bad := h.read(w, r)
	if bad != nil {
		h.deny(w, r, bad.status, bad.why)
		return
	}
	who, err := h.signIn(r)
	if err != nil {
		h.denySignIn(w, r, err)
		return
	}
	release, ok := h.take(h.options.Address(r), who.Subject())
	if !ok {
		h.denyTooMany(w, r)
		return
	}
	defer release()
	(&stream{h: h, w: w, who: who}).serve(r, request)
}

// Drain ends every stream, spread at random over Options.Drain, without `complete`, so that clients
// come back to another replica. No stream is accepted from its start on. It returns when all are
// gone, or with the error of ctx.
func (h *Handler) Drain(ctx context.Context) error {
	h.mu.Lock()
	if !h.ended {
		h.ended = true
		close(h.draining)
	}
	h.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		h.streams.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// enter counts a stream, under the lock so that none is added once Drain waits.
func (h *Handler) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	h.streams.Add(1)
	return true
}

// leaving answers when this stream ends because of Drain.
func (h *Handler) leaving() <-chan time.Time { return time.After(rand.N(h.options.Drain)) }
