package parking_test

import (
	"testing"

	"parkbff/internal/parking"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

func TestALotIsTheSameUntilItChanges(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		a, b := r.lotOf("A"), r.lotOf("B")
		if err := r.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r.lotOf("A") != a || r.lotOf("B") != b {
			t.Error("another lot, although nothing has changed")
		}
		larger := lotNamed("B")
		larger.Capacity++
		if err := r.Import(t.Context(), []lotfile.Lot{lotNamed("A"), larger}); err != nil {
			t.Fatal(err)
		}
		if r.lotOf("A") != a {
			t.Error("another lot A, although B has changed")
		}
		if got := r.lotOf("B"); got == b || got.Capacity != larger.Capacity {
			t.Errorf("lot B has %d bays", got.Capacity)
		}
	})
}

func (r *rig) lotOf(code string) *parking.Lot {
	r.t.Helper()
	lot, ok := r.Lot(code)
	if !ok {
		r.t.Fatalf("no lot %s", code)
	}
	return lot
}
