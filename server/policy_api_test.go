package server_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"parkbff/internal/clock"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	nextVersion = "2026-11-22"
	newWords    = "新的处理目的"
)

// amended is the published policy with a next version, from tomorrow on, in which purposes have changed.
func amended(t *testing.T, changed ...string) *consents.Catalogue {
	t.Helper()
	raw, err := os.ReadFile("../internal/privacy/consents/catalogue.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	file["versions"] = append(file["versions"].([]any), map[string]any{"version": nextVersion, "effectiveAt": "2026-11-22T00:00:00+08:00"})
	for _, p := range file["purposes"].([]any) {
		p := p.(map[string]any)
		for _, code := range changed {
			if p["code"] == code {
				p["texts"] = append(p["texts"].([]any), map[string]any{
					"changedIn": nextVersion, "source": "新版", "name": map[string]any{"zh": newWords, "en": newWords},
					"description": map[string]any{"zh": newWords, "en": newWords},
				})
			}
		}
	}
	if raw, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	catalogue, err := consents.ParseCatalogue(raw)
	if err != nil {
		t.Fatal(err)
	}
	return catalogue
}

func TestAPurposeThatHasChangedIsAgreedToAnew(t *testing.T) {
	testkit.Covers(t, "R078")
	o := servertest.Options{Catalogue: amended(t, "PARKING_CORE", "MOVEMENT_TRACK")}
	servertest.EachWith(t, o, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		driver, gate := h.Driver("APP"), h.Gate("WXC")
		car := driver.Binds(plate)
		before := idOf(gate.Sees(plate, servertest.Entering, servertest.Morning))
		driver.Asks(grantConsent, agreeing("PROMOTIONS", firstVersion, "")).OK()
		driver.Asks(grantConsent, agreeing("PARKING_CORE", nextVersion, "")).MustBeRefused("CONSENT_VERSION_OUTDATED") // not yet
		driver.Asks(ownConsents).OK().MustNotContain("OUTDATED")

		h.Clock.Pass(24 * time.Hour)
		if err := h.Identity.UntrackOutdated(t.Context()); err != nil {
			t.Fatal(err)
		}
		driver = driver.Refreshes()
		driver.Asks(ownStays).MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"PARKING_CORE"`)
		driver.Watches(noticed).Refused().MustBeRefused("CONSENT_REQUIRED")
		driver.Asks(ownConsents).OK().MustContain(
			`"purpose":"PARKING_CORE","policyVersion":"2025-05-16","state":"OUTDATED"`,
			`"purpose":"MOVEMENT_TRACK","policyVersion":"2025-05-16","state":"OUTDATED"`,
			`"purpose":"PROMOTIONS","policyVersion":"2025-05-16","state":"GRANTED"`)
		driver.Asks(`{ consentPurposes { purpose policyVersion granted description } }`).OK().MustContain(
			`{"purpose":"PARKING_CORE","policyVersion":"2026-11-22","granted":false,"description":"新的处理目的"}`,
			`{"purpose":"PROMOTIONS","policyVersion":"2025-05-16","granted":true`)

		driver.Asks(grantConsent, agreeing("PARKING_CORE", firstVersion, "")).MustBeRefused("CONSENT_VERSION_OUTDATED")
		driver.Asks(grantConsent, agreeing("PARKING_CORE", nextVersion, "")).OK().MustContain(`"policyVersion":"2026-11-22"`)
		driver.Asks(ownStays).OK().MustContain(before) // nobody took anything back
		gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
		h.Clock.Pass(time.Minute)
		unseen := idOf(gate.Sees(plate, servertest.Entering, h.Clock.Now()))
		driver.Asks(ownStays).OK().MustNotContain(unseen)
		driver.Asks(grantConsent, agreeing("MOVEMENT_TRACK", nextVersion, car)).OK()
		h.Clock.Pass(time.Minute)
		seen := idOf(h.Gate("WXT").Sees(plate, servertest.Entering, h.Clock.Now()))
		driver.Asks(ownStays).OK().MustContain(seen).MustNotContain(unseen)
		driver.Asks(ownConsents).OK().MustContain(
			`"purpose":"PARKING_CORE","policyVersion":"2025-05-16","state":"ENDED"`,
			`"purpose":"PARKING_CORE","policyVersion":"2026-11-22","state":"GRANTED"`).MustNotContain("OUTDATED")
		h.Driver("APP").Asks(ownConsents).OK().MustContain(`"policyVersion":"2026-11-22"`).MustNotContain(firstVersion)
	})
}

// No job has run yet, and facts are remembered for a minute: from the instant a version takes effect, what was
// agreed to before it is not used all the same.
func TestAnOutdatedConsentIsNotUsedFromTheInstantOn(t *testing.T) {
	testkit.Covers(t, "R078")
	const plate = "粤B12345"
	for _, changed := range []string{"PARKING_CORE", "MOVEMENT_TRACK"} {
		servertest.EachWith(t, servertest.Options{Catalogue: amended(t, changed)}, func(t *testing.T, h *servertest.House) {
			effective := time.Date(2026, 11, 22, 0, 0, 0, 0, clock.Shanghai)
			driver, gate := h.Bound("APP", plate), h.Gate("WXC")
			car := driver.Asks(`{ viewer { vehicles { id } } }`).OK().String("viewer.vehicles.0.id")
			h.Clock.Set(effective.Add(-time.Second))
			driver = driver.Refreshes()
			told := driver.Watches(noticed)
			before := idOf(gate.Sees(plate, servertest.Entering, h.Clock.Now()).OK())
			told.Next().MustContain(`"ENTERED"`)
			driver.Asks(ownStays).OK().MustContain(before)

			h.Clock.Set(effective)
			if changed == "PARKING_CORE" {
				driver.Asks(ownStays).MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"PARKING_CORE"`)
				driver.Watches(noticed).Refused().MustBeRefused("CONSENT_REQUIRED")
			}
			gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
			unseen := idOf(h.Gate("WXT").Sees(plate, servertest.Entering, h.Clock.Now()).OK())
			told.Quiet(50 * time.Millisecond)

			in := agreeing(changed, nextVersion, "")
			if changed == "MOVEMENT_TRACK" {
				in = agreeing(changed, nextVersion, car)
			}
			driver.Asks(grantConsent, in).OK()
			driver.Asks(ownStays).OK().MustContain(before).MustNotContain(unseen, `"EXITED"`)
			told = driver.Watches(noticed)
			h.Clock.Pass(time.Minute)
			h.Gate("WXT").Sees(plate, servertest.Leaving, h.Clock.Now()).OK() // of a stay that is not seen
			h.Clock.Pass(time.Minute)
			seen := idOf(gate.Sees(plate, servertest.Entering, h.Clock.Now()).OK())
			told.Next().MustContain(`"ENTERED"`)
			driver.Asks(ownStays).OK().MustContain(before, seen).MustNotContain(unseen)
		})
	}
}

func TestAVersionThatChangesNothingOfAPurposeAsksNobodyAnew(t *testing.T) {
	testkit.Covers(t, "R078")
	servertest.EachWith(t, servertest.Options{Catalogue: amended(t)}, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		h.Clock.Pass(24 * time.Hour)
		if err := h.Identity.UntrackOutdated(t.Context()); err != nil {
			t.Fatal(err)
		}
		driver = driver.Refreshes()
		stay := idOf(h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()))
		driver.Asks(ownStays).OK().MustContain(stay, `"ENTERED"`)
		driver.Asks(ownConsents).OK().MustNotContain("OUTDATED")
		for _, version := range []string{firstVersion, nextVersion} { // the words are the same in both
			driver.Asks(grantConsent, agreeing("PROMOTIONS", version, "")).OK()
		}
	})
}

func TestAReceiptIsVerifiedByThePublishedKeysAndSignsNobodyIn(t *testing.T) {
	testkit.Covers(t, "R092")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		car := driver.Binds("粤B12345")
		given := receiptOf(driver, "MOVEMENT_TRACK")
		if again := receiptOf(driver, "MOVEMENT_TRACK"); again != given {
			t.Error("one consent has two receipts")
		}
		said := verified(t, h, given)
		for name, want := range map[string]any{
			"purpose": "MOVEMENT_TRACK", "notice_version": firstVersion, "state": "GRANTED", "separate": true,
			"controller": "深圳市顺易通信息科技有限公司", "notice": "捷停车用户隐私政策", "granted_at": "2026-11-21T09:00:00+08:00",
		} {
			if said[name] != want {
				t.Errorf("%s is %v, not %v", name, said[name], want)
			}
		}
		body, _ := base64.RawURLEncoding.DecodeString(strings.Split(given, ".")[1])
		for _, hidden := range []string{"12345", driver.Mobile, car, `"aud"`, `"sid"`} {
			if strings.Contains(string(body), hidden) {
				t.Errorf("the receipt shows %s", hidden)
			}
		}
		if other := verified(t, h, receiptOf(h.Bound("APP", "粤B12345"), "MOVEMENT_TRACK")); other["sub"] == said["sub"] ||
			other["jti"] == said["jti"] || other["vehicle"] == said["vehicle"] {
			t.Error("two people's receipts can be joined")
		}
		h.With(given).Asks(`{ viewer { tier } }`).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`)

		h.Clock.Pass(time.Minute)
		driver.Asks(withdrawConsent, agreeing("MOVEMENT_TRACK", "", car)).OK()
		taken := verified(t, h, receiptOf(driver, "MOVEMENT_TRACK"))
		if taken["state"] != "WITHDRAWN" || taken["withdrawn_at"] != "2026-11-21T09:01:00+08:00" || taken["jti"] != said["jti"] {
			t.Errorf("afterwards the receipt says %v", taken)
		}
	})
}

// receiptOf is the receipt of an account's latest consent to a purpose.
func receiptOf(c *servertest.Client, purpose string) string {
	c.House.T.Helper()
	for _, node := range servertest.Nodes(c.Asks(ownConsents).OK().Shown(), "viewer.account.consents").([]any) {
		if servertest.Part(node, "purpose") == purpose {
			return servertest.Part(node, "receipt").(string)
		}
	}
	c.House.T.Fatal("there is no such consent")
	return ""
}

// verified answers what a receipt says, when one of the published keys has signed it.
func verified(t *testing.T, h *servertest.House, receipt string) jwt.MapClaims {
	t.Helper()
	response, err := http.Get(h.URL + "/.well-known/jwks.json") //nolint:noctx // the test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var set struct{ Keys []struct{ Kid, X string } }
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		t.Fatal(err)
	}
	said := jwt.MapClaims{}
	key := func(token *jwt.Token) (any, error) {
		if token.Header["typ"] != "consent-receipt+jwt" {
			t.Errorf("the receipt's type is %v", token.Header["typ"])
		}
		for _, k := range set.Keys {
			if k.Kid == token.Header["kid"] {
				x, err := base64.RawURLEncoding.DecodeString(k.X)
				return ed25519.PublicKey(x), err
			}
		}
		return nil, jwt.ErrTokenUnverifiable
	}
	if _, err := jwt.ParseWithClaims(receipt, said, key, jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithoutClaimsValidation()); err != nil {
		t.Fatal(err)
	}
	forged := strings.Split(receipt, ".")
	body, _ := base64.RawURLEncoding.DecodeString(forged[1])
	forged[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(body, []byte(`"separate":true`), []byte(`"separate":null`), 1))
	if _, err := jwt.Parse(strings.Join(forged, "."), key, jwt.WithoutClaimsValidation()); err == nil {
		t.Error("a changed receipt is verified")
	}
	return said
}

const signInThere = `mutation($in: LoginWithChannelInput!) { loginWithChannel(input: $in) { accessToken viewer { tier } userErrors { code field } } }`

func TestALinkWhosePurposeHasChangedSignsNobodyInUntilTheyAgreeAnew(t *testing.T) {
	testkit.Covers(t, "R078", "R084")
	o := servertest.Options{Catalogue: amended(t, "THIRD_PARTY_ACCOUNT")}
	servertest.EachWith(t, o, func(t *testing.T, h *servertest.House) {
		enters := func(agrees bool) *servertest.Answer {
			proof := proved(t, h, url.Values{"channel": {"WECHAT_MINI"}, "person": {"alice"}, "mobile": {"13912345678"}})
			return h.Anonymous().Asks(signInThere, servertest.Vars{"in": servertest.Vars{
				"channel": "WECHAT_MINI", "code": proof.Code, "phone": servertest.Vars{"wechatCode": proof.PhoneCode}, "linkConsent": agrees,
			}})
		}
		enters(true).OK()
		enters(false).OK() // linked is agreed
		h.Clock.Pass(24 * time.Hour)
		enters(false).MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"THIRD_PARTY_ACCOUNT"`).MustNotContain(`"accessToken":"`)
		again := h.Anonymous()
		again.Token = enters(true).OK().String("loginWithChannel.accessToken")
		again.Asks(ownConsents).OK().MustContain(
			`"purpose":"THIRD_PARTY_ACCOUNT","policyVersion":"2025-05-16","state":"ENDED"`,
			`"purpose":"THIRD_PARTY_ACCOUNT","policyVersion":"2026-11-22","state":"GRANTED"`).MustNotContain("OUTDATED")
		again.Asks(linkedAccounts).OK().MustContain(`"channel":"WECHAT_MINI"`)
		enters(false).OK()
	})
}
