package live

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
)

// Sink receives what becomes of one operation, from one goroutine at a time. After Refuse or Complete nothing
// more comes. An error of a sink ends the operation.
type Sink interface {
	// Next takes one execution result, {"data": …, "errors": …}.
	Next(result []byte) error
	// Refuse takes the errors, a JSON array, of an operation that cannot begin or cannot go on.
	Refuse(errs []byte) error
	// Complete says that the operation ended well.
	Complete() error
}

// Line is a Sink that never blocks.
type Line interface {
	Sink
	// Room tells whether one more event can be taken now. After false the transport calls Operation.Ring when
	// there is room again.
	Room() bool
	// Ended is called once, last, when everything that the operation held is freed. A nil error means that the
	// line was told the end, or that the operation was stopped or its context ended. Otherwise it is the error
	// of the line, why who may no longer be served (see Viewer), SlowConsumer or fault.Unavailable: then the
	// transport ends the connection.
	Ended(err error)
}

// Opening is what a Line or a Sink may be, too: it is told once that a subscription stands, before its first
// event.
type Opening interface {
	Opened() error
}

// Options of a Runner. Executor is required, and Source too if the schema has subscriptions.
type Options struct {
	Executor graphql.GraphExecutor
	Source   Source
	// Resolved tells which fields have a resolver; see ResolvedBy. Nil means that all may have one, and then
	// no execution is shared.
	Resolved func(object, field string) bool
	// Concurrent bounds how many operations are carried out at once, so that an event with many subscribers
	// costs time and not memory. Zero means sixteen per processor.
	Concurrent int
	// Timeout bounds one execution. Zero means 30 seconds.
	Timeout time.Duration
	// Log receives panics. Nil means slog.Default.
	Log *slog.Logger
	// Metrics is told how many executions there are; nil: nobody is.
	Metrics prometheus.Registerer
}

// Runner carries out operations for every streaming transport. It is safe for concurrent use.
type Runner struct {
	exec     graphql.GraphExecutor
	source   Source
	resolved func(object, field string) bool
	workers  workers
	shared   sharing
	timeout  time.Duration
	log      *slog.Logger
	meter    meter
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
		exec: o.Executor, source: o.Source, resolved: o.Resolved, workers: workers{limit: o.Concurrent},
		timeout: o.Timeout, log: o.Log, meter: newMeter(o.Metrics),
	}
}

// Start begins to carry out one operation for who, as soon as a worker is free, and answers it at once.
//
// It goes on until the line is told Ended. When ctx ends the transport must call Stop, since nobody waits for
// ctx between two events. A panic below it is logged without its value and refused as an internal error.
func (r *Runner) Start(ctx context.Context, who Viewer, asked Request, line Line) *Operation {
	o := &Operation{runner: r, ctx: ctx, who: who, line: line, request: interned(asked)}
	o.Ring()
	return o
}
