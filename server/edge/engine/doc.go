// Package engine carries out GraphQL operations within limits, and says of what goes wrong neither more
// than a client may know nor anything the client sent.
//
// It wraps gqlgen's executor and serves every transport (HTTP, WebSocket, server-sent events), so that
// limits, codes and measurements are the same on all of them. Parsing and validation happen here and
// not in the executor: between the two stands the check of a document's shape.
package engine
