package entitlement_test

import (
	"testing"

	"parkbff/internal/entitlement"
	"parkbff/internal/viewer"
)

func TestAskingForAServiceCostsNoMemory(t *testing.T) {
	v := &viewer.Viewer{Kind: viewer.Driver, AccountID: 1, Consents: []string{"PARKING_CORE"}}
	allocs := testing.AllocsPerRun(100, func() {
		if err := entitlement.Require(v, entitlement.StayRecords, 0); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
