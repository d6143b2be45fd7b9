package testkit

import (
	"regexp"
	"testing"
)

var rowID = regexp.MustCompile(`^[RWP]\d{2,3}$`)

// Covers says which rows of docs/requirements.md a test proves. Only a test that goes through the
// running API may say so; `make requirements` lists what was said.
func Covers(tb testing.TB, rows ...string) {
	tb.Helper()
	for _, row := range rows {
		if !rowID.MatchString(row) {
			tb.Fatalf("%q is no row of the requirements", row)
		}
	}
}
