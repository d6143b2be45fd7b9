// Package language says in which of the service's languages a request is answered (P07).
package language

import (
	"context"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

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
	if l == Of(ctx) {
		return ctx
	}
	return context.WithValue(ctx, contextKey{}, l)
}

// Asked answers a context whose request is answered in the language that its Accept-Language field asks for.
// The field is read when somebody first wants to know: most answers have no words of ours.
func Asked(ctx context.Context, field string) context.Context {
	return context.WithValue(ctx, contextKey{}, sync.OnceValue(func() Language { return Accepted(field) }))
}

// Of tells in which language a request is answered.
func Of(ctx context.Context) Language {
	switch spoken := ctx.Value(contextKey{}).(type) {
	case Language:
		return spoken
	case func() Language:
		return spoken()
	}
	return English
}

var offered = language.NewMatcher([]language.Tag{language.English, language.Chinese})

// Accepted answers the language that an Accept-Language field asks for (RFC 9110 section 12.5.4). English
// is the answer to none, and to what is not understood.
func Accepted(field string) Language {
	if field == "" || len(field) > longestField {
		return English
	}
	wanted, _, err := language.ParseAcceptLanguage(strings.ReplaceAll(field, "_", "-")) // WeChat says zh_CN
	if err != nil {
		return English
	}
	if _, which, sure := offered.Match(wanted...); sure != language.No && which == 1 {
		return Chinese
	}
	return English
}

// longestField bounds what is parsed.
const longestField = 256
