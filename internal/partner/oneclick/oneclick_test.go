package oneclick_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/acs3"
	"parkbff/internal/partner/oneclick"
	sandbox "parkbff/internal/partner/sandbox/oneclick"
	"parkbff/internal/partner/vouch"
	"parkbff/internal/testkit"
)

var ours = acs3.Credentials{ID: "id", Secret: "secret"}

type world struct {
	*sandbox.Sandbox
	clock *testkit.Clock
	url   string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))}
	var err error
	if w.Sandbox, err = sandbox.New(ours, w.clock, rand.Reader); err != nil {
		t.Fatal(err)
	}
	w.url = serve(t, w.Sandbox)
	return w
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func (w *world) client(t *testing.T, by acs3.Credentials) *oneclick.Client {
	t.Helper()
	c, err := oneclick.New(oneclick.Config{BaseURL: w.url, Credentials: by}, w.clock, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) token(t *testing.T, m cnid.Mobile) string {
	t.Helper()
	token, err := w.Token(m)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func mobile(t *testing.T) cnid.Mobile {
	t.Helper()
	m, err := cnid.ParseMobile("13912345678")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// forged is a token with another signature.
func forged(token string) string { return token[:len(token)-8] + "AAAAAAAA" }

func TestOnlyAFreshTokenOfOurAppTellsTheMobile(t *testing.T) {
	w, m := newWorld(t), mobile(t)
	c := w.client(t, ours)
	good := w.token(t, m)
	if got, err := c.Mobile(t.Context(), "CHINA_MOBILE", good); err != nil || got != m {
		t.Fatalf("a good token tells another mobile: %v", err)
	}
	late := w.token(t, m)
	w.clock.Pass(5 * time.Minute)
	another, err := sandbox.New(acs3.Credentials{ID: "another", Secret: "s"}, w.clock, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := another.Token(m)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"used": good, "too old": late, "forged": forged(w.token(t, m)), "of another app": foreign, "none": "", "noise": "&%\n",
	} {
		_, err := c.Mobile(t.Context(), "CHINA_MOBILE", token)
		if !errors.Is(err, vouch.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, token, "13912345678")
	}
	thief := w.client(t, acs3.Credentials{ID: ours.ID, Secret: "guessed"})
	if _, err := thief.Mobile(t.Context(), "", w.token(t, m)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another secret: %v", err)
	}
	w.Lenient()
	if _, err := c.Mobile(t.Context(), "", forged(w.token(t, m))); err != nil {
		t.Errorf("a lenient stand-in takes the forged token: %v", err)
	}
	if _, err := thief.Mobile(t.Context(), "", w.token(t, m)); err != nil {
		t.Errorf("a lenient stand-in takes the forged signature: %v", err)
	}
}

func TestRefusalsOfTheServiceAreTranslatedWithoutTheNumber(t *testing.T) {
	for reply, want := range map[string]error{
		`{"Code":"OK","GetMobileResultDTO":{"Mobile":"13912345678"}}`: nil,
		`{"Code":"OK","GetMobileResultDTO":{"Mobile":"+1 555 0100"}}`: vouch.Refused,
		`{"Code":"OK"}`: vouch.Refused,
		`{"Code":"isv.WHATEVER_OF_THE_TOKEN","Message":"13912345678"}`: vouch.Refused,
		`{"Code":"Throttling.User"}`:                                   fault.Unavailable,
		`{"Code":"isv.AMOUNT_NOT_ENOUGH"}`:                             fault.Unavailable,
		`{}`:                                                           fault.Unavailable,
		`<html>13912345678`:                                            fault.Unavailable,
		`{"Code":13912345678}`:                                         fault.Unavailable,
	} {
		w := newWorld(t)
		w.url = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, reply) }))
		_, err := w.client(t, ours).Mobile(t.Context(), "", "t0ken")
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", reply, err)
		}
		says(t, err, "13912345678", "t0ken")
	}
}

func TestAServiceThatCannotBeReachedIsUnavailable(t *testing.T) {
	w := newWorld(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w.url = gone.URL
	_, err := w.client(t, ours).Mobile(t.Context(), "", "t0ken")
	if !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	says(t, err, "t0ken")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.client(t, ours).Mobile(ctx, "", "t0ken"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestAnIncompleteConfigurationIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, wrong := range []oneclick.Config{{}, {BaseURL: "dypnsapi", Credentials: ours}, {BaseURL: oneclick.Endpoint}} {
		if _, err := oneclick.New(wrong, w.clock, rand.Reader); err == nil {
			t.Error("accepted")
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
