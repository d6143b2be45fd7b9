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
