package sse

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync"

	"parkbff/internal/language"
	"parkbff/internal/viewer"
)

// shared is a stream that carries several operations, each under its id. Operations begin and stop by errands
// from any replica; only serve writes.
type shared struct {
	stream
	ctx    context.Context
	cancel context.CancelFunc
	frames chan frame
	ended  sync.WaitGroup // every operation

	mu      sync.Mutex
	closed  bool                        // no operation begins any more
	untold  map[string]*sharedOperation // those whose end the client has neither asked for nor been told
	running int                         // those, and the stopped ones that have not ended yet
}

// sharedOperation is one of them, and the live.Sink of its results.
type sharedOperation struct {
	s      *shared
	id     string
	ctx    context.Context
	cancel context.CancelFunc
	done   bool // its last frame is on the way: the client may use the id again as soon as it has read that
}

func newShared(ctx context.Context, line stream) *shared {
	s := &shared{stream: line, frames: make(chan frame), untold: map[string]*sharedOperation{}}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// serve begins the stream with the operations that waited for it, and writes what they give until the sign-in
// ends, the process drains, or the client is gone.
func (s *shared) serve(waiting []operation) {
	var last error
	s.lift()
	if s.begin() == nil {
		for _, o := range waiting {
			s.start(o)
		}
		last, _ = s.pass(s.ctx, s.frames, nil)
	}
	s.close()
	if last != nil {
		s.part(last)
	}
}

// close keeps further operations out and ends those that are left.
func (s *shared) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.ended.Wait()
}

// part tells why the stream ends to every operation whose end has not been told.
func (s *shared) part(why error) {
	errs := s.refusal(s.ctx, why)
	for _, id := range s.left() {
		if s.write(farewell(id, errs)) != nil {
			return
		}
	}
}

// left are the operations whose end has not been told. Until nobody answers for the ticket they may be stopped.
func (s *shared) left() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.untold))
}

// carryOut handles an errand. What is another viewer's is not found.
func (s *shared) carryOut(e errand) outcome {
	if e.Who != nil && *e.Who != s.who.Subject() || e.Who == nil && e.Kind != open {
		return outcome{Status: http.StatusNotFound}
	}
	switch e.Kind {
	case open:
		return outcome{Status: http.StatusConflict}
	case run:
		return outcome{Status: s.start(e.Operation)}
	case stop:
		s.stop(e.Stop)
		return outcome{Status: http.StatusOK}
	}
	return outcome{Status: http.StatusNotFound}
}

func (s *shared) start(o operation) (status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return http.StatusNotFound
	case s.untold[o.ID] != nil && !s.untold[o.ID].done:
		return http.StatusConflict
	case s.running >= s.h.options.MaxOperations:
		return http.StatusTooManyRequests
	}
	op := &sharedOperation{s: s, id: o.ID}
	op.ctx, op.cancel = context.WithCancel(viewer.AskedFrom(language.With(s.ctx, o.Spoken), o.From))
	s.untold[o.ID] = op
	s.running++
	s.ended.Go(func() { op.run(o) })
	return http.StatusAccepted
}

// stop ends an operation: nothing more is sent for its id. One that is not there has ended already.
func (s *shared) stop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op := s.untold[id]; op != nil {
		delete(s.untold, id)
		op.cancel()
	}
}

func (o *sharedOperation) run(asked operation) {
	defer o.cancel()
	err := o.s.h.options.Runner.Run(o.ctx, o.s.who, asked.request(), o)
	switch {
	case passes(err): // an operation alone cannot be told to come back
		o.s.cancel()
	case err != nil && o.ctx.Err() == nil: // the others go on
		_ = o.Refuse(o.s.refusal(o.ctx, err))
	}
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	o.s.running--
}

func (o *sharedOperation) Next(result []byte) error { return o.pass(frame{text: nextOf(o.id, result)}) }

func (o *sharedOperation) Refuse(errs []byte) error { return o.last(farewell(o.id, errs)) }

func (o *sharedOperation) Complete() error { return o.last(completeOf(o.id)) }

func (o *sharedOperation) last(text []byte) error {
	o.s.mu.Lock()
	o.done = true
	o.s.mu.Unlock()
	return o.pass(frame{text: text, sent: o.told})
}

func (o *sharedOperation) told() {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	if o.s.untold[o.id] == o {
		delete(o.s.untold, o.id)
	}
}

func (o *sharedOperation) pass(f frame) error { return sink{o.ctx, o.s.frames}.pass(f) }

func nextOf(id string, result []byte) []byte {
	event := append([]byte(`event: next`+"\n"+`data: {"id":`), quote(id)...)
	event = append(event, `,"payload":`...)
	event = append(event, result...)
	return append(event, "}\n\n"...)
}

func completeOf(id string) []byte {
	event := append([]byte(`event: complete`+"\n"+`data: {"id":`), quote(id)...)
	return append(event, "}\n\n"...)
}

// farewell tells why an operation ends.
func farewell(id string, errs []byte) []byte {
	return append(nextOf(id, refused(errs)), completeOf(id)...)
}

// quote cannot fail: every string has a JSON form.
func quote(s string) []byte {
	quoted, _ := json.Marshal(s)
	return quoted
}
