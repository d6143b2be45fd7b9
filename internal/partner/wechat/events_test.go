package wechat_test

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"parkbff/internal/fault"
	sandbox "parkbff/internal/partner/sandbox/wechat"
	"parkbff/internal/partner/vouch"
	"parkbff/internal/partner/wechat"
	"parkbff/internal/testkit"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func (w *world) tell(t *testing.T, following bool) sandbox.Event {
	t.Helper()
	return must[sandbox.Event](t)(w.Follow("alice", official, following))
}

func TestAFollowerIsToldSealedAndPlain(t *testing.T) {
	for app, client := range map[string]func(*world) *wechat.Official{
		official: func(w *world) *wechat.Official { return w.official },
		plain:    func(w *world) *wechat.Official { return w.plain },
	} {
		w := newWorld(t)
		for _, following := range []bool{true, false, true} {
			w.clock.Pass(time.Minute)
			event := must[sandbox.Event](t)(w.Follow("alice", app, following))
			got := must[*vouch.Follow](t)(client(w).Event(t.Context(), event.Query, event.Body))
			want := vouch.Person{Subject: w.OpenID("alice", app)}
			if following {
				want.Union = w.UnionID("alice")
			}
			if got == nil || got.Following != following || got.Person != want || !got.At.Equal(w.clock.Now()) {
				t.Errorf("%s: following %t was read otherwise", app, following)
			}
		}
		if strings.Contains(string(must[sandbox.Event](t)(w.Follow("alice", official, true)).Body), w.OpenID("alice", official)) {
			t.Error("a sealed event shows the person")
		}
	}
}

func TestForgedAndStaleEventsAreRefused(t *testing.T) {
	for name, change := range map[string]func(w *world, e *sandbox.Event){
		"no signature":        func(_ *world, e *sandbox.Event) { e.Query.Del("signature") },
		"another signature":   func(_ *world, e *sandbox.Event) { e.Query.Set("signature", strings.Repeat("0", 40)) },
		"no second signature": func(_ *world, e *sandbox.Event) { e.Query.Del("msg_signature") },
		"another nonce":       func(_ *world, e *sandbox.Event) { e.Query.Set("nonce", "1") },
		"another time":        func(w *world, e *sandbox.Event) { e.Query.Set("timestamp", itoa(w.clock.Now().Unix()+1)) },
		"no time":             func(_ *world, e *sandbox.Event) { e.Query.Del("timestamp") },
		"too late":            func(w *world, _ *sandbox.Event) { w.clock.Pass(11 * time.Minute) },
		"another body": func(w *world, e *sandbox.Event) {
			bob, _ := w.Follow("bob", official, true)
			e.Body = bob.Body
		},
		"plain instead of sealed": func(w *world, e *sandbox.Event) {
			e.Query.Del("encrypt_type")
			e.Body = []byte(`<xml><FromUserName>o1</FromUserName><CreateTime>` + itoa(w.clock.Now().Unix()) + `</CreateTime><MsgType>event</MsgType><Event>subscribe</Event></xml>`)
		},
		"an empty body":  func(_ *world, e *sandbox.Event) { e.Body = nil },
		"another token":  func(w *world, e *sandbox.Event) { *e, _ = w.Follow("alice", plain, true) },
		"nothing at all": func(_ *world, e *sandbox.Event) { *e = sandbox.Event{Query: url.Values{}} },
	} {
		w := newWorld(t)
		event := w.tell(t, true)
		change(w, &event)
		got, err := w.official.Event(t.Context(), event.Query, event.Body)
		if !errors.Is(err, vouch.Forged) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, w.OpenID("alice", official))
	}
}

// In the mode of transition (兼容模式) an event comes sealed and plain at once; nothing signs the plain half.
func TestOfAnEventThatComesBothWaysTheSealedHalfIsBelieved(t *testing.T) {
	w := newWorld(t)
	if !w.official.SignedWhole() || w.plain.SignedWhole() {
		t.Error("who has a key is taken for another")
	}
	event := w.tell(t, true)
	forged := "<xml><FromUserName>" + w.OpenID("bob", official) + "</FromUserName><MsgType>event</MsgType><Event>unsubscribe</Event>"
	event.Body = []byte(strings.Replace(string(event.Body), "<xml>", forged, 1))
	got := must[*vouch.Follow](t)(w.official.Event(t.Context(), event.Query, event.Body))
	if got == nil || !got.Following || got.Person.Subject != w.OpenID("alice", official) {
		t.Error("the plain half was believed")
	}
}

// An event that is sealed for another app under the same token and key is not ours.
func TestAnEventOfAnotherAppIsRefused(t *testing.T) {
	w := newWorld(t)
	twin := w.newOfficial(t, mini, "t1", aesKey)
	event := w.tell(t, true)
	if _, err := twin.Event(t.Context(), event.Query, event.Body); !errors.Is(err, vouch.Forged) {
		t.Error(err)
	}
}

// It would otherwise outlive every true event after it.
func TestAnEventOfTheFutureIsRefused(t *testing.T) {
	w := newWorld(t)
	event := must[sandbox.Event](t)(w.Follow("alice", plain, true))
	now := itoa(w.clock.Now().Unix())
	event.Body = []byte(strings.Replace(string(event.Body), "<CreateTime>"+now, "<CreateTime>"+itoa(w.clock.Now().Add(time.Hour).Unix()), 1))
	if _, err := w.plain.Event(t.Context(), event.Query, event.Body); !errors.Is(err, vouch.Forged) {
		t.Error(err)
	}
}

func TestEventsThatAreNothingToUsAreNoFollowing(t *testing.T) {
	w := newWorld(t)
	event := must[sandbox.Event](t)(w.Event(w.OpenID("alice", official), official, "CLICK"))
	got, err := w.official.Event(t.Context(), event.Query, event.Body)
	if got != nil || err != nil {
		t.Error(err)
	}
}

func TestAnEventIsToldAgainWhenItCannotBeLearntWhoFollows(t *testing.T) {
	for reply, want := range map[string]bool{
		`{"errcode":48001}`: true, `{"errcode":-1}`: false, `{"openid":"another","unionid":"u"}`: false, ``: false,
	} {
		w := newWorld(t)
		event := w.tell(t, true)
		w.url = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/cgi-bin/user/info" {
				_, _ = rw.Write([]byte(reply))
				return
			}
			w.ServeHTTP(rw, r)
		}))
		got, err := w.newOfficial(t, official, "t1", aesKey).Event(t.Context(), event.Query, event.Body)
		if told := err == nil && got != nil; told != want {
			t.Errorf("%s: %v", reply, err)
		}
	}
}

func TestAnAddressIsMadeSureOf(t *testing.T) {
	w := newWorld(t)
	query := must[url.Values](t)(w.Echo(official, "7391"))
	if got := must[string](t)(w.official.Echo(query)); got != "7391" {
		t.Error(got)
	}
	query.Set("nonce", "1")
	if _, err := w.official.Echo(query); !errors.Is(err, vouch.Forged) {
		t.Error(err)
	}
}

func TestIncompleteSettingsAreRefused(t *testing.T) {
	w := newWorld(t)
	good := wechat.OfficialConfig{
		Config: wechat.Config{BaseURL: w.url, App: wechat.App{ID: "a", Secret: "b"}}, Token: "t", EncodingAESKey: aesKey,
	}
	for name, change := range map[string]func(*wechat.OfficialConfig){
		"no URL":      func(c *wechat.OfficialConfig) { c.BaseURL = "" },
		"no app":      func(c *wechat.OfficialConfig) { c.App.ID = "" },
		"no secret":   func(c *wechat.OfficialConfig) { c.App.Secret = "" },
		"no token":    func(c *wechat.OfficialConfig) { c.Token = "" },
		"a short key": func(c *wechat.OfficialConfig) { c.EncodingAESKey = "abc" },
	} {
		c := good
		change(&c)
		if _, err := wechat.NewOfficial(c, w.clock); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Whoever knows the token may say anything; the reader answers an event, nothing, or that it is forged.
func FuzzTheReaderOfEventsSurvivesAnything(f *testing.F) {
	f.Add([]byte(`<xml><FromUserName>o1</FromUserName><CreateTime>1795222800</CreateTime><MsgType>event</MsgType><Event>unsubscribe</Event></xml>`), "aes")
	f.Add([]byte(`<xml><Encrypt>AAAA</Encrypt></xml>`), "")
	clock := testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))
	reader := func(key string) *wechat.Official {
		c, err := wechat.NewOfficial(wechat.OfficialConfig{
			Config: wechat.Config{BaseURL: "http://127.0.0.1:1", App: wechat.App{ID: "a", Secret: "b"}}, Token: "t", EncodingAESKey: key,
		}, clock)
		if err != nil {
			f.Fatal(err)
		}
		return c
	}
	sealed, open := reader(aesKey), reader("")
	f.Fuzz(func(t *testing.T, body []byte, nonce string) {
		at := itoa(clock.Now().Unix())
		var envelope struct {
			Encrypt string `xml:"Encrypt"`
		}
		_ = xml.Unmarshal(body, &envelope)
		query := url.Values{
			"timestamp": {at}, "nonce": {nonce}, "signature": {util.Signature("t", at, nonce)},
			"msg_signature": {util.Signature("t", at, nonce, envelope.Encrypt)},
		}
		inside, err := util.EncryptMsg(make([]byte, 16), body, "a", aesKey)
		if err != nil {
			t.Fatal(err)
		}
		whole := url.Values{"msg_signature": {util.Signature("t", at, nonce, string(inside))}}
		for name, values := range query {
			if whole[name] == nil {
				whole[name] = values
			}
		}
		for _, call := range []func() (*vouch.Follow, error){
			func() (*vouch.Follow, error) { return open.Event(t.Context(), query, body) },
			func() (*vouch.Follow, error) { return sealed.Event(t.Context(), query, body) },
			func() (*vouch.Follow, error) {
				return sealed.Event(t.Context(), whole, []byte("<xml><Encrypt>"+string(inside)+"</Encrypt></xml>"))
			},
		} {
			if got, err := call(); err != nil && got != nil && !errors.Is(err, fault.Unavailable) {
				t.Error(err)
			}
		}
	})
}
