package engine

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parkbff/graph/limit"
)

// Options of an Engine; every zero value has a default.
type Options struct {
	Limits  limit.Limits          // default limit.Usual
	Log     *slog.Logger          // of what clients only see an id of; default slog.Default
	Metrics prometheus.Registerer // default none
	NewID   func() string         // of an incident; default random
	Clock   func() time.Time      // measures durations only; default time.Now
	Extend  []graphql.HandlerExtension
}

// Engine is a graphql.GraphExecutor. It is safe for concurrent use.
type Engine struct {
	inner     *executor.Executor
	documents *documents
	limits    limit.Limits
	newID     func() string
	now       func() time.Time
	log       *slog.Logger
	meter     *meter
}

var _ graphql.GraphExecutor = (*Engine)(nil)

// New answers an engine for the schema.
func New(schema graphql.ExecutableSchema, o Options) *Engine {
	e := &Engine{
		inner: executor.New(schema), limits: cmp.Or(o.Limits, limit.Usual()),
		log: cmp.Or(o.Log, slog.Default()), newID: o.NewID, now: o.Clock, meter: newMeter(o.Metrics),
	}
	if e.newID == nil {
		e.newID = rand.Text
	}
	if e.now == nil {
		e.now = time.Now
	}
	e.documents = newDocuments(schema.Schema(), e.limits)
	e.inner.SetQueryCache(handedOver{})
	e.inner.SetParserTokenLimit(e.limits.Tokens)
	e.inner.SetErrorPresenter(e.present)
	e.inner.SetRecoverFunc(e.recovered)
	for _, extension := range o.Extend {
		e.inner.Use(extension)
	}
	return e
}

// CreateOperationContext parses, validates and measures an operation. The errors are for
// DispatchError.
func (e *Engine) CreateOperationContext(
	ctx context.Context, params *graphql.RawParams,
) (op *graphql.OperationContext, errs gqlerror.List) {
	defer func() {
		if p := recover(); p != nil {
			op = &graphql.OperationContext{RecoverFunc: e.recovered}
			errs = gqlerror.List{refused(e.recovered(ctx, p))}
		}
	}()
	doc, err := e.documents.of(params.Query)
	if err != nil {
		return &graphql.OperationContext{RecoverFunc: e.recovered}, err
	}
	op, errs = e.inner.CreateOperationContext(handOver(ctx, doc), params)
	op.DisableIntrospection = !e.limits.Introspection
	if len(errs) > 0 {
		return op, e.documents.words.scrub(errs)
	}
	if err := e.limits.CheckCost(op.Operation, op.Variables); err != nil {
		return op, gqlerror.List{refused(err)}
	}
	if op.Operation.Operation == ast.Subscription && !isOneStream(op) {
		return op, gqlerror.List{refused(oneStream)}
	}
	return op, nil
}

// isOneStream holds for a subscription to exactly one field. The validator's rule counts names, so that
// two aliases of one field pass it, and does not know which fields are skipped.
func isOneStream(op *graphql.OperationContext) bool {
	return len(graphql.CollectFields(op, op.Operation.SelectionSet, nil)) == 1
}

// DispatchOperation carries out what CreateOperationContext made.
func (e *Engine) DispatchOperation(
	ctx context.Context, op *graphql.OperationContext,
) (graphql.ResponseHandler, context.Context) {
	began, kind := e.now(), string(op.Operation.Operation)
	next, ctx := e.inner.DispatchOperation(ctx, op)
	return func(ctx context.Context) *graphql.Response {
		response := next(ctx)
		if response != nil {
			inOrder(response.Errors)
			e.meter.count(kind, Code(response.Errors), e.now().Sub(began))
		}
		return response
	}, ctx
}

// inOrder sorts errors by where they stand in the answer: the order in which goroutines meet them would
// make equal answers differ.
func inOrder(errs gqlerror.List) {
	slices.SortStableFunc(errs, func(a, b *gqlerror.Error) int {
		return cmp.Compare(a.Path.String(), b.Path.String())
	})
}

// DispatchError answers the response to an operation that is not carried out.
func (e *Engine) DispatchError(ctx context.Context, errs gqlerror.List) *graphql.Response {
	if !graphql.HasOperationContext(ctx) {
		ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{RecoverFunc: e.recovered})
	}
	kind := notRun
	if op := graphql.GetOperationContext(ctx).Operation; op != nil {
		kind = string(op.Operation)
	}
	response := e.inner.DispatchError(ctx, errs)
	e.meter.count(kind, Code(response.Errors), 0)
	return response
}

// Refuse is DispatchError for one error of any kind.
func (e *Engine) Refuse(ctx context.Context, err error) *graphql.Response {
	return e.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(err)})
}

// Code of the first error, or OK.
func Code(errs gqlerror.List) string {
	if len(errs) == 0 {
		return "OK"
	}
	code, _ := errs[0].Extensions["code"].(string)
	return cmp.Or(code, internalCode)
}

// IsInternal tells whether an operation failed by the program's fault.
func IsInternal(errs gqlerror.List) bool { return Code(errs) == internalCode }
