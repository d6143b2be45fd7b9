package server_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	facts       = `{ viewer { tier nextStep registered boundPlates followedChannels verifiedVehicles } }`
	sendCode    = `mutation($m: String!) { sendLoginCode(input: {mobile: $m}) { expiresIn userErrors { code field message } } }`
	sendCodeFor = `mutation($in: SendLoginCodeInput!) { sendLoginCode(input: $in) { expiresIn userErrors { code field message } } }`
	signIn      = `mutation($in: LoginInput!) {
		login(input: $in) { accessToken refreshToken viewer { tier account { id } } userErrors { code field message } }
	}`
	changeMobile = `mutation($m: String!, $c: String!) {
		changeMobile(input: {mobile: $m, code: $c}) { viewer { account { id mobile } } userErrors { code field message } }
	}`
)

func TestTheTierFollowsTheFactsUpAndDownAgain(t *testing.T) {
	testkit.Covers(t, "R001")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		mustHave := func(c *servertest.Client, want string) {
			t.Helper()
			c.Asks(facts).OK().MustContain(want)
		}
		mustHave(h.Anonymous(), `{"tier":"ANONYMOUS","nextStep":"REGISTER","registered":false,"boundPlates":0,"followedChannels":[],"verifiedVehicles":0}`)
		web := h.Driver("H5")
		mustHave(web, `{"tier":"REGISTERED","nextStep":"BIND_PLATE","registered":true,"boundPlates":0,"followedChannels":[],"verifiedVehicles":0}`)
		car := web.Binds("粤B12345")
		mustHave(web, `{"tier":"PLATE_BOUND","nextStep":"FOLLOW_CHANNEL","registered":true,"boundPlates":1,"followedChannels":[],"verifiedVehicles":0}`)
		h.Clock.Pass(2 * time.Minute)
		app := h.SignIn(web.Mobile, "APP")
		mustHave(web, `{"tier":"FOLLOWED","nextStep":"VERIFY_VEHICLE","registered":true,"boundPlates":1,"followedChannels":["APP"],"verifiedVehicles":0}`)
		app.Verifies(car, "粤B12345")
		mustHave(web, `{"tier":"VERIFIED","nextStep":null,"registered":true,"boundPlates":1,"followedChannels":["APP"],"verifiedVehicles":1}`)

		app.Asks(`mutation { unlinkChannel(input: {channel: APP}) { viewer { tier } userErrors { code } } }`).OK().MustContain(`"tier":"PLATE_BOUND"`)
		mustHave(web, `{"tier":"PLATE_BOUND","nextStep":"FOLLOW_CHANNEL","registered":true,"boundPlates":1,"followedChannels":[],"verifiedVehicles":1}`)
		app.Asks(`mutation($v: ID!) { unbindPlate(input: {vehicleId: $v}) { viewer { tier } userErrors { code } } }`, servertest.Vars{"v": car}).
			OK().MustContain(`"tier":"REGISTERED"`)
		web.Asks(`mutation { logout { viewer { tier } userErrors { code } } }`).OK().MustContain(`"tier":"ANONYMOUS"`)
		web.Asks(facts).MustBeRefused("UNAUTHENTICATED").MustNotContain("REGISTERED")
	})
}

// service is something a viewer can do from a tier on.
type service struct {
	name   string
	from   int
	works  func(c *servertest.Client, i int) *servertest.Answer
	proof  string // stands in the answer of those who may
	denial string // code, or text of an empty answer, for those who may not
}

func services() []service {
	ask := func(query string) func(*servertest.Client, int) *servertest.Answer {
		return func(c *servertest.Client, _ int) *servertest.Answer { return c.Asks(query) }
	}
	return []service{
		{"find a lot", 0, ask(`{ lots(search: "万象城") { edges { node { code } } } }`), `"WXC"`, ""},
		{"quote a plate", 0, func(c *servertest.Client, i int) *servertest.Answer {
			return c.Asks(quotePlate, plateAtLot(fmt.Sprintf("粤C0000%d", i), "WXC"))
		}, `"NothingToPay"`, ""},
		{"read the account", 1, ask(`{ viewer { account { mobile } } }`), `"mobile":"139`, `"account":null`},
		{"list vehicles", 2, ask(`{ viewer { vehicles { plate } } }`), `"plate":"粤B`, `"vehicles":[]`},
		{"see the stay to pay", 2, ask(`{ viewer { openSessions { edges { node { feeFen } } } } }`), `"feeFen":500`, `"edges":[]`},
		{"be told", 3, ask(`{ viewer { notices { edges { node { kind } } } } }`), `"ENTERED"`, `"edges":[]`},
		{"see the lot of a stay", 4, ask(`{ viewer { openSessions { edges { node { lot { code } } } } } }`), `{"code":"WXC"}`, `"edges":[`},
		{"mask fully", 4, ask(`mutation { setFullMask(input: {on: true}) { userErrors { code } } }`), `"userErrors":[]`, "!"},
	}
}

func TestEachTierCanDoWhatEveryTierBelowItCan(t *testing.T) {
	testkit.Covers(t, "R002")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		tiers := []*servertest.Client{
			h.Anonymous(), h.Driver("H5"), h.Bound("H5", "粤B00002"), h.Bound("APP", "粤B00003"), h.Verified("APP", "粤B00004"),
		}
		gate := h.Gate("WXC")
		for i := range tiers {
			gate.Sees(fmt.Sprintf("粤B0000%d", i), servertest.Entering, servertest.Morning).OK()
		}
		h.Clock.Pass(16 * time.Minute)
		for i := range tiers[1:] {
			tiers[i+1] = tiers[i+1].Refreshes()
		}
		for _, s := range services() {
			for i, c := range tiers {
				switch got := s.works(c, i); {
				case i >= s.from:
					got.OK().MustContain(s.proof)
				case s.denial == "!":
				default:
					got.OK().MustContain(s.denial).MustNotContain(s.proof)
				}
			}
		}
		fullMask := services()[7].works
		for i, want := range []string{
			`"code":"UNAUTHENTICATED"`, `"fact":"FOLLOWED","nextStep":"FOLLOW_CHANNEL"`, `"fact":"FOLLOWED","nextStep":"FOLLOW_CHANNEL"`,
			`"fact":"VERIFIED","nextStep":"VERIFY_VEHICLE"`,
		} {
			fullMask(tiers[i], i).MustContain(want).MustNotContain(`"userErrors":[]`)
		}
	})
}

func TestOnlyASignInThatThePlatformSawIsFollowing(t *testing.T) {
	testkit.Covers(t, "R023")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		channels := h.Anonymous().Asks(`{ __type(name: "Channel") { enumValues { name } } }`).OK().Shown()
		want := map[string]any{"__type": map[string]any{"enumValues": []any{
			map[string]any{"name": "WECHAT_MINI"},
			map[string]any{"name": "WECHAT_OFFICIAL"},
			map[string]any{"name": "ALIPAY_MINI"},
			map[string]any{"name": "ALIPAY_LIFE"},
			map[string]any{"name": "APP"},
		}}}
		if diff := cmp.Diff(want, channels); diff != "" {
			t.Errorf("channels (-want +got):\n%s", diff)
		}
		for channel, tier := range map[string]string{
			"WECHAT_MINI": "FOLLOWED", "ALIPAY_MINI": "FOLLOWED", "APP": "FOLLOWED",
			"WECHAT_OFFICIAL": "PLATE_BOUND", "ALIPAY_LIFE": "PLATE_BOUND", "H5": "PLATE_BOUND",
		} {
			h.Bound(channel, "粤B12345").Asks(facts).OK().MustContain(`"tier":"` + tier + `"`)
		}
		h.Driver("APP").Asks(`mutation { unlinkChannel(input: {channel: H5}) { userErrors { code } } }`).
			MustBeRefused("GRAPHQL_VALIDATION_FAILED")
	})
}

func TestFollowingEndsWithTheLastSignInOnTheChannelOrByWish(t *testing.T) {
	testkit.Covers(t, "R023", "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		web := h.Bound("H5", "粤B12345")
		again := func(channel string) *servertest.Client {
			h.Clock.Pass(61 * time.Second)
			return h.SignIn(web.Mobile, channel)
		}
		mustFollow := func(want string) {
			t.Helper()
			web.Asks(facts).OK().MustContain(`"followedChannels":` + want)
		}
		const logout = `mutation { logout { userErrors { code } } }`
		phone, tablet := again("APP"), again("APP")
		mustFollow(`["APP"]`)
		phone.Asks(logout).OK()
		mustFollow(`["APP"]`)
		tablet.Asks(logout).OK()
		mustFollow(`[]`)

		mini := again("WECHAT_MINI")
		mustFollow(`["WECHAT_MINI"]`)
		gate := h.Gate("WXC")
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		mini.Asks(`mutation { unlinkChannel(input: {channel: WECHAT_MINI}) { viewer { followedChannels } userErrors { code } } }`).
			OK().MustContain(`"followedChannels":[]`)
		gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now().Add(time.Minute)).OK()
		web.Asks(`{ viewer { notices { edges { node { kind } } } } }`).OK().MustContain(`"ENTERED"`).MustNotContain(`"EXITED"`)
	})
}

func TestAMobileHasOneAccountHoweverItIsWrittenAndHoweverManyAskAtOnce(t *testing.T) {
	testkit.Covers(t, "R061")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const mobile = "13912340000"
		h.Anonymous().Asks(sendCode, servertest.Vars{"m": mobile}).OK()
		in := servertest.Vars{"mobile": mobile, "code": h.SentCode(mobile), "channel": "APP"}
		answers := make([]*servertest.Answer, 8)
		var asking sync.WaitGroup
		for i := range answers {
			asking.Go(func() { answers[i] = h.Anonymous().Asks(signIn, servertest.Vars{"in": in}) })
		}
		asking.Wait()
		signedIn := 0
		for _, a := range answers {
			if len(a.Codes()) == 0 {
				signedIn++
			} else {
				a.MustBeRefused("CODE_INVALID")
			}
		}
		if signedIn != 1 {
			t.Errorf("one code signed %d in", signedIn)
		}
		accounts := map[string]bool{}
		for _, written := range []string{mobile, "+86 139-1234-0000", "１３９１２３４００００", "139 1234 0000"} {
			h.Clock.Pass(61 * time.Second)
			accounts[h.SignIn(written, "H5").Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id")] = true
		}
		if n := h.Store.Client(h.AsSystem()).Account.Query().CountX(h.AsSystem()); n != 1 || len(accounts) != 1 {
			t.Errorf("there are %d accounts of one mobile, and %d ids", n, len(accounts))
		}
	})
}

func TestMobilesOfFourRegionsSignIn(t *testing.T) {
	testkit.Covers(t, "P08")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for mobile, shown := range map[string]string{
			"+8613912340000": "139****0000", "+85251234567": "+852 51****67", "+85362345678": "+853 62****78", "+886912345678": "+886 91****78",
		} {
			h.SignIn(mobile, "APP").Asks(`{ viewer { account { mobile } } }`).OK().MustContain(`"mobile":"` + shown + `"`)
		}
		h.Anonymous().Asks(sendCode, servertest.Vars{"m": "+14155550100"}).MustBeRefused("INVALID_MOBILE")
	})
}

func TestAnAccountMovesToAMobileThatACodeProves(t *testing.T) {
	testkit.Covers(t, "R061")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const mobile, next, taken = "13912340000", "13912349999", "13912348888"
		driver := h.SignIn(mobile, "APP")
		h.SignIn(taken, "APP")
		account := driver.Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id")
		h.Clock.Pass(61 * time.Second)
		for _, m := range []string{next, taken} {
			h.CodeFor("CHANGE_MOBILE", m)
		}

		wrong := servertest.Vars{"m": next, "c": wrongCode(h.SentCode(next))}
		driver.Asks(changeMobile, wrong).MustBeRefused("CODE_INVALID").MustNotContain(next)
		driver.Asks(changeMobile, servertest.Vars{"m": taken, "c": h.SentCode(taken)}).MustBeRefused("MOBILE_TAKEN").MustNotContain(taken)
		driver.Asks(changeMobile, servertest.Vars{"m": "139", "c": "000000"}).MustBeRefused("INVALID_MOBILE")
		h.Anonymous().Asks(changeMobile, wrong).MustBeRefused("UNAUTHENTICATED")
		driver.Asks(changeMobile, servertest.Vars{"m": next, "c": h.SentCode(next)}).OK().
			MustContain(account, `"mobile":"139****9999"`).MustNotContain(next, mobile)

		h.Clock.Pass(61 * time.Second)
		h.SignIn(next, "APP").Asks(`{ viewer { account { id } } }`).OK().MustContain(account)
		h.SignIn(mobile, "APP").Asks(`{ viewer { account { id } } }`).OK().MustNotContain(account)
	})
}

func TestAWrongCodeSignsNobodyInAndTellsNothing(t *testing.T) {
	testkit.Covers(t, "R061")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		known, unknown := h.Driver("APP").Mobile, "13900009999"
		try := func(mobile, code string) *servertest.Answer {
			t.Helper()
			return h.Anonymous().Asks(signIn, servertest.Vars{"in": servertest.Vars{"mobile": mobile, "code": code, "channel": "APP"}}).
				MustContain(`"accessToken":null`, `"refreshToken":null`, `"viewer":{"tier":"ANONYMOUS","account":null}`).
				MustNotContain(mobile)
		}
		mustBeEqual(t, "a code that was never sent", try(known, "000000"), try(unknown, "000000"))
		h.Anonymous().Asks(sendCode, servertest.Vars{"m": "139"}).MustBeRefused("INVALID_MOBILE").MustContain(`"field":"mobile"`)
		try("12345678901", "000000").MustBeRefused("INVALID_MOBILE").MustContain(`"field":"mobile"`)

		h.Clock.Pass(61 * time.Second)
		ask := servertest.Vars{"m": known}
		mustBeEqual(t, "asking for a code", h.Anonymous().Asks(sendCode, ask).OK(), h.Anonymous().Asks(sendCode, servertest.Vars{"m": unknown}).OK())
		h.Anonymous().Asks(sendCode, ask).MustBeRefused("RATE_LIMITED").MustContain(`"retryAfter":60`).MustNotContain(known)
		good := h.SentCode(known)
		for range 5 {
			try(known, wrongCode(good)).MustBeRefused("CODE_INVALID").MustContain(`"field":"code"`).MustNotContain(good)
		}
		try(known, good).MustBeRefused("CODE_INVALID") // five tries used it up

		h.Clock.Pass(61 * time.Second)
		h.Anonymous().Asks(sendCode, ask).OK()
		h.Clock.Pass(5 * time.Minute)
		try(known, h.SentCode(known)).MustBeRefused("CODE_INVALID") // too old
		if log := h.Logged(); strings.Contains(log, known) || strings.Contains(log, good) {
			t.Error("the log shows a mobile or a code")
		}
	})
}

func TestARefreshTokenServesOnceAndItsThiefEndsTheSignIn(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const refresh = `mutation($t: String!) { refreshToken(input: {refreshToken: $t}) { accessToken refreshToken userErrors { code } } }`
		first := h.Driver("APP")
		h.Clock.Pass(time.Minute)
		second := first.Refreshes()
		second.Asks(facts).OK()
		h.Clock.Pass(time.Minute)
		h.Anonymous().Asks(refresh, servertest.Vars{"t": first.Refresh}).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`)
		h.Anonymous().Asks(refresh, servertest.Vars{"t": second.Refresh}).MustBeRefused("UNAUTHENTICATED")
		second.Asks(facts).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"SIGN_IN_ENDED"`)
		for _, other := range []string{"", "x.y", second.Token, h.Gate("WXC").Token} {
			h.Anonymous().Asks(refresh, servertest.Vars{"t": other}).MustBeRefused("UNAUTHENTICATED").MustContain(`"reason":"TOKEN_INVALID"`)
		}
	})
}

// wrongCode differs from a code in its last digit.
func wrongCode(code string) string {
	last := byte('0')
	if code[len(code)-1] == '0' {
		last = '1'
	}
	return code[:len(code)-1] + string(last)
}

// mustBeEqual fails the test unless two answers are the same, byte for byte.
func mustBeEqual(t *testing.T, what string, a, b *servertest.Answer) {
	t.Helper()
	if a.Status != b.Status || a.Text != b.Text {
		t.Errorf("%s: the answers differ:\n%d %s\n%d %s", what, a.Status, a.Text, b.Status, b.Text)
	}
}
