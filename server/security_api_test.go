package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	devices = `query($first: Int, $after: String) { viewer { account { devices(first: $first, after: $after) {
		edges { cursor node { id name channel signedInAt lastSeenAt current } } pageInfo { hasNextPage endCursor } } } } }`
	device       = `query($id: ID!) { node(id: $id) { ... on Device { id name current } } }`
	forgetDevice = `mutation($id: ID!) { forgetDevice(input: {deviceId: $id}) { viewer { tier followedChannels account { id } } userErrors { code } } }`
	sendStepUp   = `mutation { sendStepUpCode { expiresIn userErrors { code field message } } }`
	stepUp       = `mutation($c: String!) { stepUp(input: {code: $c}) { until userErrors { code field message } } }`
	riskEvents   = `query($first: Int, $after: String) { riskEvents(first: $first, after: $after) {
		edges { cursor node { id kind outcome occurredAt accountId path } } pageInfo { hasNextPage endCursor } } }`
	rotate = `mutation { rotateGateToken { token previousUntil userErrors { code message } } }`
)

// signInOn signs a mobile in on a device that its person has named.
func signInOn(h *servertest.House, mobile, device string) *servertest.Client {
	h.T.Helper()
	h.Clock.Pass(61 * time.Second)
	h.Anonymous().Asks(sendCode, servertest.Vars{"m": mobile}).OK()
	in := servertest.Vars{"mobile": mobile, "code": h.SentCode(mobile), "channel": "APP", "deviceName": device}
	got := h.Anonymous().Asks(signIn, servertest.Vars{"in": in}).OK()
	return &servertest.Client{House: h, Mobile: mobile, Token: got.String("login.accessToken"), Refresh: got.String("login.refreshToken")}
}

func TestAPersonSeesItsDevicesAndForgetsOne(t *testing.T) {
	testkit.Covers(t, "R085")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const mobile, phoneName, tabletName = "13912340000", "我的旧手机", "客厅平板"
		stranger := h.Driver("APP")
		phone, tablet := signInOn(h, mobile, phoneName), signInOn(h, mobile, tabletName)
		all := tablet.Asks(devices).OK().MustContain(
			`"name":"客厅平板","channel":"APP","signedInAt":"2026-11-21T09:02:02+08:00","lastSeenAt":"2026-11-21T09:02:02+08:00","current":true`,
			`"name":"我的旧手机","channel":"APP","signedInAt":"2026-11-21T09:01:01+08:00","lastSeenAt":"2026-11-21T09:01:01+08:00","current":false`)
		lost := servertest.Vars{"id": all.String("viewer.account.devices.edges.1.node.id")}
		page := tablet.Asks(devices, servertest.Vars{"first": 1}).OK().MustContain(`"hasNextPage":true`).MustNotContain(phoneName)
		tablet.Asks(devices, servertest.Vars{"after": page.String("viewer.account.devices.pageInfo.endCursor")}).OK().MustContain(phoneName).MustNotContain(tabletName)
		phone.Asks(device, lost).OK().MustContain(phoneName, `"current":true`)

		for _, other := range []*servertest.Client{stranger, h.Anonymous(), h.Gate("WXC").Client, h.Staff("WXC")} {
			other.Asks(device, lost).OK().MustContain(`{"node":null}`)
		}
		stranger.Asks(devices).OK().MustNotContain(phoneName, tabletName)
		stranger.Asks(forgetDevice, lost).MustBeRefused("NOT_FOUND").MustNotContain(phoneName)
		h.Anonymous().Asks(forgetDevice, lost).MustBeRefused("UNAUTHENTICATED")
		h.Gate("WXC").Asks(forgetDevice, lost).MustBeRefused("FORBIDDEN")

		open := phone.Watches(noticed)
		tablet.Asks(forgetDevice, lost).OK().MustContain(`"tier":"REGISTERED"`)
		if code := open.ClosedWith(); code != 4401 {
			t.Errorf("the socket of the forgotten device closed with %d", code)
		}
		phone.Asks(facts).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"SIGN_IN_ENDED"`)
		tablet.Asks(devices).OK().MustContain(tabletName).MustNotContain(phoneName)
		tablet.Asks(device, lost).OK().MustContain(`{"node":null}`)
		tablet.Asks(forgetDevice, lost).MustBeRefused("NOT_FOUND")
		own := servertest.Vars{"id": all.String("viewer.account.devices.edges.0.node.id")}
		tablet.Asks(forgetDevice, own).OK().MustContain(`"viewer":{"tier":"ANONYMOUS","followedChannels":[],"account":null}`)

		in := servertest.Vars{"mobile": mobile, "code": "000000", "channel": "APP", "deviceName": strings.Repeat("机", 41)}
		h.Anonymous().Asks(signIn, servertest.Vars{"in": in}).MustBeRefused("INVALID_DEVICE_NAME").MustContain(`"field":"deviceName"`).MustNotContain("机机")
		if kept := h.Kept(); servertest.Keeps(kept, phoneName) || servertest.Keeps(kept, tabletName) {
			t.Error("a device's name is kept in the open")
		}
	})
}

func TestAnAccountCannotBeStolenWithAnUnlockedPhone(t *testing.T) {
	testkit.Covers(t, "R061", "R086")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const next = "13912349999"
		driver := h.Driver("APP")
		old := driver.Mobile
		h.Clock.Pass(61 * time.Second)
		web := h.SignIn(old, "H5")
		open := web.Watches(noticed)
		h.Clock.Pass(10 * time.Minute)
		move := servertest.Vars{"m": next, "c": h.CodeFor("CHANGE_MOBILE", next)}
		driver.Asks(changeMobile, move).MustBeRefused("STEP_UP_REQUIRED").MustNotContain("139****9999")

		driver.Asks(sendStepUp).OK().MustContain(`"expiresIn":300`).MustNotContain(old)
		driver.Asks(sendStepUp).MustBeRefused("RATE_LIMITED").MustContain(`"retryAfter":60`)
		code := h.SentCode(old)
		driver.Asks(stepUp, servertest.Vars{"c": wrongCode(code)}).MustBeRefused("CODE_INVALID").MustContain(`"until":null`).MustNotContain(code)
		driver.Asks(changeMobile, move).MustBeRefused("STEP_UP_REQUIRED")
		driver.Asks(stepUp, servertest.Vars{"c": code}).OK().MustContain(`"until":"2026-11-21T09:21:01+08:00"`)
		driver.Asks(changeMobile, move).OK().MustContain(`"mobile":"139****9999"`).MustNotContain(next)
		if code := open.ClosedWith(); code != 4401 {
			t.Errorf("the other sign-in's socket closed with %d", code)
		}
		web.Asks(facts).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"SIGN_IN_ENDED"`)
		driver.Asks(facts).OK()

		for c, want := range map[*servertest.Client]string{h.Anonymous(): "UNAUTHENTICATED", h.Gate("WXC").Client: "FORBIDDEN", h.Staff("WXC"): "FORBIDDEN"} {
			c.Asks(sendStepUp).MustBeRefused(want)
			c.Asks(stepUp, servertest.Vars{"c": code}).MustBeRefused(want)
			c.Asks(changeMobile, move).MustBeRefused(want)
		}
		h.Officer().Asks(riskEvents).OK().MustContain(
			`"kind":"STEP_UP","outcome":"PASSED","occurredAt":"2026-11-21T09:11:01+08:00","accountId":"`+h.ID("Account", accountRow(driver)),
			`"kind":"STEP_UP","outcome":"FAILED"`, `"kind":"NEW_DEVICE","outcome":"NOTED"`).
			MustNotContain(old, next, code)
	})
}

func accountRow(c *servertest.Client) int64 {
	c.House.T.Helper()
	return c.House.Row(c.Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id"))
}

func TestGuessedCodesLockAMobileWhetherOrNotItHasAnAccount(t *testing.T) {
	testkit.Covers(t, "R086")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		known, unknown := driver.Mobile, "13900009999"
		var answers [2][]*servertest.Answer
		for range 3 {
			h.Clock.Pass(61 * time.Second)
			for i, m := range []string{known, unknown} {
				h.Anonymous().Asks(sendCode, servertest.Vars{"m": m}).OK()
				for range 5 {
					in := servertest.Vars{"mobile": m, "code": wrongCode(h.SentCode(m)), "channel": "APP"}
					answers[i] = append(answers[i], h.Anonymous().Asks(signIn, servertest.Vars{"in": in}).MustBeRefused("CODE_INVALID"))
				}
			}
		}
		h.Clock.Pass(61 * time.Second)
		for i, m := range []string{known, unknown} {
			in := servertest.Vars{"mobile": m, "code": h.SentCode(m), "channel": "APP"}
			answers[i] = append(answers[i], h.Anonymous().Asks(signIn, servertest.Vars{"in": in}).MustContain(`"retryAfter":3539`),
				h.Anonymous().Asks(sendCode, servertest.Vars{"m": m}).MustContain(`"retryAfter":3539`))
		}
		for i := range answers[0] {
			mustBeEqual(t, "guessing", answers[0][i], answers[1][i])
		}
		answers[0][16].MustBeRefused("RATE_LIMITED").MustNotContain(known)
		driver.Asks(sendStepUp).MustBeRefused("RATE_LIMITED")
		driver.Asks(stepUp, servertest.Vars{"c": h.SentCode(known)}).MustBeRefused("RATE_LIMITED")
		driver.Asks(facts).OK() // who is signed in stays so
		h.Officer().Asks(riskEvents).OK().MustContain(`"kind":"CODE_GUESSED","outcome":"BLOCKED"`).MustNotContain(known, unknown)
		h.Clock.Pass(time.Hour)
		h.SignIn(known, "APP")
		if log := h.Logged(); strings.Contains(log, known) || strings.Contains(log, unknown) {
			t.Error("the log shows a mobile")
		}
	})
}

func TestOnlyOfficersReadRisksAndNothingPersonalStandsInThem(t *testing.T) {
	testkit.Covers(t, "R086")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		owner, prober := h.Verified("APP", plate), h.Driver("APP")
		for range 10 {
			prober.Asks(bindPlate, binding(plate, "", true)).MustBeRefused("PLATE_PROTECTED")
		}
		prober.Asks(bindPlate, binding(plate, "", true)).MustBeRefused("RATE_LIMITED").MustContain(`"retryAfter":86400`).MustNotContain("12345")
		for range 5 {
			h.Anonymous().Asks(`{ quote(input: {plateAtLot: {plate: "粤B55555", lotCode: "WXC"}}) { __typename } }`)
		}
		spent := owner.Refresh
		owner.Refreshes()
		h.Clock.Pass(time.Minute)
		h.Anonymous().Asks(`mutation($t: String!) { refreshToken(input: {refreshToken: $t}) { accessToken } }`, servertest.Vars{"t": spent}).MustBeRefused("UNAUTHENTICATED")
		foreignSocket(t, h, "/graphql?plate="+plate)

		reader := h.Officer()
		all := reader.Asks(riskEvents).OK().MustContain(
			`"kind":"RISKY_URL","outcome":"BLOCKED","occurredAt":"2026-11-21T09:01:00+08:00","accountId":null,"path":"/graphql"`,
			`"kind":"REFRESH_TOKEN_REUSED","outcome":"BLOCKED"`, `"kind":"QUOTES_PROBED","outcome":"BLOCKED"`,
			`"kind":"PLATES_PROBED","outcome":"BLOCKED","occurredAt":"2026-11-21T09:00:00+08:00","accountId":"`+h.ID("Account", accountRow(prober))+`","path":null`).
			MustNotContain("12345", "55555", prober.Mobile, spent)
		first := reader.Asks(riskEvents, servertest.Vars{"first": 1}).OK().MustContain("RISKY_URL", `"hasNextPage":true`)
		reader.Asks(riskEvents, servertest.Vars{"after": first.String("riskEvents.pageInfo.endCursor")}).OK().MustContain("PLATES_PROBED").MustNotContain("RISKY_URL")

		one := servertest.Vars{"id": all.String("riskEvents.edges.0.node.id")}
		const node = `query($id: ID!) { node(id: $id) { ... on RiskEvent { kind } } }`
		reader.Asks(node, one).OK().MustContain("RISKY_URL")
		h.Anonymous().Asks(riskEvents).MustBeRefused("UNAUTHENTICATED").MustContain(`"data":{"riskEvents":null}`)
		h.Anonymous().Asks(node, one).OK().MustContain(`{"node":null}`)
		for _, other := range []*servertest.Client{prober, h.Gate("WXC").Client, h.Staff("WXC")} {
			other.Asks(riskEvents).MustBeRefused("FORBIDDEN").MustContain(`"data":{"riskEvents":null}`)
			other.Asks(node, one).OK().MustContain(`{"node":null}`)
		}
	})
}

// foreignSocket tries to open a socket from a page of another site.
func foreignSocket(t *testing.T, h *servertest.House, path string) {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	header := http.Header{"Origin": {"https://evil.example"}}
	_, response, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(h.URL, "http")+path, header)
	if err == nil || response == nil || response.StatusCode != http.StatusForbidden {
		t.Fatalf("a foreign page is let in: %v", err)
	}
}

func TestAGateRotatesItsTokenAndNothingStandsStill(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const who = `{ gate { code } }`
		old := h.Gate("WXC")
		orders := old.Watches(commanded)
		got := old.Asks(rotate).OK().MustContain(`"previousUntil":"2026-11-22T09:00:00+08:00"`)
		next := h.With(got.String("rotateGateToken.token"))
		for _, c := range []*servertest.Client{old.Client, next} {
			c.Asks(who).OK().MustContain(`"G1"`)
		}
		old.Asks(rotate).MustBeRefused("TOKEN_SUPERSEDED").MustContain(`"token":null`)
		h.Staff("WXC").Asks(sendCommand, command("k", "OPEN", "")).OK()
		orders.Next().MustContain(`"OPEN"`)
		current := next.Watches(commanded)
		current.Next()

		h.Clock.Pass(24 * time.Hour)
		old.Asks(who).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`)
		if code := orders.ClosedWith(); code != 4403 {
			t.Errorf("the socket of the old token closed with %d", code)
		}
		next.Asks(who).OK().MustContain(`"G1"`)
		if err := h.Identity.RevokeGateTokens(h.AsSystem(), "WXC", "G1"); err != nil {
			t.Fatal(err)
		}
		if code := current.ClosedWith(); code != 4401 {
			t.Errorf("the socket of a revoked token closed with %d", code)
		}
		for c, want := range map[*servertest.Client]string{h.Anonymous(): "UNAUTHENTICATED", h.Driver("APP"): "FORBIDDEN", h.Staff("WXC"): "FORBIDDEN"} {
			c.Asks(rotate).MustBeRefused(want)
		}
	})
}
