// Package ws serves GraphQL over WebSocket on gorilla/websocket.
//
// It speaks `graphql-transport-ws` (github.com/enisdenjo/graphql-ws, PROTOCOL.md) and, for old
// mini-programs, the legacy `graphql-ws` (github.com/apollographql/subscriptions-transport-ws,
// PROTOCOL.md). What an operation answers is the affair of package live; this package is the line.
//
// Renewing a token in band: a `ping` with payload {"authorization": "Bearer …"} replaces the sign-in
// of an acknowledged connection, and the `pong` answers {"tokenExpiresIn": seconds}, never the token.
// The new token must belong to the same viewer (live.Principal.Subject); otherwise the connection is
// closed with 4403, and the client connects anew as who it now is. Before a token ends the server
// sends a `ping` with payload {"tokenExpiresIn": seconds}. The legacy protocol has no such message:
// its connections are closed when their token ends.
//
// Goroutines: each connection has one that reads, and one that writes while its queue is not empty; one warden
// looks after the time limits of all connections. Operations have none of their own (see package live).
// Messages are received aside, on goroutines that end at once, so that the waiting ones keep the smallest stack
// there is: an idle subscriber is 4.4 KB of heap and stack, 2 KB of it the stack (TestAnIdleSubscriberIsSmall).
//
// Locks: part.mu guards a part of the register of connections, conn.mu all state of one connection. No one
// takes the first while holding the second, and nothing blocks while holding either.
package ws
