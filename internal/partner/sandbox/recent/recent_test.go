package recent_test

import (
	"testing"

	"parkbff/internal/partner/sandbox/recent"
)

func TestOldKeysAreForgotten(t *testing.T) {
	var codes recent.Values[int, string]
	for n := range recent.Kept + 10 {
		codes.Put(n, "1")
		codes.Put(n, "2")
	}
	if _, ok := codes.Get(9); ok || codes.Len() != recent.Kept {
		t.Errorf("%d keys are kept", codes.Len())
	}
	if code, ok := codes.Get(10); !ok || code != "2" {
		t.Errorf("the oldest kept has %q", code)
	}
}

func TestOldThingsLeaveAListInOrder(t *testing.T) {
	var list recent.List[int]
	if got := list.All(); len(got) != 0 {
		t.Errorf("an empty list holds %d", len(got))
	}
	for n := range recent.Sent + 3 {
		list.Add(n)
	}
	got := list.All()
	if len(got) != recent.Sent || got[0] != 3 || got[len(got)-1] != recent.Sent+2 {
		t.Errorf("%d are kept, from %d to %d", len(got), got[0], got[len(got)-1])
	}
}
