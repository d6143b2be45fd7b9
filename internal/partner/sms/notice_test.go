package sms_test

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/partner/message"
	sandbox "parkbff/internal/partner/sandbox/sms"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/partner/sms"
)

var (
	entered = message.Template{ID: "SMS_9", Fields: map[string]message.Part{"plate": message.Plate, "lot": message.LotName, "time": message.Time}}
	texts   = map[string]string{"SMS_1": "登录验证码${code}。", "SMS_9": "${plate}于${time}驶入${lot}。"}
	words   = message.Words{message.Plate: "粤B***45", message.LotName: "万**停车场", message.Time: "2026年11月21日 晚间"}
)

func TestANoticeIsSentAsItIsMasked(t *testing.T) {
	phone := sandbox.New(ours, texts, noon{})
	c := client(t, config(serve(t, phone)), rand.Reader)
	long := message.Words{message.Plate: "粤B***45", message.LotName: "【万】\n" + strings.Repeat("字", 40)}
	for _, number := range []string{"13800138000", "+85291234567", "+85366123456", "+886912345678"} {
		if err := c.SendCode(t.Context(), mobile(t, number), "SMS_1", "111111"); err != nil {
			t.Fatal(err)
		}
		for _, w := range []message.Words{words, long} {
			if err := c.SendNotice(t.Context(), mobile(t, number), entered, w, "n1"); err != nil {
				t.Fatal(err)
			}
		}
		if code, ok := phone.Code(mobile(t, number)); !ok || code != "111111" {
			t.Errorf("after a notice the last code is %q", code)
		}
	}
	want := []sandbox.Message{
		{To: "+8613800138000", Template: "SMS_1", Text: "登录验证码111111。"},
		{To: "+8613800138000", Template: "SMS_9", Text: "粤B***45于2026年11月21日 晚间驶入万**停车场。", Note: "n1"},
		{To: "+8613800138000", Template: "SMS_9", Text: "粤B***45于—驶入万 " + strings.Repeat("字", 32) + "…。", Note: "n1"},
	}
	if diff := cmp.Diff(want, phone.Sent()[:3]); diff != "" || len(phone.Sent()) != 12 {
		t.Errorf("%d texts: %s", len(phone.Sent()), diff)
	}
}

func TestANoticeBringsNoCode(t *testing.T) {
	phone := sandbox.New(ours, texts, noon{})
	if err := client(t, config(serve(t, phone)), rand.Reader).SendNotice(t.Context(), mobile(t, "13800138000"), entered, words, ""); err != nil {
		t.Fatal(err)
	}
	if code, ok := phone.Code(mobile(t, "13800138000")); ok {
		t.Errorf("a notice brought the code %q", code)
	}
}

func TestTheFateOfANoticeWithoutAnAnswerIsUnknown(t *testing.T) {
	phone := sandbox.New(ours, texts, noon{})
	c := client(t, config(serve(t, phone)), rand.Reader)
	for kind, want := range map[trouble.Kind]error{trouble.LostAnswers: message.Unsure, trouble.Down: message.Unsure, trouble.Limited: fault.RateLimited} {
		phone.Trouble.Make(kind, 1)
		err := c.SendNotice(t.Context(), mobile(t, "13800138000"), entered, words, "n1")
		if !errors.Is(err, want) || message.Again(err) != (want == fault.RateLimited) {
			t.Errorf("%d: %v", kind, err)
		}
	}
	if got := phone.Sent(); len(got) != 1 {
		t.Errorf("%d texts left", len(got))
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	err := client(t, config(gone.URL), rand.Reader).SendNotice(t.Context(), mobile(t, "13800138000"), entered, words, "n1")
	if !errors.Is(err, fault.Unavailable) || !message.Again(err) {
		t.Errorf("not reached: %v", err)
	}
}

func TestRefusalsOfNoticesAreTranslatedWithoutTheNumber(t *testing.T) {
	for reply, want := range map[string]error{
		`{"Code":"OK"}`: nil,
		`{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"13800138000 is illegal"}`: message.Gone,
		`{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"13800138000"}`:           fault.RateLimited,
		`{"Code":"isv.DAY_LIMIT_CONTROL"}`:                                        fault.RateLimited,
		`{"Code":"Throttling.User"}`:                                              fault.RateLimited,
		`{"Code":"isv.TEMPLATE_MISSING_PARAMETERS"}`:                              message.Invalid,
		`{"Code":"isv.SMS_TEMPLATE_ILLEGAL"}`:                                     message.Invalid,
		`{"Code":"isv.SMS_SIGNATURE_ILLEGAL"}`:                                    message.Invalid,
		`{"Code":"isv.PARAM_LENGTH_LIMIT"}`:                                       message.Invalid,
		`{"Code":"isv.AMOUNT_NOT_ENOUGH","RequestId":"r"}`:                        fault.Unavailable,
		`{"Code":"SignatureDoesNotMatch"}`:                                        fault.Unavailable,
		`{"Code":"isp.SYSTEM_ERROR"}`:                                             fault.Unavailable,
		`{}`:                                                                      message.Unsure,
		`<html>13800138000`:                                                       message.Unsure,
		`{"Code":13800138000}`:                                                    message.Unsure,
	} {
		base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, reply) }))
		err := client(t, config(base), rand.Reader).SendNotice(t.Context(), mobile(t, "13800138000"), entered, words, "n1")
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", reply, err)
		}
		if text := cause(err); strings.Contains(text, "13800138000") || strings.Contains(text, "粤B") {
			t.Errorf("%s: the error says %s", reply, text)
		}
	}
}

func TestALimitSaysWhenToTryAgain(t *testing.T) {
	phone := sandbox.New(ours, texts, noon{})
	phone.Trouble.Make(trouble.Limited, 1)
	err := client(t, config(serve(t, phone)), rand.Reader).SendNotice(t.Context(), mobile(t, "13800138000"), entered, words, "")
	if message.RetryAfter(err) != time.Hour {
		t.Errorf("%v after %s", err, message.RetryAfter(err))
	}
}

func TestATemplateOfStrangeParametersIsRefused(t *testing.T) {
	if err := sms.CheckTemplate(entered); err != nil {
		t.Error(err)
	}
	for _, wrong := range []message.Template{
		{}, {ID: "SMS_9", Fields: map[string]message.Part{"${plate}": message.Plate}}, {ID: "SMS_9", Fields: map[string]message.Part{"plate": "MOBILE"}},
	} {
		if sms.CheckTemplate(wrong) == nil {
			t.Errorf("%+v is accepted", wrong)
		}
	}
}
