package sse

import (
	"context"
	"errors"
	"net/http"
	"time"

	"parkbff/internal/fault"
	"parkbff/server/live"
)

const complete = "event: complete\ndata:\n\n"

// stream is a stream of events, of one operation or of several. Only one goroutine writes to it.
type stream struct {
	h   *Handler
	w   http.ResponseWriter
	who live.Principal

	begun bool
}

// serve runs the operation beside the stream, and writes what it gives until it ends, the sign-in ends, the
// process drains, or the client is gone. The stream begins when the subscription stands or there is something to
// write, so that what cannot be done now is still answered by a status.
func (s *stream) serve(r *http.Request, request live.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	frames, ended := make(chan frame), make(chan error, 1)
	s.lift()
	go func() { ended <- s.h.options.Runner.Run(ctx, s.who, request, sink{ctx, frames}) }()
	last, finished := s.pass(ctx, frames, ended)
	cancel()
	if !finished {
		<-ended
	}
	switch passing := passes(last); {
	case last != nil && !passing:
		_ = s.write(s.parting(ctx, last))
	case !s.begun && r.Context().Err() == nil:
		s.limitWrite()
		s.h.denyForNow(s.w, r)
	}
}

// passes holds for what ends a stream and is over sooner or later. Such a stream ends without `complete`, so that
// its client comes back, as after a line that broke.
func passes(why error) bool {
	return errors.Is(why, fault.Unavailable) || errors.Is(why, live.SlowConsumer)
}

// pass writes frames until the stream ends. Last is why, if the client must be told; finished means
// that the operation itself has ended. Ended is nil for a stream that no operation ends.
func (s *stream) pass(ctx context.Context, frames <-chan frame, ended <-chan error) (last error, finished bool) {
	keepAlive := time.NewTicker(s.h.options.KeepAlive)
	defer keepAlive.Stop()
	expiry := s.expiry()
	draining, leaving := s.h.draining, (<-chan time.Time)(nil)
	for {
		var out frame
		select {
		case out = <-frames:
		case err := <-ended:
			if ctx.Err() != nil {
				return nil, true
			}
			return err, true
		case <-keepAlive.C:
			out.text = []byte(":\n\n")
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
			return err, false
		}
		if out.opened && !s.begun && s.begin() != nil {
			return nil, false
		}
		if out.text != nil && s.write(out.text) != nil {
			return nil, false
		}
		if out.sent != nil {
			out.sent()
		}
	}
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
// stream is open.
func (s *stream) begin() error {
	s.begun = true
	header := s.w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-cache, no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would hold events back
	s.w.WriteHeader(http.StatusOK)
	return s.write([]byte(":\n\n"))
}

func (s *stream) write(frame []byte) error {
	if !s.begun {
		if err := s.begin(); err != nil {
			return err
		}
	}
	s.limitWrite()
	if _, err := s.w.Write(frame); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}

// lift does away with the HTTP server's deadlines: each write has its own. Not every ResponseWriter has them.
func (s *stream) lift() {
	line := http.NewResponseController(s.w)
	_, _ = line.SetReadDeadline(time.Time{}), line.SetWriteDeadline(time.Time{})
}

func (s *stream) limitWrite() {
	_ = http.NewResponseController(s.w).SetWriteDeadline(time.Now().Add(s.h.options.Write))
}

// parting tells why the stream ends.
func (s *stream) parting(ctx context.Context, why error) []byte {
	return append(next(refused(s.refusal(ctx, why))), complete...)
}

func (s *stream) refusal(ctx context.Context, why error) (errs []byte) {
	if fault.As(why) == nil {
		s.h.options.Log.ErrorContext(ctx, "stream failed", "error", why)
	}
	return s.h.options.Runner.Refusal(context.WithoutCancel(ctx), why)
}

// next is an event. Results are compact JSON, so that one data line holds them.
func next(result []byte) []byte {
	event := make([]byte, 0, len(result)+32)
	event = append(event, "event: next\ndata: "...)
	event = append(event, result...)
	return append(event, "\n\n"...)
}

// frame is text to write, and who wants to know when it is, or that the subscription stands.
type frame struct {
	text   []byte
	sent   func() // or nil
	opened bool
}

// sink hands what becomes of the operation to serve, no faster than the client reads.
type sink struct {
	ctx    context.Context
	frames chan<- frame
}

func (k sink) Opened() error { return k.pass(frame{opened: true}) }

func (k sink) Next(result []byte) error { return k.pass(frame{text: next(result)}) }

func (k sink) Refuse(errs []byte) error {
	return k.pass(frame{text: append(next(refused(errs)), complete...)})
}

func (k sink) Complete() error { return k.pass(frame{text: []byte(complete)}) }

func (k sink) pass(f frame) error {
	select {
	case k.frames <- f:
		return nil
	case <-k.ctx.Done():
		return k.ctx.Err()
	}
}
