// Package contract holds the composed contract, as the program serves it.
package contract

import _ "embed"

// SDL is schema.graphql.
//
//go:embed schema.graphql
var SDL []byte
