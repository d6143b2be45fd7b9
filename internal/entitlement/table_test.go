package entitlement_test

import (
	"errors"
	"slices"
	"testing"

	"parkbff/internal/entitlement"
	"parkbff/internal/fault"
	"parkbff/internal/language"
	"parkbff/internal/viewer"
)

const car, anothersCar = 1, 2

// people are one viewer of each tier, all of whom agree to parking and are members.
func people() map[viewer.Tier]*viewer.Viewer {
	agreed, app := []string{"PARKING_CORE", "MEMBERSHIP"}, []string{"APP"}
	return map[viewer.Tier]*viewer.Viewer{
		viewer.TierAnonymous:  viewer.Nobody(),
		viewer.TierRegistered: {Kind: viewer.Driver, Consents: agreed, Channels: app},
		viewer.TierPlateBound: {Kind: viewer.Driver, Consents: agreed, Vehicles: []viewer.Vehicle{{ID: car}}},
		viewer.TierFollowed:   {Kind: viewer.Driver, Consents: agreed, Channels: app, Vehicles: []viewer.Vehicle{{ID: car}}},
		viewer.TierVerified:   {Kind: viewer.Driver, Consents: agreed, Channels: app, Vehicles: []viewer.Vehicle{{ID: car, Verified: true}}},
	}
}

func TestWhatIsListedForATierIsWhatIsRequired(t *testing.T) {
	for tier, v := range people() {
		if v.Tier() != tier {
			t.Fatalf("a %s is a %s", tier, v.Tier())
		}
		may := entitlement.Of(tier, language.English)
		for _, e := range entitlement.All(language.English) {
			listed := slices.ContainsFunc(may, func(m *entitlement.Entitlement) bool { return m.Service == e.Service })
			err := entitlement.Require(v, e.Service, 0)
			switch {
			case listed && err != nil:
				t.Errorf("%s is refused %s: %v", tier, e.Service, err)
			case !listed && tier == viewer.TierAnonymous && !errors.Is(err, fault.Unauthenticated),
				!listed && tier != viewer.TierAnonymous && !errors.Is(err, viewer.FactRequired):
				t.Errorf("%s asking for %s gets %v", tier, e.Service, err)
			}
		}
	}
}

func TestAServiceIsNamedOnceInBothLanguagesWithItsSource(t *testing.T) {
	seen := map[entitlement.Service]bool{}
	chinese := entitlement.All(language.Chinese)
	for i, e := range entitlement.All(language.English) {
		if seen[e.Service] || e.Name == "" || chinese[i].Name == "" || e.Name == chinese[i].Name || e.Source == "" {
			t.Errorf("%s is named twice or not wholly", e.Service)
		}
		seen[e.Service] = true
	}
}

func TestARuleIsAboutTheVehicleAtHand(t *testing.T) {
	owner := people()[viewer.TierVerified]
	if err := entitlement.Require(owner, entitlement.InviteCoDriver, car); err != nil {
		t.Error(err)
	}
	if err := entitlement.Require(owner, entitlement.InviteCoDriver, anothersCar); !errors.Is(err, viewer.FactRequired) {
		t.Errorf("about another's car: %v", err)
	}
}

func TestAVerifiedVehicleNeedsNoChannelForItsRecords(t *testing.T) {
	quiet := &viewer.Viewer{Kind: viewer.Driver, Consents: []string{"PARKING_CORE"}, Vehicles: []viewer.Vehicle{{ID: car, Verified: true}}}
	if err := entitlement.Require(quiet, entitlement.ClearRecords, car); err != nil || quiet.Tier() != viewer.TierPlateBound {
		t.Errorf("%s: %v", quiet.Tier(), err)
	}
	if err := entitlement.Require(quiet, entitlement.FullMask, 0); !errors.Is(err, viewer.FactRequired) {
		t.Errorf("full masking: %v", err)
	}
}

func TestWithoutItsConsentAServiceIsRefusedByPurpose(t *testing.T) {
	for tier, v := range people() {
		v.Consents = nil
		for _, e := range entitlement.Of(tier, language.English) {
			err := entitlement.Require(v, e.Service, 0)
			needs := slices.Contains(e.Consents, "PARKING_CORE")
			if refused := errors.Is(err, viewer.ConsentRequired); refused != needs {
				t.Errorf("%s asking for %s: %v", tier, e.Service, err)
			} else if refused && fault.As(err).Details()["purpose"] != "PARKING_CORE" {
				t.Errorf("%s: %v", e.Service, fault.As(err).Details())
			}
		}
	}
	if err := entitlement.RequireConsents(people()[viewer.TierRegistered], entitlement.StayMessages); err != nil {
		t.Error(err)
	}
	if err := entitlement.RequireConsents(viewer.Nobody(), entitlement.StayMessages); !errors.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
	for _, err := range []error{
		entitlement.Require(people()[viewer.TierVerified], "ANYTHING", 0),
		entitlement.RequireConsents(people()[viewer.TierVerified], "ANYTHING"),
	} {
		if !errors.Is(err, fault.Forbidden) {
			t.Errorf("a service that is none: %v", err)
		}
	}
}
