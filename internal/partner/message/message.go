// Package message is what the partners that carry messages to people have in common: what is said, in which
// template, and why a message was not carried. What is said is masked already; no partner unmasks anything.
package message

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// Push is a notification for one phone. It prints as "push".
type Push struct {
	To      string // what the partner's SDK in the app calls the phone
	Title   string
	Body    string
	Extras  map[string]string // for the app, once the notification is tapped; nothing personal
	Lasting time.Duration     // how long it is kept for a phone that is offline, as long as the partner does; zero: not
}

// Format prints no address and no word.
func (Push) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "push") }

// LogValue keeps it out of structured logs.
func (Push) LogValue() slog.Value { return slog.StringValue("push") }

// Part is a part of a notice, as templates name it.
type Part string

// Parts of a notice. All but the title may be masked.
const (
	Title   Part = "TITLE"    // what it is about, as `Notice.title`
	LotName Part = "LOT_NAME" // clear, half, or the name that stands for all
	Plate   Part = "PLATE"    // clear, or with stars
	Time    Part = "TIME"     // to the minute, or a part of the day
	Fee     Part = "FEE"      // yuan with two decimals, such as 12.50
)

// Parts answers all of them.
func Parts() []Part { return []Part{Title, LotName, Plate, Time, Fee} }

// Words are the parts of one notice as its reader may see them. They print as "words".
type Words map[Part]string

// Format prints no word.
func (Words) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "words") }

// LogValue keeps them out of structured logs.
func (Words) LogValue() slog.Value { return slog.StringValue("words") }

// Template is a text that a partner has approved, and which part of a notice stands in each of its fields.
type Template struct {
	ID     string          `json:"id"`
	Page   string          `json:"page"` // of the mini-program, which a tap opens; empty: none
	Fields map[string]Part `json:"fields"`
}

// Check refuses a template without an id, or with a field that no part of a notice can fill.
func (t Template) Check() error {
	if t.ID == "" {
		return errors.New("the template has no id")
	}
	if len(t.Fields) == 0 {
		return errors.New("the template has no fields")
	}
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		if !slices.Contains(Parts(), t.Fields[name]) {
			return fmt.Errorf("%s: a notice has no part %q", name, t.Fields[name])
		}
	}
	return nil
}

// none stands for a part that a notice does not have: no partner takes an empty field.
const none = "—"

// Fill answers the template's fields, each made to fit by the partner's rule. Error: Invalid, which names
// the field and not what was to stand in it.
func (t Template) Fill(words Words, fit func(field, value string) (string, bool)) (map[string]string, error) {
	filled := make(map[string]string, len(t.Fields))
	for name, part := range t.Fields {
		value := words[part]
		if value == "" {
			value = none
		}
		fitting, ok := fit(name, value)
		if !ok {
			return nil, Invalid.Because(fmt.Errorf("%s does not fit into %s", part, name))
		}
		filled[name] = fitting
	}
	return filled, nil
}

// Shorten cuts a text that is longer than so many characters and ends it with …. Control characters become
// blanks.
func Shorten(text string, most int) string {
	runes := []rune(text)
	for i, r := range runes {
		if r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' {
			runes[i] = ' '
		}
	}
	if len(runes) > most {
		runes = append(runes[:most-1], '…')
	}
	return string(runes)
}
