package jpush_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/partner/jpush"
	"parkbff/internal/partner/message"
	sandbox "parkbff/internal/partner/sandbox/jpush"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
)

type world struct {
	*sandbox.Sandbox
	clock  *testkit.Clock
	client *jpush.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))}
	w.Sandbox = sandbox.New("app", "secret", w.clock, rand.Reader)
	w.client = client(t, jpush.Config{BaseURL: serve(t, w.Sandbox), AppKey: "app", MasterSecret: "secret"}, w.clock)
	return w
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, c jpush.Config, k *testkit.Clock) *jpush.Client {
	t.Helper()
	made, err := jpush.New(c, k)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (w *world) key(t *testing.T) string {
	t.Helper()
	key, err := w.client.Key(t.Context(), "notice 1")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func to(phone string) message.Push {
	return message.Push{
		To: phone, Title: "车辆入场", Body: "粤B***45 晚间", Extras: map[string]string{"notice": "n1"}, Lasting: time.Hour,
	}
}

func TestANotificationReachesItsPhone(t *testing.T) {
	w := newWorld(t)
	phone := w.Phone("alice")
	w.client = client(t, jpush.Config{BaseURL: serve(t, w.Sandbox), AppKey: "app", MasterSecret: "secret", Makers: map[string]json.RawMessage{
		"xiaomi": json.RawMessage(`{"distribution":"secondary_push","channel_id":"116"}`), "huawei": json.RawMessage(`{"category":"SUBSCRIPTION"}`),
	}}, w.clock)
	key := w.key(t)
	if err := w.client.Push(t.Context(), key, to(phone)); err != nil {
		t.Fatal(err)
	}
	want := []sandbox.Message{{
		To: phone, Key: key, Title: "车辆入场", Body: "粤B***45 晚间", Extras: map[string]string{"notice": "n1"}, Lasting: 3600,
		Makers: []string{"huawei", "xiaomi"},
	}}
	if diff := cmp.Diff(want, w.Sent()); diff != "" {
		t.Error(diff)
	}
}

func TestANotificationSentTwiceUnderOneKeyIsShownOnce(t *testing.T) {
	w := newWorld(t)
	key := w.key(t)
	w.Trouble.Make(trouble.LostAnswers, 1)
	err := w.client.Push(t.Context(), key, to(w.Phone("alice")))
	if !errors.Is(err, fault.Unavailable) || !message.Again(err) {
		t.Fatalf("the answer was lost: %v", err)
	}
	if err := w.client.Push(t.Context(), key, to(w.Phone("alice"))); err != nil {
		t.Fatal(err)
	}
	if got := w.Sent(); len(got) != 1 {
		t.Errorf("shown %d times", len(got))
	}
	if err := w.client.Push(t.Context(), w.key(t), to(w.Phone("alice"))); err != nil || len(w.Sent()) != 2 {
		t.Errorf("another key: %v", err)
	}
}

func TestKeysAreOfTheServiceAndNotTakenTooLate(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 25 {
		seen[w.key(t)] = true
	}
	if len(seen) != 25 {
		t.Errorf("%d keys of 25", len(seen))
	}
	w.clock.Pass(13 * time.Hour)
	late := w.key(t)
	w.clock.Pass(13 * time.Hour) // a key kept from before would have ended
	if err := w.client.Push(t.Context(), late, to(w.Phone("alice"))); err != nil {
		t.Error(err)
	}
	if err := w.client.Push(t.Context(), "of our own", to(w.Phone("alice"))); !errors.Is(err, message.Invalid) {
		t.Errorf("a key that we made up: %v", err)
	}
}

func TestTroubleIsToldApart(t *testing.T) {
	w := newWorld(t)
	gone := w.Phone("bob")
	w.Uninstall(gone)
	for name, c := range map[string]struct {
		push message.Push
		want error
	}{
		"uninstalled": {to(gone), message.Gone}, "no phone": {to("1?2"), message.Gone},
		"no words": {message.Push{To: w.Phone("alice")}, message.Invalid},
		"too long": {message.Push{To: w.Phone("alice"), Body: strings.Repeat("字", 2000)}, message.Invalid},
	} {
		err := w.client.Push(t.Context(), w.key(t), c.push)
		if !errors.Is(err, c.want) || message.Again(err) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, c.push.To)
	}
	key := w.key(t)
	w.Trouble.Make(trouble.Limited, 1)
	if err := w.client.Push(t.Context(), key, to(w.Phone("alice"))); !errors.Is(err, fault.RateLimited) || !message.Again(err) || message.RetryAfter(err) != 30*time.Second {
		t.Errorf("too many calls: %v", err)
	}
	w.Trouble.Make(trouble.Down, 1)
	if err := w.client.Push(t.Context(), key, to(w.Phone("alice"))); !errors.Is(err, fault.Unavailable) || !message.Again(err) {
		t.Errorf("down: %v", err)
	}
	thief := client(t, jpush.Config{BaseURL: serve(t, w.Sandbox), AppKey: "app", MasterSecret: "guessed"}, w.clock)
	if err := thief.Push(t.Context(), key, to(w.Phone("alice"))); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another secret: %v", err)
	}
	if _, err := thief.Key(t.Context(), ""); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a key for another secret: %v", err)
	}
	if got := w.Sent(); len(got) != 0 {
		t.Errorf("%d were shown", len(got))
	}
}

func TestRepliesAreTranslatedWithoutWhatTheyQuote(t *testing.T) {
	for reply, want := range map[string]error{
		`{"error":{"code":1011,"message":"1234567890123456789"}}`:        message.Gone,
		`{"error":{"code":1003,"message":"registration_id 123 is bad"}}`: message.Gone,
		`{"error":{"code":1003,"message":"The Registration ID is bad"}}`: message.Gone,
		`{"error":{"code":1003,"message":"time_to_live"}}`:               message.Invalid,
		`{"error":{"code":1002}}`:                                        message.Invalid,
		`{"error":{"code":1000}}`:                                        fault.Unavailable,
		`{"error":{"code":1004}}`:                                        fault.Unavailable,
		`{"error":{"code":1030}}`:                                        fault.Unavailable,
		`{"error":{"code":2003}}`:                                        fault.Unavailable,
		`{"error":{"code":2005,"message":"1234567890123456789"}}`:        fault.RateLimited,
		`{}`:                        fault.Unavailable,
		`<html>1234567890123456789`: fault.Unavailable,
	} {
		k := testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))
		c := client(t, jpush.Config{AppKey: "a", MasterSecret: "s", BaseURL: serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, reply)
		}))}, k)
		err := c.Push(t.Context(), "k", to("1234567890123456789"))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", reply, err)
		}
		says(t, err, "1234567890123456789", "粤B")
	}
}

func TestAServiceThatCannotBeReachedIsUnavailable(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	k := testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))
	c := client(t, jpush.Config{AppKey: "a", MasterSecret: "hush", BaseURL: gone.URL}, k)
	err := c.Push(t.Context(), "k", to("1234567890123456789"))
	if !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	says(t, err, "hush", "1234567890123456789", gone.URL)
}

func TestAnIncompleteConfigurationIsRefused(t *testing.T) {
	for name, wrong := range map[string]jpush.Config{
		"no secret": {BaseURL: jpush.Endpoint, AppKey: "a"}, "no key": {BaseURL: jpush.Endpoint, MasterSecret: "s"},
		"no URL":    {AppKey: "a", MasterSecret: "s"},
		"no maker":  {BaseURL: jpush.Endpoint, AppKey: "a", MasterSecret: "s", Makers: map[string]json.RawMessage{"nokia": json.RawMessage(`{}`)}},
		"no option": {BaseURL: jpush.Endpoint, AppKey: "a", MasterSecret: "s", Makers: map[string]json.RawMessage{"xiaomi": json.RawMessage(`"x"`)}},
	} {
		if _, err := jpush.New(wrong, testkit.NewClock(time.Time{})); err == nil {
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
