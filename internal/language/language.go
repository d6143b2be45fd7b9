// Package language says in which of the service's languages a request is answered (P07).
package language

import "context"

// Language of an answer.
type Language uint8

// Languages. English is that of the contract, and of whoever asks for neither.
const (
	English Language = iota
	Chinese
)

type contextKey struct{}

// With answers a context whose request is answered in l.
func With(ctx context.Context, l Language) context.Context {
	return context.WithValue(ctx, contextKey{}, l)
}

// Of tells in which language a request is answered.
func Of(ctx context.Context) Language {
	l, _ := ctx.Value(contextKey{}).(Language)
	return l
}
