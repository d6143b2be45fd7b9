package live

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"parkbff/internal/fault"
)

// Events is the source stream of one subscription. It belongs to one goroutine at a time.
type Events interface {
	// Next answers the next event when there is one now; ok is false when there is none, and the bell rings
	// when there may be one. It never waits for news, but may read the store. It fails with io.EOF when the
	// stream is complete, with a fault when the client must be told why it ends (such as RESYNC_REQUIRED),
	// and with SlowConsumer when the subscriber fell behind what the source can hold. An event may be Shared.
	Next(ctx context.Context) (event any, ok bool, err error)
	// Close is called once, after the last Next.
	Close()
}

// Source opens the events of a subscription. The context carries the viewer and the operation, neither of
// which should be kept: they are large. Root tells the field and its arguments. The bell may be rung from any
// goroutine, any number of times, also before Source has returned and after Close; it never blocks and never
// calls back into the source. A fault refuses the subscription. It is asked once at first without being rung.
type Source func(ctx context.Context, op *graphql.OperationContext, bell func()) (Events, error)

// Shared is an event that many subscriptions are told of: one execution may answer all whose document,
// variables and language agree, if the document can show nothing that depends on who asks.
type Shared struct {
	Event any // what the resolver is given
	// Key is comparable. Events with equal keys are the same state of the same thing, to every subscriber.
	Key any
}

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
