package appconfig_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent/apprelease"
	"parkbff/ent/featureswitch"
	"parkbff/internal/appconfig"
	"parkbff/internal/fault"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

// office lets in who is said to be in office.
type office struct{ refusal, second error }

func (o office) Office(context.Context, viewer.Role) (*viewer.Viewer, error) {
	return viewer.Nobody(), o.refusal
}
func (o office) SteppedUp(context.Context) error { return o.second }

func open(s *store.Store, o office) *appconfig.Service {
	return appconfig.New(appconfig.ServiceConfig{Store: s, Clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)), Office: o})
}

func TestAClientLearnsWhetherItIsTooOldAndWhatIsOn(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		apps := open(s, office{})
		must := func(told *appconfig.Config, err error) *appconfig.Config {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return told
		}
		before := must(apps.Of(t.Context(), apprelease.PlatformIOS, "0.0.1"))
		if before.UpdateRequired || before.UpdateAvailable {
			t.Error("nothing was published, and yet a client is too old")
		}
		sum := strings.Repeat("ab", 32)
		must(apps.Publish(t.Context(), appconfig.Release{Platform: apprelease.PlatformIOS, Minimum: "1.0.0", Latest: "1.2.0"}))
		must(apps.Publish(t.Context(), appconfig.Release{Platform: apprelease.PlatformIOS, Minimum: "2.9.0", Latest: "3.10.0", PackageSha256: sum}))
		for _, f := range []appconfig.Feature{
			{Name: "points-mall", Platform: featureswitch.PlatformIOS, On: true},
			{Name: "points-mall", Platform: featureswitch.PlatformANDROID, On: true},
			{Name: "car-wash", Platform: featureswitch.PlatformIOS, On: true, Since: "3.0.0"},
			{Name: "car-wash", Platform: featureswitch.PlatformIOS, On: false, Since: "3.10.0"},
		} {
			must(apps.Switch(t.Context(), f))
		}
		on, off := appconfig.Switch{Name: "points-mall", On: true}, appconfig.Switch{Name: "car-wash", On: false}
		for version, want := range map[string]*appconfig.Config{
			"2.10.0": {UpdateAvailable: true, Switches: []appconfig.Switch{on}},
			"2.8.9":  {UpdateAvailable: true, UpdateRequired: true, Switches: []appconfig.Switch{on}},
			"3.10.0": {Switches: []appconfig.Switch{off, on}},
			"4.0.0":  {Switches: []appconfig.Switch{off, on}},
		} {
			want.MinimumVersion, want.LatestVersion, want.PackageSha256 = "2.9.0", "3.10.0", &sum
			if diff := cmp.Diff(want, must(apps.Of(t.Context(), apprelease.PlatformIOS, version))); diff != "" {
				t.Errorf("%s: %s", version, diff)
			}
		}
	})
}

func TestOnlyAdministratorsWithASecondFactorPublish(t *testing.T) {
	s, second := testkit.SQLite(t), fault.New("STEP_UP_REQUIRED", "Second factor.")
	for want, o := range map[*fault.Error]office{fault.Forbidden: {refusal: fault.Forbidden}, second: {second: second}} {
		apps := open(s, o)
		_, published := apps.Publish(t.Context(), appconfig.Release{Platform: apprelease.PlatformH5, Minimum: "1.0.0", Latest: "1.0.0"})
		_, switched := apps.Switch(t.Context(), appconfig.Feature{Name: "x", Platform: featureswitch.PlatformH5})
		if !errors.Is(published, want) || !errors.Is(switched, want) {
			t.Errorf("got %v and %v", published, switched)
		}
	}
}

func TestWhatIsNoReleaseIsRefused(t *testing.T) {
	apps := open(testkit.SQLite(t), office{})
	for name, r := range map[string]appconfig.Release{
		"no version":           {Latest: "1.0.0"},
		"two numbers":          {Minimum: "1.0", Latest: "1.0.0"},
		"a label":              {Minimum: "1.0.0-beta", Latest: "1.0.0"},
		"a build":              {Minimum: "1.0.0", Latest: "1.0.0+7"},
		"newest below minimum": {Minimum: "1.10.0", Latest: "1.9.0"},
		"no digest":            {Minimum: "1.0.0", Latest: "1.0.0", PackageSha256: "beef"},
	} {
		r.Platform = apprelease.PlatformH5
		if _, err := apps.Publish(t.Context(), r); fault.As(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, f := range map[string]appconfig.Feature{
		"no name": {}, "capitals": {Name: "Mall"}, "long": {Name: strings.Repeat("a", 41)}, "no version": {Name: "mall", Since: "new"},
	} {
		f.Platform = featureswitch.PlatformH5
		if _, err := apps.Switch(t.Context(), f); fault.As(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := apps.Of(t.Context(), apprelease.PlatformH5, "v1"); !errors.Is(err, appconfig.InvalidVersion) {
		t.Errorf("got %v", err)
	}
}
