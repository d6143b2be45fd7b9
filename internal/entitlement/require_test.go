package entitlement_test

import (
	"errors"
	"testing"

	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

func TestMachinesAndStaffAreForbiddenWhatNobodyMaySignInFor(t *testing.T) {
	for v, want := range map[*viewer.Viewer]error{
		viewer.Nobody(): fault.Unauthenticated, {Kind: viewer.Gate}: fault.Forbidden, {Kind: viewer.Staff}: fault.Forbidden,
		{Kind: viewer.Driver, AccountID: 1}: nil,
	} {
		if err := entitlement.Require(v, entitlement.ManageDevices, 0); !errors.Is(err, want) {
			t.Errorf("%+v: %v", v, err)
		}
	}
}

func TestARefusalNamesTheVehicleThatLacksTheFact(t *testing.T) {
	v := &viewer.Viewer{
		Kind: viewer.Driver, Channels: []string{"APP"},
		Vehicles: []viewer.Vehicle{{ID: 1, Binding: 11, Verified: true}, {ID: 2, Binding: 12}},
	}
	if err := entitlement.Require(v, entitlement.InviteCoDriver, 1); err != nil {
		t.Error(err)
	}
	for vehicle, want := range map[int64]any{2: viewer.VehicleRef(12), 3: nil} { // the third is another's
		err := entitlement.Require(v, entitlement.InviteCoDriver, vehicle)
		if !errors.Is(err, viewer.FactRequired) || fault.As(err).Details()["vehicle"] != want {
			t.Errorf("vehicle %d: %v", vehicle, fault.As(err).Details())
		}
	}
}
