package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"

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
	refusal []byte
}

// execute carries out the request once, for the viewer of this moment, as soon as a slot is free.
//
// It does so on a goroutine of its own. The executor needs a deep stack, and stacks hardly shrink:
// that of the caller, which then waits for the next event for hours, stays small.
func (r *Runner) execute(ctx context.Context, who Viewer, request *Request, at occasion) (got outcome, err error) {
	if err := r.take(ctx); err != nil {
		return outcome{}, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer r.give()
		defer func() {
			if p := recover(); p != nil {
				r.panicked(ctx, p)
				got, err = outcome{refusal: []byte(internal)}, nil
			}
		}()
		got, err = r.once(ctx, who, request, at)
	}()
	<-done
	return got, err
}

func (r *Runner) once(ctx context.Context, who Viewer, request *Request, at occasion) (outcome, error) {
	ctx, op, refusal, err := r.prepare(ctx, who, request)
	if refusal != nil || err != nil {
		return outcome{refusal: refusal}, err
	}
	got := r.dispatch(ctx, op, at)
	got.ctx, got.op = ctx, op
	return got, ctx.Err()
}

// take waits for one of the execution slots.
func (r *Runner) take(ctx context.Context) error {
	select {
	case r.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Runner) give() { <-r.slots }

// dispatch collects the results before any is sent, so that a slow client holds no execution slot and
// deferred fields leave no goroutine behind.
func (r *Runner) dispatch(ctx context.Context, op *graphql.OperationContext, at occasion) outcome {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	next, ctx := r.exec.DispatchOperation(at(ctx), op)
	if op.Operation.Operation == ast.Subscription {
		ctx = belowRoot(ctx, op)
	}

	var got outcome
	for response := next(ctx); response != nil; response = next(ctx) {
		if len(response.Data) == 0 && len(response.Errors) > 0 {
			return outcome{refusal: encode(response.Errors)}
		}
		result, err := json.Marshal(response)
		if err != nil {
			return outcome{refusal: r.Refusal(ctx, err)}
		}
		got.results = append(got.results, result)
		if op.Operation.Operation == ast.Subscription {
			break
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && len(got.results) == 0 {
		return outcome{refusal: r.Refusal(ctx, fault.Unavailable)}
	}
	return got
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
