package replay

import (
	"fmt"
	"time"
)

const week = 7 * 24 * time.Hour

// set is one copy of the records, shifted by a number of weeks. Everything the server is told of one set
// is apart from every other set.
type set struct {
	weeks int
	name  string // empty for records as they are, w377 for those shifted by 377 weeks
}

func newSet(weeks int) set {
	if weeks == 0 {
		return set{}
	}
	return set{weeks: weeks, name: fmt.Sprintf("w%d", weeks)}
}

// weeksUntil is the most weeks by which last can be shifted without passing now; negative when last lies
// in the future.
func weeksUntil(now, last time.Time) int {
	weeks := now.Sub(last) / week
	if last.Add(weeks * week).After(now) {
		weeks--
	}
	return int(weeks)
}

func (s set) shift(t time.Time) time.Time { return t.Add(time.Duration(s.weeks) * week) }

// shiftDate shifts a bound that may be open.
func (s set) shiftDate(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return s.shift(t)
}

// longestEventID is what the contract allows.
const longestEventID = 64

// eventID is the id of one of a stay's two observations.
func (s set) eventID(lotCode string, row int, d direction) string {
	way := "in"
	if d == leaving {
		way = "out"
	}
	id := fmt.Sprintf("%s-%d-%s", lotCode, row, way)
	if s.name != "" {
		id += "-" + s.name
	}
	return id
}

// sets is after how many weeks the accounts of a set are used again: 192 years.
const sets = 10_000

// accountNumber tells the accounts of all sets apart.
func (s set) accountNumber(i int) int {
	return ((s.weeks%sets+sets)%sets)*mostAccounts + i
}
