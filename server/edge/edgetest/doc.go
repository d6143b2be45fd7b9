// Package edgetest is a small GraphQL house for testing the HTTP edge: a real generated schema whose
// resolvers fail in every way there is.
package edgetest

//go:generate go tool gqlgen generate --config gqlgen.yml
