// Package sse serves GraphQL over server-sent events, in the "distinct connections mode" of
// github.com/enisdenjo/graphql-sse, PROTOCOL.md: one request, one operation, one stream of `next`
// events and a `complete`.
//
// What fails before a stream begins is an HTTP status with a coded JSON body: 400, 405, 413, 415, 401
// (the token), 429 (caps), 503 (draining). Whatever the document or its execution does wrong is a
// `next` event with errors, as the protocol demands. When the token ends or is revoked, the last
// `next` carries TOKEN_EXPIRED or SIGN_IN_ENDED. A stream that stops without `complete` was cut (a
// deploy, a slow reader, the network): the client comes back with its last cursor.
package sse
