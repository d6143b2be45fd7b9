package live

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// Check answers the errors, a JSON array, of a request that would be refused before anything of it is carried
// out: its document does not parse, is not valid or goes beyond the limits, or it is a mutation and may only
// read. It answers nil for every other. Error: why who may no longer be served, see Viewer.
func (r *Runner) Check(ctx context.Context, who Viewer, request Request) (refusal []byte, err error) {
	_, _, refusal, err = r.prepare(ctx, who, &request)
	return refusal, err
}

// prepare makes the operation of a request and answers its context, with the viewer of this moment.
func (r *Runner) prepare(
	ctx context.Context, who Viewer, request *Request,
) (_ context.Context, op *graphql.OperationContext, refusal []byte, err error) {
	if ctx, err = who.Context(graphql.StartOperationTrace(ctx)); err != nil {
		return ctx, nil, nil, err
	}
	params, err := request.params()
	if err != nil {
		return ctx, nil, r.Refusal(ctx, err), nil
	}
	op, errs := r.exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, op)
	if len(errs) > 0 {
		return ctx, op, r.refusal(ctx, errs), nil
	}
	if request.ReadOnly && op.Operation.Operation == ast.Mutation {
		return ctx, op, r.Refusal(ctx, readOnly), nil
	}
	return ctx, op, nil, nil
}
