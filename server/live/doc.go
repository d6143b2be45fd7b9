// Package live carries out GraphQL operations for the transports that keep a line open: server/ws and
// server/sse.
//
// A subscription is validated once and then executed afresh for every event: a new operation context,
// the event in the context, and the viewer of that moment. The subscription resolver answers a closed
// channel that holds the event (see One), so the directives on the root field and the masks below it
// run for every event. Stock gqlgen runs root directives only when the subscription starts, which
// would let it outlive a withdrawn consent or a lost tier.
package live
