package live

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/event"
	"parkbff/internal/fault"
)

// Sink receives what becomes of one operation. After Refuse or Complete nothing more comes. An error
// of the sink ends the operation and is what Run answers.
type Sink interface {
	// Next takes one execution result, {"data": …, "errors": …}.
	Next(result []byte) error
	// Refuse takes the errors, a JSON array, of an operation that cannot begin or cannot go on.
	Refuse(errs []byte) error
	// Complete says that the operation ended well.
	Complete() error
}

// Options of a Runner. Executor is required, and Source too if the schema has subscriptions.
type Options struct {
	Executor graphql.GraphExecutor
	Source   Source
	// Concurrent bounds how many executions run at once, so that an event with many subscribers costs
	// time and not memory. Zero means sixteen per processor.
	Concurrent int
	// Timeout bounds one execution. Zero means 30 seconds.
	Timeout time.Duration
	// Log receives panics. Nil means slog.Default.
	Log *slog.Logger
}

// Runner carries out operations for every streaming transport. It is safe for concurrent use.
type Runner struct {
	exec    graphql.GraphExecutor
	source  Source
	slots   chan struct{}
	timeout time.Duration
	log     *slog.Logger
}

// NewRunner answers a Runner.
func NewRunner(o Options) *Runner {
	if o.Concurrent == 0 {
		o.Concurrent = 16 * runtime.GOMAXPROCS(0)
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Runner{
		exec: o.Executor, source: o.Source, slots: make(chan struct{}, o.Concurrent),
		timeout: o.Timeout, log: o.Log,
	}
}

// Run carries out one operation until it is refused, complete, or ctx ends.
//
// It answers nil when the sink was told the end. Otherwise it answers the error of ctx or of the
// sink, why who may no longer be served (see Viewer), or SlowConsumer: then the transport ends the
// connection. A panic below it is logged without its value and refused as an internal error.
func (r *Runner) Run(ctx context.Context, who Viewer, request Request, sink Sink) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.panicked(ctx, p)
			err = sink.Refuse([]byte(internal))
		}
	}()
	first, err := r.execute(ctx, who, &request, event.WithNone)
	if err != nil {
		return err
	}
	if first.refusal != nil {
		return sink.Refuse(first.refusal)
	}
	if first.op.Operation.Operation == ast.Subscription {
		events, err := r.source(first.ctx, first.op)
		if err != nil {
			return r.end(ctx, err, sink)
		}
		return r.stream(ctx, who, &request, events, sink)
	}
	for _, result := range first.results {
		if err := sink.Next(result); err != nil {
			return err
		}
	}
	return sink.Complete()
}

// stream passes on the events. Of the executor it keeps nothing between two of them.
func (r *Runner) stream(ctx context.Context, who Viewer, request *Request, events Events, sink Sink) error {
	defer events.Close()
	for {
		happened, err := events.Next(ctx)
		if err != nil {
			return r.end(ctx, err, sink)
		}
		done, err := r.tell(ctx, who, request, happened, sink)
		if done || err != nil {
			return err
		}
	}
}

// tell executes the operation for one event. Done means that the sink was told the end: the root
// field was refused to the viewer of this moment, so this subscription is over for good.
func (r *Runner) tell(ctx context.Context, who Viewer, request *Request, happened any, sink Sink) (done bool, err error) {
	got, err := r.execute(ctx, who, request, func(ctx context.Context) context.Context { return event.With(ctx, happened) })
	if err != nil {
		return false, err
	}
	if got.refusal != nil {
		return true, sink.Refuse(got.refusal)
	}
	for _, result := range got.results {
		if err := sink.Next(result); err != nil {
			return false, err
		}
	}
	return false, nil
}

// end tells the sink why a source gave no more.
func (r *Runner) end(ctx context.Context, err error, sink Sink) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, io.EOF):
		return sink.Complete()
	case errors.Is(err, SlowConsumer), errors.Is(err, fault.Unavailable), endsSignIn(err):
		return err // the client may try again; an error of the operation would be final
	default:
		return sink.Refuse(r.Refusal(ctx, err))
	}
}

func endsSignIn(err error) bool {
	return errors.Is(err, TokenExpired) || errors.Is(err, TokenInvalid) || errors.Is(err, SignInEnded)
}
