package wechat_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	sandbox "parkbff/internal/partner/sandbox/wechat"
	"parkbff/internal/partner/vouch"
	"parkbff/internal/partner/wechat"
	"parkbff/internal/testkit"
)

const (
	mini     = "wxmini"
	other    = "wxother"
	official = "wxofficial"
	plain    = "wxplain"
	aesKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	back     = "https://h5.example.cn/in"
)

// world is a stand-in with four apps, and our clients of three of them.
type world struct {
	*sandbox.Sandbox
	clock    *testkit.Clock
	url      string
	mini     *wechat.Mini
	official *wechat.Official
	plain    *wechat.Official
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))}
	var err error
	w.Sandbox, err = sandbox.New(w.clock, rand.Reader,
		sandbox.App{ID: mini, Secret: "s-" + mini}, sandbox.App{ID: other, Secret: "s-" + other},
		sandbox.App{ID: official, Secret: "s-" + official, Token: "t1", EncodingAESKey: aesKey, RedirectURL: back},
		sandbox.App{ID: plain, Secret: "s-" + plain, Token: "t2", RedirectURL: back},
	)
	if err != nil {
		t.Fatal(err)
	}
	w.url = serve(t, w.Sandbox)
	w.mini = newMini(t, w, wechat.App{ID: mini, Secret: "s-" + mini})
	w.official = w.newOfficial(t, official, "t1", aesKey)
	w.plain = w.newOfficial(t, plain, "t2", "")
	return w
}

func newMini(t *testing.T, w *world, app wechat.App) *wechat.Mini {
	t.Helper()
	c, err := wechat.NewMini(wechat.Config{BaseURL: w.url, App: app}, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) newOfficial(t *testing.T, app, token, key string) *wechat.Official {
	t.Helper()
	c, err := wechat.NewOfficial(wechat.OfficialConfig{
		Config:      wechat.Config{BaseURL: w.url, App: wechat.App{ID: app, Secret: "s-" + app}},
		RedirectURL: back, Token: token, EncodingAESKey: key,
	}, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func must[T any](t *testing.T) func(value T, err error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// forged is a code with another signature.
func forged(code string) string { return code[:len(code)-8] + "AAAAAAAA" }

func TestOnlyAFreshCodeOfThisAppNamesAPerson(t *testing.T) {
	for channel, c := range map[string]struct {
		code    func(w *world, app string) (string, error)
		redeem  func(w *world) func(context.Context, string) (vouch.Person, error)
		app     string
		another string
	}{
		"mini-program": {
			func(w *world, app string) (string, error) { return w.Code("alice", app) },
			func(w *world) func(context.Context, string) (vouch.Person, error) { return w.mini.Person }, mini, other,
		},
		"official account": {
			func(w *world, app string) (string, error) { return w.PageCode("alice", app) },
			func(w *world) func(context.Context, string) (vouch.Person, error) { return w.official.Person }, official, plain,
		},
	} {
		t.Run(channel, func(t *testing.T) {
			w := newWorld(t)
			issue := func(app string) string { return must[string](t)(c.code(w, app)) }
			redeem := c.redeem(w)

			good := issue(c.app)
			got := must[vouch.Person](t)(redeem(t.Context(), good))
			want := vouch.Person{Subject: w.OpenID("alice", c.app), Union: w.UnionID("alice")}
			if got != want || got.Subject == "" || got.Union == "" {
				t.Errorf("a good code names somebody else")
			}
			late := issue(c.app)
			w.clock.Pass(5 * time.Minute)
			for name, code := range map[string]string{
				"used": good, "too old": late, "forged": forged(issue(c.app)), "of another app": issue(c.another),
				"none": "", "another parameter": "x&appid=" + c.another + "&js_code=" + issue(c.another), "noise": "%00\n",
				"of another use": must[string](t)(w.PhoneCode("alice", c.app, someMobile(t))),
			} {
				_, err := redeem(t.Context(), code)
				if !errors.Is(err, vouch.Refused) {
					t.Errorf("%s: %v", name, err)
				}
				says(t, err, code, "s-"+c.app, want.Subject)
			}
			w.Lenient()
			if _, err := redeem(t.Context(), forged(issue(c.app))); err != nil {
				t.Errorf("a lenient stand-in takes the forged code: %v", err)
			}
		})
	}
}

func someMobile(t *testing.T) cnid.Mobile {
	return must[cnid.Mobile](t)(cnid.ParseMobile("13912345678"))
}

func TestOnlyAFreshPhoneCodeOfThisPersonTellsTheMobile(t *testing.T) {
	w := newWorld(t)
	alice := vouch.Person{Subject: w.OpenID("alice", mini)}
	issue := func(person, app string) string { return must[string](t)(w.PhoneCode(person, app, someMobile(t))) }

	good := issue("alice", mini)
	if got := must[cnid.Mobile](t)(w.mini.Mobile(t.Context(), alice, good)); got != someMobile(t) {
		t.Error("another mobile")
	}
	hongKong := must[cnid.Mobile](t)(cnid.ParseMobile("+85261234567"))
	abroad := must[string](t)(w.PhoneCode("alice", mini, hongKong))
	if got := must[cnid.Mobile](t)(w.mini.Mobile(t.Context(), alice, abroad)); got != hongKong {
		t.Error("another mobile in Hong Kong")
	}
	late := issue("alice", mini)
	w.clock.Pass(5 * time.Minute)
	for name, code := range map[string]string{
		"used": good, "too old": late, "forged": forged(issue("alice", mini)), "of another app": issue("alice", other),
		"another person's": issue("bob", mini), "none": "", "of another use": must[string](t)(w.Code("alice", mini)),
	} {
		_, err := w.mini.Mobile(t.Context(), alice, code)
		if !errors.Is(err, vouch.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "13912345678", alice.Subject, code)
	}
	w.Lenient()
	if _, err := w.mini.Mobile(t.Context(), alice, forged(issue("alice", mini))); err != nil {
		t.Errorf("a lenient stand-in takes the forged code: %v", err)
	}
}

func TestAnAccessTokenIsKeptAndRenewed(t *testing.T) {
	w := newWorld(t)
	var asked int
	counting := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cgi-bin/stable_token" {
			asked++
		}
		w.ServeHTTP(rw, r)
	})
	w.url = serve(t, counting)
	client := newMini(t, w, wechat.App{ID: mini, Secret: "s-" + mini})
	tell := func() {
		code := must[string](t)(w.PhoneCode("alice", mini, someMobile(t)))
		must[cnid.Mobile](t)(client.Mobile(t.Context(), vouch.Person{}, code))
	}
	tell()
	tell()
	if asked != 1 {
		t.Errorf("the token was asked for %d times", asked)
	}
	w.clock.Pass(2 * time.Hour)
	tell()
	if asked != 2 {
		t.Errorf("after its end the token was asked for %d times", asked)
	}
	// WeChat gives every token up, as when the app's secret is changed: its key is another's now.
	fresh := must[*sandbox.Sandbox](t)(sandbox.New(w.clock, rand.Reader, sandbox.App{ID: mini, Secret: "s-" + mini}))
	w.Sandbox = fresh
	tell()
	if asked != 3 {
		t.Errorf("after it was given up the token was asked for %d times", asked)
	}
}

func TestAWatermarkOfAnotherAppOrTimeIsRefused(t *testing.T) {
	w := newWorld(t)
	at := w.clock.Now().Unix()
	for name, c := range map[string]struct {
		app     string
		at      int64
		country string
		want    error
	}{
		"ours":              {mini, at, `"86"`, nil},
		"country as number": {mini, at, `86`, nil},
		"another app's":     {other, at, `"86"`, vouch.Refused},
		"old":               {mini, at - 601, `"86"`, vouch.Refused},
		"of tomorrow":       {mini, at + 601, `"86"`, vouch.Refused},
		"another country's": {mini, at, `"1"`, vouch.Refused},
	} {
		w.url = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/cgi-bin/stable_token" {
				_, _ = io.WriteString(rw, `{"access_token":"t","expires_in":7200}`)
				return
			}
			_, _ = io.WriteString(rw, `{"errcode":0,"phone_info":{"purePhoneNumber":"13912345678","countryCode":`+c.country+
				`,"watermark":{"appid":"`+c.app+`","timestamp":`+itoa(c.at)+`}}}`)
		}))
		_, err := newMini(t, w, wechat.App{ID: mini, Secret: "s"}).Mobile(t.Context(), vouch.Person{}, "code")
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "13912345678")
	}
}

func TestWhatIsOursToMendIsUnavailable(t *testing.T) {
	w := newWorld(t)
	code := must[string](t)(w.Code("alice", mini))
	for name, c := range map[string]func() error{
		"another secret": func() error {
			_, err := newMini(t, w, wechat.App{ID: mini, Secret: "guessed"}).Person(t.Context(), code)
			return err
		},
		"an unknown app": func() error {
			_, err := newMini(t, w, wechat.App{ID: "wxnobody", Secret: "guessed"}).Mobile(t.Context(), vouch.Person{}, code)
			return err
		},
	} {
		err := c()
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "guessed", code)
	}
	for _, reply := range []string{"", "<html>", `{}`, `{"errcode":-1}`, `{"errcode":45011,"errmsg":"alice"}`, `{"openid":1}`} {
		w.url = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, reply) }))
		client := newMini(t, w, wechat.App{ID: mini, Secret: "hush"})
		_, err := client.Person(t.Context(), "c0de")
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("%q: %v", reply, err)
		}
		says(t, err, "hush", "c0de", "alice")
		if _, err := client.Mobile(t.Context(), vouch.Person{}, "c0de"); err == nil {
			t.Errorf("%q: mobile: %v", reply, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w.url = gone.URL
	_, err := newMini(t, w, wechat.App{ID: mini, Secret: "hush"}).Person(t.Context(), "c0de")
	if !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	says(t, err, "hush", "c0de")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.mini.Person(ctx, "c0de"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestTwoHousesInOneProcessNeverMeet(t *testing.T) {
	here, there := newWorld(t), newWorld(t)
	for range 3 {
		code := must[string](t)(here.Code("alice", mini))
		if _, err := there.mini.Person(t.Context(), code); !errors.Is(err, vouch.Refused) {
			t.Errorf("the other house took the code: %v", err)
		}
		if _, err := here.mini.Person(t.Context(), code); err != nil {
			t.Error(err)
		}
	}
}

func TestThePageOfAuthorisationLeadsBackWithCodeAndState(t *testing.T) {
	w := newWorld(t)
	address := w.official.AuthorizeURL("a state&b")
	to := follow(t, address+"&person=alice")
	if got := to.Query().Get("state"); got != "a state&b" || !strings.HasPrefix(to.String(), back) {
		t.Errorf("led back to %s", to)
	}
	got := must[vouch.Person](t)(w.official.Person(t.Context(), to.Query().Get("code")))
	if diff := cmp.Diff(w.OpenID("alice", official), got.Subject); diff != "" {
		t.Error(diff)
	}
	elsewhere := strings.Replace(address, url.QueryEscape(back), url.QueryEscape("https://evil.example/"), 1)
	response := get(t, elsewhere)
	if response.StatusCode == http.StatusFound {
		t.Error("the page leads anywhere")
	}
	real := must[*wechat.Official](t)(wechat.NewOfficial(wechat.OfficialConfig{
		Config: wechat.Config{BaseURL: wechat.Endpoint, App: wechat.App{ID: "a", Secret: "b"}}, Token: "t", RedirectURL: back,
	}, w.clock))
	if got := real.AuthorizeURL("s"); !strings.HasPrefix(got, "https://open.weixin.qq.com/connect/oauth2/authorize?appid=a&") || strings.Contains(got, "secret") {
		t.Error(got)
	}
}

func get(t *testing.T, address string) *http.Response {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(strings.Replace(address, "#wechat_redirect", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response
}

func follow(t *testing.T, address string) *url.URL {
	t.Helper()
	to, err := get(t, address).Location()
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// says fails when the whole chain of an error, as a log would show it, holds any of the words.
func says(t *testing.T, err error, never ...string) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, word := range never {
			if word != "" && strings.Contains(err.Error(), word) {
				t.Errorf("the error says %s", err)
			}
		}
	}
}
