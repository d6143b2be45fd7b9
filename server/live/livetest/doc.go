// Package livetest is a small GraphQL house for testing the streaming transports: a real generated
// schema, people who sign in with tokens, and a log of notices for each of them.
package livetest

//go:generate go tool gqlgen generate --config gqlgen.yml
