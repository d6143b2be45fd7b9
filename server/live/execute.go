package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"parkbff/internal/fault"
)

var readOnly = fault.New("METHOD_NOT_ALLOWED", "A mutation needs POST.")

// internal stands in where the executor's error presenter cannot be asked.
const internal = `[{"message":"Internal error.","extensions":{"code":"INTERNAL"}}]`

// occasion puts into a context why a subscription is executed: for an event, or for none.
type occasion func(context.Context) context.Context

// outcome is what one execution gave: results, or a refusal, or neither when there was nothing to say.
type outcome struct {
	ctx     context.Context // with viewer and operation, not bounded by the execution's timeout
	op      *graphql.OperationContext
	results [][]byte
	clean   bool // no result holds an error
	refusal []byte
	away    bool // it was refused because something that the program stands on is away
}

// execute carries out the request once, for the viewer of this moment. A refusal would end a subscription for
// good, so that one for an outage is an error.
func (r *Runner) execute(ctx context.Context, who Viewer, asked request, at occasion) (outcome, error) {
	ctx, op, refusal, err := r.prepare(ctx, who, asked)
	if refusal != nil || err != nil {
		return outcome{refusal: refusal}, err
	}
	got := r.dispatch(ctx, op, at)
	if got.away && op.Operation.Operation == ast.Subscription {
		return outcome{}, fault.Unavailable
	}
	got.ctx, got.op = ctx, op
	return got, ctx.Err()
}

// prepare makes the operation of a request and answers its context, with the viewer of this moment.
func (r *Runner) prepare(
	ctx context.Context, who Viewer, asked request,
) (_ context.Context, op *graphql.OperationContext, refusal []byte, err error) {
	if ctx, err = who.Context(graphql.StartOperationTrace(ctx)); err != nil {
		return ctx, nil, nil, err
	}
	params, err := asked.params()
	if err != nil {
		return ctx, nil, r.Refusal(ctx, err), nil
	}
	op, errs := r.exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, op)
	if len(errs) > 0 {
		return ctx, op, r.refusal(ctx, errs), nil
	}
	if asked.readOnly() && op.Operation.Operation == ast.Mutation {
		return ctx, op, r.Refusal(ctx, readOnly), nil
	}
	return ctx, op, nil, nil
}

// dispatch collects the results before any is sent, so that deferred fields leave no goroutine behind.
func (r *Runner) dispatch(ctx context.Context, op *graphql.OperationContext, at occasion) outcome {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	next, ctx := r.exec.DispatchOperation(at(ctx), op)
	if op.Operation.Operation == ast.Subscription {
		ctx = belowRoot(ctx, op)
	}

	got := outcome{clean: true}
	for response := next(ctx); response != nil; response = next(ctx) {
		if len(response.Data) == 0 && len(response.Errors) > 0 {
			return outcome{refusal: encode(response.Errors), away: tellsOfOutage(response.Errors)}
		}
		result, err := json.Marshal(response)
		if err != nil {
			return outcome{refusal: r.Refusal(ctx, err)}
		}
		got.results, got.clean = append(got.results, result), got.clean && len(response.Errors) == 0
		if op.Operation.Operation == ast.Subscription {
			break
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && len(got.results) == 0 {
		return outcome{refusal: r.Refusal(ctx, fault.Unavailable), away: true}
	}
	return got
}

func tellsOfOutage(errs gqlerror.List) bool {
	return slices.ContainsFunc(errs, func(err *gqlerror.Error) bool {
		return err.Extensions["code"] == fault.Unavailable.Code()
	})
}

// belowRoot answers a context in which what stands in an event is rendered. Without it the paths of errors
// would not begin with the field of the subscription, as the specification wants (October 2021, 7.1.2):
// gqlgen forgets that field between the subscription and its events.
func belowRoot(ctx context.Context, op *graphql.OperationContext) context.Context {
	root, ok := rootOf(op)
	if !ok {
		return ctx
	}
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Subscription", Field: root, Args: root.ArgumentMap(op.Variables)})
}

// Refusal encodes err as the errors of a refused operation, through the executor's error presenter.
// The text of an error that is not a fault is withheld from the presenter's default, too.
func (r *Runner) Refusal(ctx context.Context, err error) []byte {
	return r.refusal(ctx, gqlerror.List{shown(err)})
}

func (r *Runner) refusal(ctx context.Context, errs gqlerror.List) []byte {
	if !graphql.HasOperationContext(ctx) {
		ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{RecoverFunc: graphql.DefaultRecover})
	}
	return encode(r.exec.DispatchError(ctx, errs).Errors)
}

func shown(err error) *gqlerror.Error {
	f := fault.As(err)
	if f == nil {
		return &gqlerror.Error{Err: err, Message: "Internal error.", Extensions: map[string]any{"code": "INTERNAL"}}
	}
	extensions := map[string]any{"code": f.Code()}
	maps.Copy(extensions, f.Details())
	return &gqlerror.Error{Err: err, Message: f.Message(), Extensions: extensions}
}

// panicked logs where p was raised, but not its value, which may hold a personal one.
func (r *Runner) panicked(ctx context.Context, p any) {
	r.log.ErrorContext(ctx, "panic while carrying out an operation",
		"type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
}

// encode fails only when an extension of an error cannot be encoded.
func encode(errs gqlerror.List) []byte {
	encoded, err := json.Marshal(errs)
	if err != nil {
		return []byte(internal)
	}
	return encoded
}
