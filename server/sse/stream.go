package sse

import (
	"context"
	"net/http"
	"sync"
	"time"

	"parkbff/internal/fault"
	"parkbff/server/live"
)

const complete = "event: complete\ndata:\n\n"

// mostFrames wait to be written; then the operation waits.
const mostFrames = 8

// stream is one operation. Only serve writes to its client. It is the operation's sink.
type stream struct {
	h       *Handler
	w       http.ResponseWriter
	who     live.Principal
	request live.Request

	news chan struct{} // holds one piece of news, so that many become one
	over chan error    // how the operation ended

	mu      sync.Mutex
	frames  [][]byte
	crowded bool // the operation waits for room
}

func newStream(h *Handler, w http.ResponseWriter, who live.Principal, request live.Request) *stream {
	return &stream{
		h: h, w: w, who: who, request: request, news: make(chan struct{}, 1), over: make(chan error, 1),
	}
}

// serve begins the stream, starts the operation, and writes what it gives until it ends, the
// sign-in ends, the process drains, or the client is gone.
func (s *stream) serve(ctx context.Context) {
	if s.begin() != nil {
		return
	}
	operation := s.h.options.Runner.Start(ctx, s.who, s.request, s)
	last, finished := s.pass(ctx, operation)
	if !finished {
		operation.Stop()
		<-s.over
	}
	if last != nil {
		_ = s.write(s.parting(ctx, last))
	}
}

// pass writes frames until the stream ends. Last is why, if the client must be told; finished means
// that the operation itself has ended.
func (s *stream) pass(ctx context.Context, operation *live.Operation) (last error, finished bool) {
	keepAlive := time.NewTicker(s.h.options.KeepAlive)
	defer keepAlive.Stop()
	expiry := s.expiry()
	draining, leaving := s.h.draining, (<-chan time.Time)(nil)
	for {
		var out [][]byte
		select {
		case <-s.news:
			out = s.take(operation)
		case last = <-s.over:
			out, finished = s.take(operation), true
		case <-keepAlive.C:
			out = [][]byte{[]byte(":\n\n")}
		case <-expiry:
			expiry = s.expiry()
		case <-s.who.Ended():
		case <-draining:
			draining, leaving = nil, s.h.leaving()
		case <-leaving:
			return nil, false
		case <-ctx.Done():
			return nil, false
		}
		if err := live.Standing(s.who, s.h.options.Clock.Now()); err != nil {
			return err, finished
		}
		if s.writeAll(out) != nil || ctx.Err() != nil {
			return nil, finished
		}
		if finished {
			return last, true
		}
	}
}

// take answers what is to be written, and lets the operation go on if it waited for that.
func (s *stream) take(operation *live.Operation) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.frames
	s.frames = nil
	if s.crowded {
		s.crowded = false
		operation.Ring()
	}
	return out
}

func (s *stream) writeAll(frames [][]byte) error {
	for _, frame := range frames {
		if err := s.write(frame); err != nil {
			return err
		}
	}
	return nil
}

// expiry fires when the token should have ended; nil if it never does.
func (s *stream) expiry() <-chan time.Time {
	end := s.who.ExpiresAt()
	if end.IsZero() {
		return nil
	}
	return time.After(end.Sub(s.h.options.Clock.Now()))
}

// begin sends the headers and a first comment, so that the client and every proxy know that the
// stream is open. The deadlines of the HTTP server are lifted: each write has its own.
func (s *stream) begin() error {
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s.w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(s.w).SetReadDeadline(time.Time{})
	return s.write([]byte(":\n\n"))
}

func (s *stream) write(frame []byte) error {
	line := http.NewResponseController(s.w)
	_ = line.SetWriteDeadline(time.Now().Add(s.h.options.Write)) // not every ResponseWriter has one
	if _, err := s.w.Write(frame); err != nil {
		return err
	}
	return line.Flush()
}

// parting tells why the stream ends.
func (s *stream) parting(ctx context.Context, why error) []byte {
	if fault.As(why) == nil {
		s.h.options.Log.ErrorContext(ctx, "stream failed", "error", why)
	}
	errs := s.h.options.Runner.Refusal(context.WithoutCancel(ctx), why)
	return append(next(refused(errs)), complete...)
}

// next is an event. Results are compact JSON, so that one data line holds them.
func next(result []byte) []byte {
	event := make([]byte, 0, len(result)+32)
	event = append(event, "event: next\ndata: "...)
	event = append(event, result...)
	return append(event, "\n\n"...)
}

// Room is false while the client reads more slowly than events come.
func (s *stream) Room() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crowded = len(s.frames) >= mostFrames
	return !s.crowded
}

// Next hands a result to serve.
func (s *stream) Next(result []byte) error { return s.add(next(result)) }

// Refuse hands the errors to serve, and the end.
func (s *stream) Refuse(errs []byte) error { return s.add(append(next(refused(errs)), complete...)) }

// Complete hands the end to serve.
func (s *stream) Complete() error { return s.add([]byte(complete)) }

// Ended tells serve that nothing more comes.
func (s *stream) Ended(err error) { s.over <- err }

func (s *stream) add(frame []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, frame)
	select {
	case s.news <- struct{}{}:
	default:
	}
	return nil
}
