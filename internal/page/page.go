// Package page holds the two halves of keyset paging: what a list is asked for, and what it answers.
//
// A list reads one row more than it was asked for, and that row says whether more follow, so that no
// list ever counts.
package page

// Request asks for the next First rows after row After of one list.
//
// After is a row id, not a place in an order: the list reads its own sort key from that row. Zero
// starts at the beginning.
type Request struct {
	First int
	After int64
}

// Limit is the number of rows to read: one more than asked for, for Cut to find.
func (r Request) Limit() int { return r.First + 1 }

// Of is one page of a list. More says that rows follow the last item.
type Of[T any] struct {
	Items []T
	More  bool
}

// Cut makes a page of at most first items from rows read with Request.Limit. The page keeps the order
// and shares the memory of rows.
func Cut[T any](rows []T, first int) Of[T] {
	if len(rows) <= first {
		return Of[T]{Items: rows}
	}
	return Of[T]{Items: rows[:first:first], More: true}
}
