// Package sse serves GraphQL over server-sent events, in both modes of github.com/enisdenjo/graphql-sse,
// PROTOCOL.md.
//
// In the distinct connections mode one request is one operation and one stream of `next` events and a
// `complete`. In the single connection mode PUT reserves a stream and answers its token (here: ticket), GET
// opens it, POST hands it operations under ids of the client, DELETE stops one. A ticket is good for one
// stream, within ten seconds, and for the viewer who reserved it: everybody else's is not found.
//
// Requests of the single connection mode may arrive at any replica. They are errands, sealed, over the bus, to
// whoever answers for the ticket: the replica where it was reserved, until the stream is open, and then the
// one where that is. So nothing has to be sticky, and nothing is stored.
//
// What fails before a stream begins is an HTTP status with a coded JSON body: 400, 405, 413, 415, 401
// (the token), 404 and 409 (the ticket, the id), 429 (caps), 503 (draining, the bus is away). Whatever the
// document or its execution does wrong is a `next` event with errors, as the protocol demands; where the
// document comes by a POST of its own, its errors are the answer to that, 400. When the token ends or is
// revoked, the last `next` of each operation carries TOKEN_EXPIRED or SIGN_IN_ENDED. A stream that stops
// without `complete` was cut (a deploy, a slow reader, the network): the client comes back with its last
// cursor.
package sse
