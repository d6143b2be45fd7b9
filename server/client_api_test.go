package server_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/server/servertest"
)

func speaking(c *servertest.Client, language string) *servertest.Client {
	c.Header = http.Header{"Accept-Language": {language}}
	return c
}

func TestRefusalsAreInTheLanguageOfTheRequest(t *testing.T) {
	testkit.Covers(t, "P07")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for language, words := range map[string]struct{ mobile, signIn, event string }{
			"zh-CN,zh;q=0.9": {"手机号码格式不正确。", "请先登录。", "请先登录。"},
			"en":             {"This is not a mobile number", "Sign in first.", "Sign in first."},
		} {
			nobody := speaking(h.Anonymous(), language)
			nobody.Asks(sendCode, servertest.Vars{"m": "12"}).MustContain(`"code":"INVALID_MOBILE"`, words.mobile)
			nobody.Asks(`mutation { setFullMask(input: {on: true}) { userErrors { code } } }`).MustBeRefused("UNAUTHENTICATED").MustContain(words.signIn)
			if kind, payload := nobody.Watches(noticed).Hears(5 * time.Second); kind != "error" || !strings.Contains(payload, words.event) {
				t.Errorf("got %s %s", kind, payload)
			}
		}
	})
}

func TestStaffReadWhichFieldsAreMaskedAndHow(t *testing.T) {
	testkit.Covers(t, "R094")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const policy = `{ maskingPolicy { type field formula unless } }`
		h.Staff("WXC").Asks(policy).OK().MustContain(
			`{"type":"ParkingSession","field":"enteredAt","formula":"PART_OF_DAY","unless":"VERIFIED"}`,
			`{"type":"Notice","field":"lotName","formula":"LOT_NAME","unless":"VERIFIED"}`,
		)
		for _, other := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Gate("WXC").Client} {
			other.Asks(policy).MustBeRefused("FORBIDDEN").MustContain(`"maskingPolicy":null`)
		}
	})
}

func TestProductionAnswersNobodyInTheOpen(t *testing.T) {
	testkit.Covers(t, "R117")
	h := inProduction(t)
	open, secure := h.Anonymous(), h.Anonymous()
	secure.Header = http.Header{"X-Forwarded-Proto": {"https"}} // the proxy is on this machine

	open.Asks(`{ viewer { tier } }`).MustBeRefused("HTTPS_REQUIRED").MustNotContain("ANONYMOUS")
	got := secure.Asks(`{ viewer { tier } }`).OK()
	if got.Header.Get("Strict-Transport-Security") == "" {
		t.Error("browsers are not told to insist on TLS")
	}
	for path, want := range map[string]int{"/readyz": http.StatusOK, "/schema.graphql": http.StatusForbidden, "/dev/sms": http.StatusForbidden} {
		if status := statusOf(t, h.URL+path); status != want {
			t.Errorf("%s in the open: %d", path, status)
		}
	}
}

const (
	appConfig = `query($v: String!) { appConfig(platform: ANDROID, version: $v) {
		minimumVersion latestVersion updateRequired updateAvailable packageSha256 switches { name on }
	} }`
	publishRelease = `mutation($in: PublishAppReleaseInput!) { publishAppRelease(input: $in) { appConfig { latestVersion } userErrors { code field } } }`
	switchFeature  = `mutation($in: SetFeatureSwitchInput!) { setFeatureSwitch(input: $in) { appConfig { switches { name on } } userErrors { code field } } }`
)

func TestAClientLearnsOfVersionsAndSwitchesWhichAdministratorsSet(t *testing.T) {
	testkit.Covers(t, "P06", "R088")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		digest := strings.Repeat("0f", 32)
		release := servertest.Vars{"in": servertest.Vars{"platform": "ANDROID", "minimumVersion": "2.0.0", "latestVersion": "3.1.0", "packageSha256": digest}}
		mall := servertest.Vars{"in": servertest.Vars{"platform": "ANDROID", "name": "points-mall", "on": true, "since": "3.0.0"}}
		for _, other := range []*servertest.Client{h.Driver("APP"), h.Staff("WXC"), h.Gate("WXC").Client, h.Officer()} {
			other.Asks(publishRelease, release).MustBeRefused("FORBIDDEN")
			other.Asks(switchFeature, mall).MustBeRefused("FORBIDDEN")
		}
		admin := h.Admin()
		admin.Asks(publishRelease, release).OK().MustContain(`"latestVersion":"3.1.0"`)
		admin.Asks(switchFeature, mall).OK().MustContain(`{"name":"points-mall","on":true}`)

		anybody := h.Anonymous()
		anybody.Asks(appConfig, servertest.Vars{"v": "1.9.9"}).OK().MustContain(`"updateRequired":true`, `"switches":[]`, digest)
		anybody.Asks(appConfig, servertest.Vars{"v": "3.0.0"}).OK().MustContain(
			`"minimumVersion":"2.0.0","latestVersion":"3.1.0","updateRequired":false,"updateAvailable":true`, `{"name":"points-mall","on":true}`)
		anybody.Asks(appConfig, servertest.Vars{"v": "3.1.0"}).OK().MustContain(`"updateAvailable":false`)
		anybody.Asks(appConfig, servertest.Vars{"v": "latest"}).MustBeRefused("INVALID_VERSION")

		h.Clock.Pass(11 * time.Minute) // the second factor is old
		admin.Asks(switchFeature, mall).MustBeRefused("STEP_UP_REQUIRED")
	})
}

// inProduction is a house with credentials for every third party, none of whom is asked anything.
func inProduction(t *testing.T) *servertest.House {
	t.Helper()
	folder := t.TempDir()
	partners, keys := filepath.Join(folder, "partners.json"), filepath.Join(folder, "keys")
	credentials, err := json.Marshal(everyPartner(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(partners, credentials, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.CreateKeys(keys, rand.Reader); err != nil {
		t.Fatal(err)
	}
	return servertest.New(t, servertest.Options{Production: true, Partners: partners, Keys: keys})
}

func statusOf(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
