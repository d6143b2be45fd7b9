// Package event carries the event of a subscription to its resolver. A subscription is executed anew for
// every event (design: subscriptions), so its resolver never waits: it answers what stands in its context.
package event

import (
	"context"
	"fmt"

	"parkbff/internal/fault"
)

// NeedsStream refuses a subscription over a transport that cannot stream.
var NeedsStream = fault.New("SUBSCRIPTION_NEEDS_STREAM",
	"Subscriptions are served over WebSocket and server-sent events.")

type key struct{}

// occasion is why a subscription is executed: for an event, or, with none, to see at the start
// whether the root directives and the resolver let it begin.
type occasion struct {
	event   any
	present bool
}

// With answers a context in which a subscription is executed for one event.
func With(ctx context.Context, event any) context.Context {
	return context.WithValue(ctx, key{}, occasion{event: event, present: true})
}

// WithNone answers a context in which a subscription is only checked: its resolver has no event.
func WithNone(ctx context.Context) context.Context {
	return context.WithValue(ctx, key{}, occasion{})
}

// One is the whole body of a subscription resolver: it answers a closed channel that holds the event
// for which the field is being resolved, or nothing when the subscription is only being checked. Error:
// NeedsStream.
func One[T any](ctx context.Context) (<-chan T, error) {
	at, ok := ctx.Value(key{}).(occasion)
	if !ok {
		return nil, NeedsStream
	}
	events := make(chan T, 1)
	defer close(events)
	if !at.present {
		return events, nil
	}
	event, ok := at.event.(T)
	if !ok {
		return nil, fmt.Errorf("event: the source gave a %T, the field wants a %T", at.event, *new(T))
	}
	events <- event
	return events, nil
}
