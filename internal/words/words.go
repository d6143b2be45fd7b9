// Package words checks what people write: names, purposes, answers, complaints. Printable is what Unicode calls graphic, the
// wide space (U+3000) too.
package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line tells whether a text is one line of printable characters, so many at most.
func Line(text string, most int) bool { return fits(text, most, unicode.IsGraphic) }

// Prose tells whether a text is lines of printable characters, so many at most with the breaks between them.
func Prose(text string, most int) bool {
	return fits(text, most, func(r rune) bool { return r == '\n' || unicode.IsGraphic(r) })
}

func fits(text string, most int, allowed func(rune) bool) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most &&
		!strings.ContainsFunc(text, func(r rune) bool { return !allowed(r) })
}
