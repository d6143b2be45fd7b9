package sms_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/acs3"
	sandbox "parkbff/internal/partner/sandbox/sms"
	"parkbff/internal/partner/sms"
)

var ours = acs3.Credentials{ID: "id", Secret: "secret"}

// approved are the templates that the stand-in knows.
var approved = map[string]string{"SMS_1": "登录验证码${code}。", "SMS_2": "确认码${code}。"}

type noon struct{}

func (noon) Now() time.Time { return time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC) }

func mobile(t *testing.T, number string) cnid.Mobile {
	t.Helper()
	m, err := cnid.ParseMobile(number)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func config(base string) sms.Config {
	return sms.Config{BaseURL: base, Credentials: ours, SignName: "停车"}
}

func client(t *testing.T, config sms.Config, random io.Reader) *sms.Client {
	t.Helper()
	c, err := sms.New(config, noon{}, random)
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

func TestTheLastCodeReachesItsMobileInTheTextItIsSentIn(t *testing.T) {
	phone := sandbox.New(ours, approved, noon{})
	c := client(t, config(serve(t, phone)), rand.Reader)
	for _, number := range []string{"13800138000", "+85291234567", "+85366123456", "+886912345678"} {
		m := mobile(t, number)
		if _, ok := phone.Code(m); ok {
			t.Fatalf("%s has a code before any was sent", number)
		}
		for _, sent := range []struct {
			template    sms.Template
			code, words string
		}{{"SMS_1", "111111", "登录验证码111111。"}, {"SMS_2", "22&2=2", "确认码22&2=2。"}} {
			if err := c.SendCode(t.Context(), m, sent.template, sent.code); err != nil {
				t.Fatalf("%s: %v", number, err)
			}
			if got, ok := phone.Code(m); !ok || got != sent.code {
				t.Errorf("%s got %q", number, got)
			}
			if got, ok := phone.Text(m); !ok || got != sent.words {
				t.Errorf("%s got %q", number, got)
			}
		}
	}
}

func TestAnotherSecretSendsNothing(t *testing.T) {
	phone := sandbox.New(ours, approved, noon{})
	forged := config(serve(t, phone))
	forged.Credentials.Secret = "guessed"
	err := client(t, forged, rand.Reader).SendCode(t.Context(), mobile(t, "13800138000"), "SMS_1", "123456")
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(cause(err), "SignatureDoesNotMatch") {
		t.Errorf("%v because %s", err, cause(err))
	}
	if code, ok := phone.Code(mobile(t, "13800138000")); ok {
		t.Errorf("%s was sent", code)
	}
}

func TestATextThatIsNotApprovedIsNotSent(t *testing.T) {
	phone := sandbox.New(ours, approved, noon{})
	err := client(t, config(serve(t, phone)), rand.Reader).SendCode(t.Context(), mobile(t, "13800138000"), "SMS_3", "123456")
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(cause(err), "isv.SMS_TEMPLATE_ILLEGAL") {
		t.Errorf("%v because %s", err, cause(err))
	}
	if words, ok := phone.Text(mobile(t, "13800138000")); ok {
		t.Errorf("%s was sent", words)
	}
}

func TestARepeatedNonceIsRefused(t *testing.T) {
	c := client(t, config(serve(t, sandbox.New(ours, approved, noon{}))), repeating{})
	if err := c.SendCode(t.Context(), mobile(t, "13800138000"), "SMS_1", "1"); err != nil {
		t.Fatal(err)
	}
	if err := c.SendCode(t.Context(), mobile(t, "13800138000"), "SMS_1", "2"); !strings.Contains(cause(err), "SignatureNonceUsed") {
		t.Errorf("%v because %s", err, cause(err))
	}
}

func TestRefusalsOfTheServiceAreTranslatedWithoutTheNumber(t *testing.T) {
	for reply, want := range map[string]error{
		`{"Code":"OK"}`: nil,
		`{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"13800138000 is illegal"}`:      cnid.InvalidMobile,
		`{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"13800138000 had 10 already"}`: fault.RateLimited,
		`{"Code":"isv.AMOUNT_NOT_ENOUGH","RequestId":"r"}`:                             fault.Unavailable,
		`{}`:                   fault.Unavailable,
		`<html>13800138000`:    fault.Unavailable,
		`{"Code":13800138000}`: fault.Unavailable,
	} {
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) }))
		err := client(t, config(base), rand.Reader).SendCode(t.Context(), mobile(t, "13800138000"), "SMS_1", "654321")
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", reply, err)
		}
		if text := cause(err); strings.Contains(text, "13800138000") || strings.Contains(text, "654321") {
			t.Errorf("%s: the error says %s", reply, text)
		}
	}
}

func TestAServiceThatCannotBeReachedIsUnavailable(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	err := client(t, config(gone.URL), rand.Reader).SendCode(t.Context(), mobile(t, "13800138000"), "SMS_1", "654321")
	if !errors.Is(err, fault.Unavailable) || strings.Contains(cause(err), "13800138000") {
		t.Errorf("%v because %s", err, cause(err))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client(t, config(gone.URL), rand.Reader).SendCode(ctx, mobile(t, "13800138000"), "SMS_1", "1"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the number went elsewhere") }))
	base := serve(t, http.RedirectHandler(elsewhere, http.StatusTemporaryRedirect))
	if err := client(t, config(base), rand.Reader).SendCode(t.Context(), mobile(t, "13800138000"), "SMS_1", "1"); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestWithoutRandomnessNothingIsSent(t *testing.T) {
	c := client(t, config(serve(t, sandbox.New(ours, approved, noon{}))), iotest.ErrReader(errors.New("broken")))
	if err := c.SendCode(t.Context(), mobile(t, "13800138000"), "SMS_1", "1"); err == nil {
		t.Error("sent")
	}
}

func TestAnIncompleteConfigurationIsRefused(t *testing.T) {
	for name, change := range map[string]func(*sms.Config){
		"no URL":    func(c *sms.Config) { c.BaseURL = "" },
		"no scheme": func(c *sms.Config) { c.BaseURL = "dysmsapi" },
		"no secret": func(c *sms.Config) { c.Credentials.Secret = "" },
		"no sign":   func(c *sms.Config) { c.SignName = "" },
	} {
		wrong := config(sms.Endpoint)
		change(&wrong)
		if _, err := sms.New(wrong, noon{}, rand.Reader); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// repeating is a random source that is not.
type repeating struct{}

func (repeating) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// cause is the whole chain of an error, as a log would show it.
func cause(err error) string {
	var all []string
	for ; err != nil; err = errors.Unwrap(err) {
		all = append(all, err.Error())
	}
	return strings.Join(all, " <- ")
}
