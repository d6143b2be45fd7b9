package callback_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent/follower"
	"parkbff/ent/riskevent"
	"parkbff/internal/identity"
	"parkbff/internal/partner/alipay"
	sandboxalipay "parkbff/internal/partner/sandbox/alipay"
	sandboxwechat "parkbff/internal/partner/sandbox/wechat"
	"parkbff/internal/partner/wechat"
	"parkbff/internal/risk"
	"parkbff/internal/testkit"
	"parkbff/server/callback"
)

const (
	account = "wxofficial"
	life    = "2026000000000002"
	aesKey  = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// world is the call-backs, the real clients behind them, and the stand-ins that call.
type world struct {
	clock    *testkit.Clock
	wechat   *sandboxwechat.Sandbox
	alipay   *sandboxalipay.Sandbox
	url      string
	told     []identity.FollowEvent
	failing  error
	happened []risk.Happening
	log      bytes.Buffer
}

// Followed keeps what it is told.
func (w *world) Followed(_ context.Context, e identity.FollowEvent) error {
	w.told = append(w.told, e)
	return w.failing
}

// Note keeps what happened.
func (w *world) Note(_ context.Context, h risk.Happening) { w.happened = append(w.happened, h) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))}
	var err error
	if w.wechat, err = sandboxwechat.New(w.clock, rand.Reader, sandboxwechat.App{
		ID: account, Secret: "s", Token: "t", EncodingAESKey: aesKey,
	}); err != nil {
		t.Fatal(err)
	}
	keys, err := sandboxalipay.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	if w.alipay, err = sandboxalipay.New(w.clock, rand.Reader, sandboxalipay.App{ID: life, Keys: keys}); err != nil {
		t.Fatal(err)
	}
	official, err := wechat.NewOfficial(wechat.OfficialConfig{
		Config: wechat.Config{BaseURL: serve(t, w.wechat), App: wechat.App{ID: account, Secret: "s"}}, Token: "t", EncodingAESKey: aesKey,
	}, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	app, err := alipay.New(alipay.Config{
		Gateway: serve(t, w.alipay) + "/gateway.do", AppID: life, PrivateKey: keys.AppPrivate(), AlipayPublicKey: keys.AlipayPublic(),
	}, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for pattern, handler := range callback.Routes(callback.Options{
		WeChat: official, Alipay: app, Followers: w, Risks: w, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	}) {
		mux.Handle(pattern, handler)
	}
	w.url = serve(t, mux)
	return w
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func (w *world) wechatEvent(t *testing.T, following bool) sandboxwechat.Event {
	t.Helper()
	event, err := w.wechat.Follow("alice", account, following)
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func (w *world) alipayEvent(t *testing.T, following bool) sandboxalipay.Event {
	t.Helper()
	event, err := w.alipay.Follow("alice", life, following)
	if err != nil {
		t.Fatal(err)
	}
	return event
}

// sender is an event of either platform.
type sender interface {
	Send(ctx context.Context, address string) (int, error)
}

func (w *world) send(t *testing.T, path string, e sender, want int) {
	t.Helper()
	status, err := e.Send(t.Context(), w.url+path)
	if err != nil || status != want {
		t.Errorf("%s: status %d, want %d: %v", path, status, want, err)
	}
}

func TestAFollowerIsTakenInWithItsPlatformAndTime(t *testing.T) {
	w := newWorld(t)
	at := w.clock.Now()
	w.send(t, "/callback/wechat", w.wechatEvent(t, true), http.StatusOK)
	w.send(t, "/callback/wechat", w.wechatEvent(t, false), http.StatusOK)
	w.send(t, "/callback/alipay", w.alipayEvent(t, true), http.StatusOK)
	open, user := w.wechat.OpenID("alice", account), w.alipay.UserID("alice")
	want := []identity.FollowEvent{
		{Channel: follower.ChannelWECHAT_OFFICIAL, Person: identity.Person{Subject: open, Union: w.wechat.UnionID("alice")}, Following: true, At: at},
		{Channel: follower.ChannelWECHAT_OFFICIAL, Person: identity.Person{Subject: open}, At: at},
		{Channel: follower.ChannelALIPAY_LIFE, Person: identity.Person{Subject: user, Union: user}, Following: true, At: at},
	}
	if diff := cmp.Diff(want, w.told); diff != "" || len(w.happened) != 0 {
		t.Errorf("%s, %v", diff, w.happened)
	}
}

func TestAnEventToldAgainIsAnsweredAgain(t *testing.T) {
	w := newWorld(t)
	event := w.wechatEvent(t, true)
	w.send(t, "/callback/wechat", event, http.StatusOK)
	w.send(t, "/callback/wechat", event, http.StatusOK)
	if len(w.told) != 2 || !cmp.Equal(w.told[0], w.told[1]) {
		t.Error("the same event was read in two ways")
	}
}

func TestAForgedCallIsRefusedWithoutDetailAndNoted(t *testing.T) {
	w := newWorld(t)
	forged := w.wechatEvent(t, true)
	forged.Query.Set("msg_signature", strings.Repeat("0", 40))
	unsigned := w.alipayEvent(t, true)
	unsigned.Form.Del("sign")
	w.send(t, "/callback/wechat", forged, http.StatusForbidden)
	w.send(t, "/callback/alipay", unsigned, http.StatusForbidden)
	stale := w.wechatEvent(t, true)
	w.clock.Pass(11 * time.Minute)
	w.send(t, "/callback/wechat", stale, http.StatusForbidden)
	status, body := get(t, w.url+"/callback/wechat?echostr=1&signature=x&"+forged.Query.Encode())
	if status != http.StatusForbidden || body != "forbidden\n" {
		t.Errorf("%d %q", status, body)
	}
	note := func(path string) risk.Happening {
		return risk.Happening{Kind: riskevent.KindCALLBACK_FORGED, Outcome: riskevent.OutcomeBLOCKED, Path: path}
	}
	want := []risk.Happening{note("/callback/wechat"), note("/callback/alipay"), note("/callback/wechat"), note("/callback/wechat")}
	if diff := cmp.Diff(want, w.happened); diff != "" || w.told != nil {
		t.Errorf("%s, %d told", diff, len(w.told))
	}
}

func TestAddressesAreMadeSureOf(t *testing.T) {
	w := newWorld(t)
	query, err := w.wechat.Echo(account, "7391")
	if err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, w.url+"/callback/wechat?"+query.Encode()); status != http.StatusOK || body != "7391" {
		t.Errorf("%d %q", status, body)
	}
	check, err := w.alipay.Check(life)
	if err != nil {
		t.Fatal(err)
	}
	w.send(t, "/callback/alipay", check, http.StatusOK)
	if w.told != nil {
		t.Error("a check is an event")
	}
}

func TestOtherEventsAreAnsweredAndIgnored(t *testing.T) {
	w := newWorld(t)
	click, err := w.wechat.Event(w.wechat.OpenID("alice", account), account, "CLICK")
	if err != nil {
		t.Fatal(err)
	}
	enter, err := w.alipay.Event("alice", life, "alipay.mobile.public.message.notify", "enter")
	if err != nil {
		t.Fatal(err)
	}
	w.send(t, "/callback/wechat", click, http.StatusOK)
	w.send(t, "/callback/alipay", enter, http.StatusOK)
	if w.told != nil || w.happened != nil {
		t.Error("they are something to us")
	}
}

func TestAnEventThatCannotBeKeptIsToBeToldAgain(t *testing.T) {
	w := newWorld(t)
	w.failing = errors.New("the database is away")
	w.send(t, "/callback/wechat", w.wechatEvent(t, true), http.StatusServiceUnavailable)
	w.send(t, "/callback/alipay", w.alipayEvent(t, true), http.StatusServiceUnavailable)
	if text := w.log.String(); w.happened != nil || strings.Contains(text, w.wechat.OpenID("alice", account)) || strings.Contains(text, w.alipay.UserID("alice")) {
		t.Errorf("%v %s", w.happened, text)
	}
}

func TestALongBodyIsNotRead(t *testing.T) {
	w := newWorld(t)
	event := w.wechatEvent(t, true)
	event.Body = bytes.Repeat([]byte("x"), 64<<10+1)
	w.send(t, "/callback/wechat", event, http.StatusRequestEntityTooLarge)
	w.send(t, "/callback/alipay", sandboxalipay.Event{Form: url.Values{"biz_content": {string(event.Body)}}}, http.StatusRequestEntityTooLarge)
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
