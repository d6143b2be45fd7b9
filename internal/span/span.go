// Package span knows stretches of time.
package span

import (
	"slices"
	"time"
)

// Span is the time from an instant, which belongs to it, until another, which does not.
type Span struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
}

// Within answers the part of a span that lies in another, and whether there is any.
func (s Span) Within(other Span) (Span, bool) {
	if other.From.After(s.From) {
		s.From = other.From
	}
	if other.Until.Before(s.Until) {
		s.Until = other.Until
	}
	return s, s.From.Before(s.Until)
}

// Holds tells whether an instant belongs to the span.
func (s Span) Holds(t time.Time) bool { return !t.Before(s.From) && t.Before(s.Until) }

// Outside answers what of a span lies in none of others, first to last.
func Outside(whole Span, others []Span) []Span {
	ordered := slices.SortedFunc(slices.Values(others), func(a, b Span) int { return a.From.Compare(b.From) })
	var rest []Span
	for _, other := range ordered {
		if before, any := whole.Within(Span{whole.From, other.From}); any {
			rest = append(rest, before)
		}
		if other.Until.After(whole.From) {
			whole.From = other.Until
		}
	}
	if whole.From.Before(whole.Until) {
		rest = append(rest, whole)
	}
	return rest
}

// Most answers how many of some spans hold at the same instant, where most do.
func Most(spans []Span) int {
	begins, ends := make([]time.Time, len(spans)), make([]time.Time, len(spans))
	for i, s := range spans {
		begins[i], ends[i] = s.From, s.Until
	}
	slices.SortFunc(begins, time.Time.Compare)
	slices.SortFunc(ends, time.Time.Compare)
	most, over := 0, 0
	for i, begin := range begins {
		for !ends[over].After(begin) {
			over++
		}
		most = max(most, i+1-over)
	}
	return most
}
