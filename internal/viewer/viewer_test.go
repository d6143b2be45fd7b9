package viewer_test

import (
	"context"
	"errors"
	"testing"

	"parkbff/internal/fault"
	"parkbff/internal/viewer"
)

const (
	verifiedCar = 1
	otherCar    = 2
	ownLot      = 7
	otherLot    = 8
)

func driver(channels []string, cars ...viewer.Vehicle) *viewer.Viewer {
	return &viewer.Viewer{Kind: viewer.Driver, AccountID: 1, Channels: channels, Vehicles: cars}
}

func TestATierNeedsEveryOneBeforeIt(t *testing.T) {
	app, none := []string{"APP"}, []string(nil)
	bound, verified := viewer.Vehicle{ID: otherCar}, viewer.Vehicle{ID: verifiedCar, Verified: true}
	for name, test := range map[string]struct {
		v    *viewer.Viewer
		tier viewer.Tier
		next viewer.Step
	}{
		"nobody":                  {viewer.Nobody(), viewer.TierAnonymous, viewer.Register},
		"a gate":                  {&viewer.Viewer{Kind: viewer.Gate}, viewer.TierAnonymous, viewer.Register},
		"no plate":                {driver(app), viewer.TierRegistered, viewer.BindPlate},
		"no channel":              {driver(none, bound), viewer.TierPlateBound, viewer.FollowChannel},
		"verified but no channel": {driver(none, verified), viewer.TierPlateBound, viewer.FollowChannel},
		"following":               {driver(app, bound), viewer.TierFollowed, viewer.VerifyVehicle},
		"the best vehicle counts": {driver(app, bound, verified), viewer.TierVerified, ""},
	} {
		t.Run(name, func(t *testing.T) {
			next, more := test.v.NextStep()
			if tier := test.v.Tier(); tier != test.tier || next != test.next || more != (test.next != "") {
				t.Errorf("got %s, next %q", tier, next)
			}
		})
	}
}

func TestFactsAreAboutTheVehicleAndTheLotAtHand(t *testing.T) {
	owner := driver([]string{"APP"}, viewer.Vehicle{ID: otherCar}, viewer.Vehicle{ID: verifiedCar, Verified: true})
	staff := &viewer.Viewer{Kind: viewer.Staff, Lots: []viewer.LotRole{{LotID: ownLot, Role: viewer.Attendant}}}
	for name, test := range map[string]struct {
		v            *viewer.Viewer
		fact         viewer.Fact
		vehicle, lot int64
		want         bool
	}{
		"the verified car":            {owner, viewer.Verified, verifiedCar, 0, true},
		"the other car":               {owner, viewer.Verified, otherCar, 0, false},
		"the other car is bound":      {owner, viewer.Bound, otherCar, 0, true},
		"a stranger's car":            {owner, viewer.Bound, 99, 0, false},
		"no car at hand":              {owner, viewer.Verified, 0, 0, false},
		"staff of the lot":            {staff, viewer.LotStaff, 0, ownLot, true},
		"staff of another lot":        {staff, viewer.LotStaff, 0, otherLot, false},
		"no lot at hand":              {staff, viewer.LotStaff, 0, 0, false},
		"staff verify nothing":        {staff, viewer.Verified, verifiedCar, ownLot, false},
		"staff are no account":        {staff, viewer.Registered, 0, 0, false},
		"an unknown fact never holds": {owner, "ANYTHING", verifiedCar, ownLot, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.v.Knows(test.fact, test.vehicle, test.lot); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestADenialNamesTheFactAndTheNextStep(t *testing.T) {
	err := driver(nil, viewer.Vehicle{ID: otherCar}).Lacks(viewer.Verified)
	if !errors.Is(err, viewer.FactRequired) {
		t.Fatalf("got %v", err)
	}
	details := fault.As(err).Details()
	if details["fact"] != "VERIFIED" || details["nextStep"] != "VERIFY_VEHICLE" {
		t.Errorf("got %v", details)
	}
	if _, ok := fault.As(viewer.Nobody().Lacks(viewer.LotStaff)).Details()["nextStep"]; ok {
		t.Error("nobody can apply to be staff")
	}
}

func TestAViewerIsReplacedForItsOwnRequestOnly(t *testing.T) {
	ctx := viewer.With(t.Context(), viewer.Nobody())
	job := viewer.AsSystem(ctx, "job")
	viewer.Replace(job, driver(nil))

	if viewer.Of(ctx).Kind != viewer.Anonymous {
		t.Error("a job changed who asks")
	}
	viewer.Replace(ctx, driver(nil))
	if viewer.Of(ctx).Kind != viewer.Driver {
		t.Error("the viewer was not replaced")
	}
	if viewer.Of(t.Context()).Kind != viewer.Anonymous {
		t.Error("without a viewer nobody asks")
	}
}

func TestOnceLoadsOncePerRequestAndAnewForANewViewer(t *testing.T) {
	type key struct{}
	loads := 0
	load := func(context.Context) (int, error) { loads++; return loads, nil }
	ctx := viewer.With(t.Context(), viewer.Nobody())
	for range 3 {
		if got, err := viewer.Once(ctx, key{}, load); got != 1 || err != nil {
			t.Fatalf("got %d, %v", got, err)
		}
	}
	viewer.Replace(ctx, driver(nil))
	if got, _ := viewer.Once(ctx, key{}, load); got != 2 {
		t.Errorf("after a change of facts: %d", got)
	}
	failing := errors.New("away")
	if _, err := viewer.Once(viewer.With(t.Context(), viewer.Nobody()), key{}, func(context.Context) (int, error) { return 0, failing }); !errors.Is(err, failing) {
		t.Errorf("got %v", err)
	}
}
