// Package live carries out GraphQL operations for the transports that keep a line open: server/ws and
// server/sse.
//
// A subscription is validated once and then executed afresh for every event: a new operation context,
// the event in the context, and the viewer of that moment. The subscription resolver answers a closed
// channel that holds the event (see event.One), so the directives on the root field and the masks below it
// run for every event. Stock gqlgen runs root directives only when the subscription starts, which
// would let it outlive a withdrawn consent or a lost tier.
//
// Between two events a subscription is an object and no goroutine. Its source rings when there may be
// something, its line when there is room again, and a bounded pool of workers, started on demand, carries
// those that were rung as far as they go: one turn each, of a few events at most, so that one that catches
// up does not keep the others waiting.
//
// Events that many subscribers see alike (see Shared) are executed and encoded once.
//
// Locks: those of a transport come before Operation.mu, and that before workers.mu. Nothing of a source or a
// line is called while one of this package is held.
package live
