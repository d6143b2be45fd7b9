package sms

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parkbff/internal/partner/acs3"
)

var (
	known = acs3.Credentials{ID: "id", Secret: "secret"}
	today = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)
)

type still struct{}

func (still) Now() time.Time { return today }

func call(s *Sandbox, nonce, action, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("x-acs-action", action)
	r.Header.Set("x-acs-version", "2017-05-25")
	acs3.Sign(r, []byte(body), known, nonce, today)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func form(changes url.Values) string {
	f := url.Values{"PhoneNumbers": {"13800138000"}, "SignName": {"停车"}, "TemplateCode": {"SMS_1"}, "TemplateParam": {`{"code":"1"}`}}
	for name, values := range changes {
		f[name] = values
	}
	return f.Encode()
}

func TestFaultyMessagesAreRefusedByTheirCode(t *testing.T) {
	s := New(known, map[string]string{"SMS_1": "验证码${code}。"}, still{})
	for name, c := range map[string]struct{ action, body, want string }{
		"good":            {"SendSms", form(nil), `"OK"`},
		"another action":  {"QuerySendDetails", form(nil), "InvalidAction.NotFound"},
		"no number":       {"SendSms", form(url.Values{"PhoneNumbers": {""}}), "isv.MOBILE_NUMBER_ILLEGAL"},
		"foreign number":  {"SendSms", form(url.Values{"PhoneNumbers": {"4915112345678"}}), "isv.MOBILE_NUMBER_ILLEGAL"},
		"no sign":         {"SendSms", form(url.Values{"SignName": {""}}), "isv.SMS_SIGNATURE_ILLEGAL"},
		"no template":     {"SendSms", form(url.Values{"TemplateCode": {""}}), "isv.SMS_TEMPLATE_ILLEGAL"},
		"not approved":    {"SendSms", form(url.Values{"TemplateCode": {"SMS_2"}}), "isv.SMS_TEMPLATE_ILLEGAL"},
		"no code":         {"SendSms", form(url.Values{"TemplateParam": {"{}"}}), "isv.TEMPLATE_MISSING_PARAMETERS"},
		"broken code":     {"SendSms", form(url.Values{"TemplateParam": {"1"}}), "isv.TEMPLATE_MISSING_PARAMETERS"},
		"broken form":     {"SendSms", "%", "isv.INVALID_PARAMETERS"},
		"a body too long": {"SendSms", strings.Repeat("x", maxBody+1), "RequestEntityTooLarge"},
	} {
		if got := call(s, name, c.action, c.body).Body.String(); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}
