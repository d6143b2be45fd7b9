package getui_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/partner/getui"
	"parkbff/internal/partner/message"
	sandbox "parkbff/internal/partner/sandbox/getui"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
)

type world struct {
	*sandbox.Sandbox
	clock  *testkit.Clock
	config getui.Config
	client *getui.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))}
	var err error
	if w.Sandbox, err = sandbox.New(sandbox.App{ID: "app", Key: "key", MasterSecret: "secret"}, w.clock, rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.config = getui.Config{BaseURL: serve(t, w.Sandbox), AppID: "app", AppKey: "key", MasterSecret: "secret"}
	w.client = client(t, w.config, w.clock)
	return w
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, c getui.Config, k *testkit.Clock) *getui.Client {
	t.Helper()
	made, err := getui.New(c, k)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (w *world) push(t *testing.T, name string, p message.Push) error {
	t.Helper()
	key, err := w.client.Key(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return w.client.Push(t.Context(), key, p)
}

func to(phone string) message.Push {
	return message.Push{
		To: phone, Title: "车辆入场", Body: "粤B***45 晚间", Extras: map[string]string{"notice": "n1"}, Lasting: time.Hour,
	}
}

func TestANotificationReachesItsPhone(t *testing.T) {
	w := newWorld(t)
	w.config.Makers = map[string]json.RawMessage{"XM": json.RawMessage(`{"/extra.channel_id":"116"}`), "HW": json.RawMessage(`{"/message/android/category":"SUBSCRIPTION"}`)}
	w.client = client(t, w.config, w.clock)
	phone := w.Phone("alice")
	if err := w.push(t, "notice 1", to(phone)); err != nil {
		t.Fatal(err)
	}
	long := to(phone)
	long.Title, long.Body, long.Extras, long.Lasting = strings.Repeat("题", 60), "两\n行"+strings.Repeat("字", 300), nil, 0
	if err := w.push(t, "notice 2", long); err != nil {
		t.Fatal(err)
	}
	one, _ := w.client.Key(t.Context(), "notice 1")
	two, _ := w.client.Key(t.Context(), "notice 2")
	want := []sandbox.Message{
		{To: phone, Key: one, Title: "车辆入场", Body: "粤B***45 晚间", Payload: `{"notice":"n1"}`, Lasting: 3_600_000, Makers: []string{"HW", "XM"}},
		{To: phone, Key: two, Title: strings.Repeat("题", 49) + "…", Body: "两 行" + strings.Repeat("字", 252) + "…", Lasting: -1, Makers: []string{"HW", "XM"}},
	}
	if diff := cmp.Diff(want, w.Sent()); diff != "" {
		t.Error(diff)
	}
}

func TestANotificationSentTwiceUnderOneKeyIsShownOnce(t *testing.T) {
	w := newWorld(t)
	w.Trouble.Make(trouble.LostAnswers, 1)
	err := w.push(t, "notice 1", to(w.Phone("alice")))
	if !errors.Is(err, fault.Unavailable) || !message.Again(err) {
		t.Fatalf("the answer was lost: %v", err)
	}
	if err := w.push(t, "notice 1", to(w.Phone("alice"))); err != nil {
		t.Fatal(err)
	}
	if got := w.Sent(); len(got) != 1 {
		t.Errorf("shown %d times", len(got))
	}
	if err := w.push(t, "notice 2", to(w.Phone("alice"))); err != nil || len(w.Sent()) != 2 {
		t.Errorf("another notice: %v", err)
	}
}

func TestATokenIsAskedForOnceAndRenewedOnceItIsWorthless(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := w.push(t, rand.Text(), to(w.Phone("alice"))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := w.Signs(); got != 1 {
		t.Errorf("%d tokens for twenty pushes", got)
	}
	for name, spoil := range map[string]func(){"ended": func() { w.clock.Pass(24 * time.Hour) }, "revoked": w.Revoke} {
		before := w.Signs()
		spoil()
		if err := w.push(t, name, to(w.Phone("alice"))); err != nil || w.Signs() != before+1 {
			t.Errorf("%s: %v, %d tokens more", name, err, w.Signs()-before)
		}
	}
	if got := w.Sent(); len(got) != 22 {
		t.Errorf("%d of 22 were shown", len(got))
	}
}

func TestWhoWaitsForATokenNeedNotWaitForEver(t *testing.T) {
	asked, hold := make(chan struct{}), make(chan struct{})
	base := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-hold }))
	c := client(t, getui.Config{BaseURL: base, AppID: "app", AppKey: "key", MasterSecret: "s"}, testkit.NewClock(time.Unix(0, 0)))
	first := make(chan error, 1)
	go func() { first <- c.Push(t.Context(), "0123456789", to("phone1")) }()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Push(ctx, "0123456789", to("phone1")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(hold)
	if err := <-first; !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestTroubleIsToldApart(t *testing.T) {
	w := newWorld(t)
	gone, away := w.Phone("bob"), w.Phone("carol")
	w.Uninstall(gone)
	w.Leave(away)
	for name, c := range map[string]struct {
		push message.Push
		want error
	}{
		"uninstalled": {to(gone), message.Gone}, "not seen for long": {to(away), message.Gone}, "no phone": {to("1?2"), message.Gone},
		"no words": {message.Push{To: w.Phone("alice")}, message.Invalid},
	} {
		err := w.push(t, name, c.push)
		if !errors.Is(err, c.want) || message.Again(err) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, c.push.To)
	}
	w.Trouble.Make(trouble.Limited, 1)
	if err := w.push(t, "1", to(w.Phone("alice"))); !errors.Is(err, fault.RateLimited) || message.RetryAfter(err) != time.Minute {
		t.Errorf("too many calls: %v", err)
	}
	w.Trouble.Make(trouble.Down, 1)
	if err := w.push(t, "1", to(w.Phone("alice"))); !errors.Is(err, fault.Unavailable) || !message.Again(err) {
		t.Errorf("down: %v", err)
	}
	w.config.MasterSecret = "guessed"
	w.client = client(t, w.config, w.clock)
	if err := w.push(t, "1", to(w.Phone("alice"))); !errors.Is(err, fault.Unavailable) || !message.Again(err) {
		t.Errorf("another secret: %v", err)
	}
	if got := w.Sent(); len(got) != 0 {
		t.Errorf("%d were shown", len(got))
	}
}

func TestRepliesAreTranslatedWithoutWhatTheyQuote(t *testing.T) {
	for reply, want := range map[string]error{
		`{"code":0,"msg":"success","data":{"t":{"phone1":"successed_offline"}}}`: nil,
		`{"code":0,"data":[]}`: nil,
		`{"code":0,"data":{"t":{"phone1":"successed_ignore"}}}`: message.Gone,
		`{"code":20001,"msg":"target user is invalid: phone1"}`: message.Gone,
		`{"code":20001,"msg":"title size over limit"}`:          message.Invalid,
		`{"code":1,"msg":"phone1"}`:                             message.Invalid,
		`{"code":10001}`:                                        fault.Unavailable, // the second token too
		`{"code":10002}`:                                        fault.Unavailable,
		`{"code":10003}`:                                        fault.RateLimited,
		`{"code":10005}`:                                        fault.RateLimited,
		`{"code":2}`:                                            fault.Unavailable,
		`{"code":301}`:                                          fault.Unavailable,
		`{"code":10010}`:                                        fault.Unavailable,
		`{}`:                                                    fault.Unavailable,
		`<html>phone1`:                                          fault.Unavailable,
	} {
		k := testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/auth") {
				_, _ = io.WriteString(w, `{"code":0,"data":{"token":"hush","expire_time":"1795309200000"}}`)
				return
			}
			_, _ = io.WriteString(w, reply)
		}))
		c := client(t, getui.Config{BaseURL: base, AppID: "app", AppKey: "key", MasterSecret: "s3cret"}, k)
		err := c.Push(t.Context(), "0123456789", to("phone1"))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", reply, err)
		}
		says(t, err, "phone1", "粤B", "hush", "s3cret")
	}
}

func TestAnIncompleteConfigurationIsRefused(t *testing.T) {
	whole := getui.Config{BaseURL: getui.Endpoint, AppID: "a", AppKey: "k", MasterSecret: "s"}
	for name, change := range map[string]func(*getui.Config){
		"no URL": func(c *getui.Config) { c.BaseURL = "" }, "no app": func(c *getui.Config) { c.AppID = "" },
		"no key": func(c *getui.Config) { c.AppKey = "" }, "no secret": func(c *getui.Config) { c.MasterSecret = "" },
		"no maker":  func(c *getui.Config) { c.Makers = map[string]json.RawMessage{"nokia": json.RawMessage(`{}`)} },
		"no option": func(c *getui.Config) { c.Makers = map[string]json.RawMessage{"XM": json.RawMessage(`1`)} },
	} {
		wrong := whole
		change(&wrong)
		if _, err := getui.New(wrong, testkit.NewClock(time.Time{})); err == nil {
			t.Errorf("%s: accepted", name)
		}
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
