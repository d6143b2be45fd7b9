// Package stock is what the program's subscriptions are compared with: gqlgen as its documentation has it
// (https://gqlgen.com/recipes/subscriptions/), with its own WebSocket transport, an InitFunc that verifies
// the same tokens, and for each subscriber a channel and a goroutine that fills it. It serves the document
// that the load tool sends, and nothing else.
package stock

//go:generate go tool gqlgen generate --config gqlgen.yml
