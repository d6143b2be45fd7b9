// Package edge is the HTTP side of the program: GraphQL over HTTP (POST, GET, multipart uploads), who
// is signed in, what is logged and measured, and the small endpoints beside it.
//
// It follows GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/) and the GraphQL
// multipart request specification (https://github.com/jaydenseric/graphql-multipart-request-spec).
// gqlgen's own transports are not used: they echo malformed bodies to the client and the log, panic on
// upload paths that lead nowhere, and answer statuses that the specification does not know. Nothing of
// a body, a token, an address or a variable appears in an answer's errors or in the log.
package edge
