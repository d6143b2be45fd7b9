package live

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/fault"
)

// Events is the source stream of one subscription. Next blocks until the next event, and fails with
// io.EOF when the stream is complete, with a fault when the client must be told why it ends (such as
// RESYNC_REQUIRED), and with SlowConsumer when the subscriber fell behind what the source can hold.
// Close is called once, after the last Next.
type Events interface {
	Next(ctx context.Context) (event any, err error)
	Close()
}

// Source opens the events of a subscription. The context carries the viewer and the operation; Root
// tells the field and its arguments. A fault refuses the subscription.
type Source func(ctx context.Context, op *graphql.OperationContext) (Events, error)

// SlowConsumer ends a connection whose client reads more slowly than its events arrive.
var SlowConsumer = fault.New("SLOW_CONSUMER", "The client reads too slowly. Connect again and resume.")

// Root answers the name and the arguments of the root field of a subscription; there is exactly one.
func Root(op *graphql.OperationContext) (field string, args map[string]any) {
	root, ok := rootOf(op)
	if !ok {
		return "", nil
	}
	return root.Name, root.ArgumentMap(op.Variables)
}

func rootOf(op *graphql.OperationContext) (root graphql.CollectedField, ok bool) {
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"})
	if len(fields) != 1 {
		return graphql.CollectedField{}, false
	}
	return fields[0], true
}
