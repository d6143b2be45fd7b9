package consents_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent/consent"
	"parkbff/internal/privacy/consents"
)

func published(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("catalogue.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

const (
	firstVersion = `{"version": "2025-05-16", "effectiveAt": "2025-05-16T00:00:00+08:00"}`
	nextVersion  = `{"version": "v2", "effectiveAt": "2026-12-01T00:00:00+08:00"}`
	coreText     = `"changedIn": "2025-05-16",
          "source": "捷停车用户隐私政策 (二)2(1)",`
)

func TestAConsentCountsUntilThePurposeChanges(t *testing.T) {
	raw := strings.Replace(published(t), firstVersion, firstVersion+","+nextVersion, 1)
	raw = strings.Replace(raw, `"texts": [`, `"texts": [{"changedIn": "2025-05-16", "source": "s", "name": {"zh": "a", "en": "a"}, "description": {"zh": "a", "en": "a"}},`, 1)
	raw = strings.Replace(raw, coreText, `"changedIn": "v2", "source": "s",`, 1)
	c, err := consents.ParseCatalogue([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	change := time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name    string
		purpose consent.Purpose
		version string
		at      time.Time
		want    bool
	}{
		{"before the change", consent.PurposePARKING_CORE, "2025-05-16", change.Add(-time.Second), true},
		{"from the change on", consent.PurposePARKING_CORE, "2025-05-16", change, false},
		{"in the version to come", consent.PurposePARKING_CORE, "v2", change.Add(-time.Second), false},
		{"in the new version", consent.PurposePARKING_CORE, "v2", change, true},
		{"a purpose that stays as it was", consent.PurposePROMOTIONS, "2025-05-16", change, true},
		{"a version that never was", consent.PurposePROMOTIONS, "v1", change, false},
		{"no version", consent.PurposePROMOTIONS, "", change, false},
		{"a purpose that is none", "ANYTHING", "v2", change, false},
	} {
		if got := c.Counts(test.purpose, test.version, test.at); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	if was, is := c.InForce(change.Add(-time.Second)), c.InForce(change); was != "2025-05-16" || is != "v2" {
		t.Errorf("in force: %s, then %s", was, is)
	}
}

func TestACatalogueThatIsNotWholeStopsTheStart(t *testing.T) {
	good := published(t)
	for name, change := range map[string][2]string{
		"an unknown field":               {`"separate": false`, `"separately": false`},
		"no controller":                  {`"controller": "深圳市顺易通信息科技有限公司"`, `"controller": ""`},
		"no versions":                    {firstVersion, ""},
		"a version twice":                {firstVersion, firstVersion + "," + firstVersion},
		"versions out of order":          {firstVersion, nextVersion + "," + firstVersion},
		"a version without a day":        {`, "effectiveAt": "2025-05-16T00:00:00+08:00"`, ""},
		"a purpose of nobody's":          {`"code": "PROMOTIONS"`, `"code": "SELLING"`},
		"a purpose twice":                {`"code": "PROMOTIONS"`, `"code": "PARKING_CORE"`},
		"a text of no version":           {`"changedIn": "2025-05-16"`, `"changedIn": "2025-05-17"`},
		"a name in one language":         {`"en": "Smart parking"`, `"en": ""`},
		"a purpose without its source":   {`"source": "捷停车用户隐私政策 (二)4(3)"`, `"source": ""`},
		"something after the catalogue":  {"", ""},
		"something that is no catalogue": {good, "[]"},
	} {
		raw := good + `{}`
		if name != "something after the catalogue" {
			raw = strings.Replace(good, change[0], change[1], 1)
		}
		if _, err := consents.ParseCatalogue([]byte(raw)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := consents.Published(); err != nil {
		t.Error(err)
	}
}

func TestWhatCountsIsInForceAndOnlyGrowsUntilAChange(t *testing.T) {
	raw := strings.Replace(published(t), firstVersion, firstVersion+","+nextVersion, 1)
	c, err := consents.ParseCatalogue([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "seconds"), 0)
		for _, purpose := range consents.Purposes() {
			if counting := c.Counting(purpose, at); !slices.Contains(counting, c.InForce(at)) {
				t.Errorf("%s: what is in force does not count: %v", purpose, counting)
			}
		}
	})
}
