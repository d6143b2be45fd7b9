package edge

import (
	"bufio"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"

	"parkbff/server/edge/engine"
)

// plainName is the name of an operation that is logged. Clients choose it: with digits it could be a plate or a
// mobile, and a long one could be anything.
var plainName = regexp.MustCompile(`^[_A-Za-z]{1,64}$`)

var internalError = []byte(`{"errors":[{"message":"Internal error.","extensions":{"code":"INTERNAL"}}]}`)

// observer logs and measures every request, and answers for handlers that panic. Of a request it tells
// the method, the route (not the path: a client chooses that), the status, the time, and the operation's
// name and code.
type observer struct {
	next     http.Handler
	log      *slog.Logger
	newID    func() string
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newObserver(next http.Handler, log *slog.Logger, newID func() string, registry prometheus.Registerer) *observer {
	o := &observer{
		next: next, log: log, newID: newID,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "parkbff_http_requests_total", Help: "HTTP requests by route, method and status.",
		}, []string{"route", "method", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "parkbff_http_request_seconds", Help: "Time to answer a request; of streams, until they end.",
			Buckets: prometheus.DefBuckets,
		}, []string{"route"}),
	}
	if registry != nil {
		registry.MustRegister(o.requests, o.seconds)
	}
	return o
}

// ServeHTTP serves and then tells.
func (o *observer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w}
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			o.rescue(rec, r, p)
		}
		o.tell(rec, r, time.Since(began))
	}()
	o.next.ServeHTTP(rec, r)
}

// rescue answers in the place of a handler that panicked.
func (o *observer) rescue(rec *recorder, r *http.Request, p any) {
	if p != http.ErrAbortHandler { //nolint:errorlint // it is compared as net/http does
		engine.LogPanic(r.Context(), o.log, o.newID(), p)
	}
	if rec.status != 0 {
		return
	}
	rec.Header().Set("Content-Type", jsonMedia+"; charset=utf-8")
	rec.WriteHeader(http.StatusInternalServerError)
	_, _ = rec.Write(internalError)
}

func (o *observer) tell(rec *recorder, r *http.Request, took time.Duration) {
	route, method := r.Pattern, knownMethod(r.Method)
	if route == "" {
		route = "none"
	}
	o.requests.WithLabelValues(route, method, strconv.Itoa(rec.status)).Inc()
	o.seconds.WithLabelValues(route).Observe(took.Seconds())
	level := slog.LevelInfo
	if quiet[route] {
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("method", method), slog.String("route", route),
		slog.Int("status", rec.status), slog.Duration("took", took),
	}
	if rec.kind != "" {
		attrs = append(attrs, slog.String("type", rec.kind), slog.String("operation", rec.operation))
	}
	if rec.code != "" {
		attrs = append(attrs, slog.String("code", rec.code))
	}
	o.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// quiet routes are asked all the time by machines.
var quiet = map[string]bool{"GET /livez": true, "GET /readyz": true, "GET /metrics": true}

func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "OTHER"
}

// recorder remembers what is told of an answer.
type recorder struct {
	http.ResponseWriter
	status                int
	kind, operation, code string
}

// note tells the log which operation a request carried out.
func note(w http.ResponseWriter, op *graphql.OperationContext) {
	rec, ok := w.(*recorder)
	if !ok {
		return
	}
	rec.kind = string(op.Operation.Operation)
	if plainName.MatchString(op.Operation.Name) {
		rec.operation = op.Operation.Name
	}
}

func noteCode(w http.ResponseWriter, code string) {
	if rec, ok := w.(*recorder); ok {
		rec.code = code
	}
}

func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	return rec.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach flushing and deadlines.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// Hijack lets a WebSocket take the connection over; gorilla asks for this method itself.
func (rec *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(rec.ResponseWriter).Hijack()
	if err == nil {
		rec.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}
