package alipay_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/alipay"
	sandbox "parkbff/internal/partner/sandbox/alipay"
	"parkbff/internal/partner/vouch"
	"parkbff/internal/testkit"
)

const (
	mini  = "2026000000000001"
	life  = "2026000000000002"
	other = "2026000000000003"
	back  = "https://h5.example.cn/in"
)

var (
	miniKey  = base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))
	otherKey = base64.StdEncoding.EncodeToString([]byte("fedcba9876543210"))
)

// world is a stand-in with three apps, and our clients of two of them.
type world struct {
	*sandbox.Sandbox
	clock *testkit.Clock
	url   string
	keys  sandbox.Keys
	mini  *alipay.Client
	life  *alipay.Client
}

func newWorld(t testing.TB) *world {
	t.Helper()
	keys, err := sandbox.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)), keys: keys}
	w.Sandbox, err = sandbox.New(w.clock, rand.Reader,
		sandbox.App{ID: mini, Keys: keys, ContentKey: miniKey}, sandbox.App{ID: life, Keys: keys, RedirectURL: back},
		sandbox.App{ID: other, Keys: keys, ContentKey: otherKey})
	if err != nil {
		t.Fatal(err)
	}
	w.url = serve(t, w.Sandbox)
	w.mini = client(t, w, w.config(mini, miniKey))
	w.life = client(t, w, w.config(life, ""))
	return w
}

func (w *world) config(app, key string) alipay.Config {
	return alipay.Config{
		Gateway: w.url + "/gateway.do", AppID: app, PrivateKey: w.keys.AppPrivate(), AlipayPublicKey: w.keys.AlipayPublic(),
		ContentKey: key, RedirectURL: back,
	}
}

func client(t testing.TB, w *world, config alipay.Config) *alipay.Client {
	t.Helper()
	c, err := alipay.New(config, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func (w *world) code(t *testing.T, app string) string {
	t.Helper()
	code, err := w.Code("alice", app)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// forged is a code with another signature.
func forged(code string) string { return code[:len(code)-8] + "AAAAAAAA" }

// swapped are the keys of somebody who has none of ours.
func swapped(k sandbox.Keys) sandbox.Keys { return sandbox.Keys{App: k.Alipay, Alipay: k.App} }

func TestOnlyAFreshCodeOfThisAppNamesAPerson(t *testing.T) {
	w := newWorld(t)
	good := w.code(t, mini)
	got, err := w.mini.Person(t.Context(), good)
	if want := (vouch.Person{Subject: w.UserID("alice"), Union: w.UserID("alice")}); err != nil || got != want {
		t.Fatalf("a good code names somebody else: %v", err)
	}
	late := w.code(t, mini)
	w.clock.Pass(5 * time.Minute)
	for name, code := range map[string]string{
		"used": good, "too old": late, "forged": forged(w.code(t, mini)), "of another app": w.code(t, other), "none": "", "noise": "&%\n",
	} {
		_, err := w.mini.Person(t.Context(), code)
		if !errors.Is(err, vouch.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, code, w.UserID("alice"))
	}
	w.Lenient()
	if _, err := w.mini.Person(t.Context(), forged(w.code(t, mini))); err != nil {
		t.Errorf("a lenient stand-in takes the forged code: %v", err)
	}
}

func TestRequestsAndRepliesMustBeSigned(t *testing.T) {
	w := newWorld(t)
	thief := w.config(mini, miniKey)
	thief.PrivateKey = swapped(w.keys).AppPrivate()
	if _, err := client(t, w, thief).Person(t.Context(), w.code(t, mini)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another's private key: %v", err)
	}
	deceived := w.config(mini, miniKey)
	deceived.AlipayPublicKey = swapped(w.keys).AlipayPublic()
	if _, err := client(t, w, deceived).Person(t.Context(), w.code(t, mini)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a reply that somebody else signed: %v", err)
	}
	for name, reply := range map[string]string{
		"unsigned":                           `{"alipay_system_oauth_token_response":{"user_id":"2088","access_token":"a"}}`,
		"signed by a certificate of its own": `{"alipay_system_oauth_token_response":{"user_id":"2088","access_token":"a"},"alipay_cert_sn":"mine","sign":"AAAA"}`,
		"null":                               `{"alipay_system_oauth_token_response":null}`,
		"empty":                              ``,
		"no JSON":                            `<html>2088`,
	} {
		w.url = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, reply) }))
		_, err := client(t, w, w.config(mini, miniKey)).Person(t.Context(), "c0de")
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "2088", "c0de")
	}
}

func TestALenientStandInTakesUnsignedRequests(t *testing.T) {
	w := newWorld(t)
	thief := w.config(mini, miniKey)
	thief.PrivateKey = swapped(w.keys).AppPrivate()
	w.Lenient()
	if _, err := client(t, w, thief).Person(t.Context(), w.code(t, mini)); err != nil {
		t.Error(err)
	}
}

func TestASealedNumberIsOpenedAndAForgedOneRefused(t *testing.T) {
	w := newWorld(t)
	mobile, err := cnid.ParseMobile("13912345678")
	if err != nil {
		t.Fatal(err)
	}
	response, sign, err := w.Phone(mini, mobile)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.mini.Mobile(t.Context(), response, sign); err != nil || got != mobile {
		t.Errorf("a good number was not opened: %v", err)
	}
	anotherResponse, anotherSign, err := w.Phone(other, mobile)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ response, sign string }{
		"another signature":    {response, anotherSign},
		"no signature":         {response, ""},
		"a broken signature":   {response, "*"},
		"of another app":       {anotherResponse, anotherSign},
		"changed":              {"A" + response[1:], sign},
		"cut":                  {response[:8], sign},
		"none":                 {"", sign},
		"not Base64":           {"*", sign},
		"a message in JSON":    {`{"code":"10000","mobile":"13912345678"}`, sign},
		"more JSON than asked": {response + `","response":"` + response, sign},
	} {
		_, err := w.mini.Mobile(t.Context(), c.response, c.sign)
		if !errors.Is(err, vouch.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "13912345678", response)
	}
	if _, err := w.life.Mobile(t.Context(), response, sign); !errors.Is(err, vouch.Refused) {
		t.Errorf("without a key: %v", err)
	}
}

func TestAGatewayThatCannotBeReachedIsUnavailable(t *testing.T) {
	w := newWorld(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w.url = gone.URL
	_, err := client(t, w, w.config(mini, miniKey)).Person(t.Context(), "c0de")
	if !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	says(t, err, "c0de")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.mini.Person(ctx, "c0de"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestThePageOfAuthorisationLeadsBackWithCodeAndState(t *testing.T) {
	w := newWorld(t)
	address := w.life.AuthorizeURL("a state&b")
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.Get(address + "&person=alice")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	to, err := response.Location()
	if err != nil || to.Query().Get("state") != "a state&b" || !strings.HasPrefix(to.String(), back) {
		t.Fatalf("led back to %s: %v", to, err)
	}
	if got, err := w.life.Person(t.Context(), to.Query().Get("auth_code")); err != nil || got.Subject != w.UserID("alice") {
		t.Errorf("the code names somebody else: %v", err)
	}
	response, err = browser.Get(strings.Replace(address, url.QueryEscape(back), url.QueryEscape("https://evil.example/"), 1))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode == http.StatusFound {
		t.Error("the page leads anywhere")
	}
	real := w.config(life, "")
	real.Gateway = alipay.Endpoint
	if got := client(t, w, real).AuthorizeURL("s"); !strings.HasPrefix(got, "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?app_id="+life+"&") {
		t.Error(got)
	}
}

func TestIncompleteSettingsAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*alipay.Config){
		"no gateway":        func(c *alipay.Config) { c.Gateway = "" },
		"no app":            func(c *alipay.Config) { c.AppID = "" },
		"no private key":    func(c *alipay.Config) { c.PrivateKey = "" },
		"no public key":     func(c *alipay.Config) { c.AlipayPublicKey = "" },
		"a broken AES key":  func(c *alipay.Config) { c.ContentKey = "*" },
		"a half public key": func(c *alipay.Config) { c.AlipayPublicKey = c.AlipayPublicKey[:40] },
	} {
		c := w.config(mini, miniKey)
		change(&c)
		_, err := alipay.New(c, w.clock)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		says(t, err, w.keys.AppPrivate())
	}
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
