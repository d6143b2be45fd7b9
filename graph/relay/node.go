package relay

// Node is whatever has a global id: the Go model of `interface Node { id: ID! }`.
//
// It asks for no method, so that entities and domain structs need not know that GraphQL exists. The
// executor knows the types that implement the interface in the schema and refuses any other.
type Node any
