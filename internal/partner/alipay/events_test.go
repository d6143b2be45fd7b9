package alipay_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	sandbox "parkbff/internal/partner/sandbox/alipay"
	"parkbff/internal/partner/vouch"
)

func (w *world) tell(t *testing.T, app string, following bool) sandbox.Event {
	t.Helper()
	event, err := w.Follow("alice", app, following)
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func TestFollowingAndLeavingAreRead(t *testing.T) {
	w := newWorld(t)
	for _, following := range []bool{true, false} {
		got, answer, err := w.life.Event(w.tell(t, life, following).Form)
		want := vouch.Person{Subject: w.UserID("alice"), Union: w.UserID("alice")}
		if err != nil || got == nil || got.Following != following || got.Person != want || !got.At.Equal(w.clock.Now()) {
			t.Fatalf("following %t was read otherwise: %v", following, err)
		}
		if !strings.Contains(string(answer), "<MsgType>ack</MsgType>") {
			t.Errorf("%s", answer)
		}
	}
}

func TestForgedAndStaleEventsAreRefused(t *testing.T) {
	for name, change := range map[string]func(w *world, form url.Values){
		"no signature":       func(_ *world, f url.Values) { f.Del("sign") },
		"another signature":  func(_ *world, f url.Values) { f.Set("sign", "AAAA") },
		"a broken signature": func(_ *world, f url.Values) { f.Set("sign", "*") },
		"another kind of it": func(_ *world, f url.Values) { f.Set("sign_type", "RSA") },
		"another content": func(_ *world, f url.Values) {
			f.Set("biz_content", strings.Replace(f.Get("biz_content"), "<EventType>follow", "<EventType>unfollow", 1))
		},
		"one parameter more":  func(_ *world, f url.Values) { f.Set("more", "1") },
		"one parameter twice": func(_ *world, f url.Values) { f["biz_content"] = append([]string{"<XML/>"}, f["biz_content"]...) },
		"too late":            func(w *world, _ url.Values) { w.clock.Pass(11 * time.Minute) },
		"too early":           func(w *world, _ url.Values) { w.clock.Pass(-11 * time.Minute) },
		"nothing at all":      func(_ *world, f url.Values) { clear(f) },
		"signed for another app": func(w *world, f url.Values) {
			e, _ := w.Follow("alice", other, true)
			clear(f)
			for k, v := range e.Form {
				f[k] = v
			}
		},
	} {
		w := newWorld(t)
		form := w.tell(t, life, true).Form
		change(w, form)
		got, answer, err := w.life.Event(form)
		if !errors.Is(err, vouch.Forged) || got != nil || answer != nil {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, w.UserID("alice"))
	}
}

func TestAGatewayIsMadeSureOf(t *testing.T) {
	w := newWorld(t)
	event, err := w.Check(life)
	if err != nil {
		t.Fatal(err)
	}
	got, answer, err := w.life.Event(event.Form)
	if err != nil || got != nil || !strings.Contains(string(answer), "<success>true</success><biz_content>MII") {
		t.Errorf("%s: %v", answer, err)
	}
}

func TestOtherEventsAreAcknowledgedAndNoFollowing(t *testing.T) {
	w := newWorld(t)
	event, err := w.Event("alice", life, "alipay.mobile.public.message.notify", "enter")
	if err != nil {
		t.Fatal(err)
	}
	got, answer, err := w.life.Event(event.Form)
	if err != nil || got != nil || !strings.Contains(string(answer), "ack") {
		t.Errorf("%s: %v", answer, err)
	}
}

// Alipay writes in GBK unless told otherwise; the signature is over the bytes as they come.
func TestEventsInGBKAreRead(t *testing.T) {
	w := newWorld(t)
	content := strings.Replace(w.tell(t, life, true).Form.Get("biz_content"), "</XML>", "<UserInfo>张三</UserInfo></XML>", 1)
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(`<?xml version="1.0" encoding="gbk"?>` + content)
	if err != nil {
		t.Fatal(err)
	}
	event, err := w.Sign(life, url.Values{"service": {"alipay.mobile.public.message.notify"}, "charset": {"GBK"}, "biz_content": {gbk}})
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := w.life.Event(event.Form); err != nil || got == nil || got.Person.Subject != w.UserID("alice") {
		t.Errorf("not read: %v", err)
	}
}

// Whatever is signed, the reader answers an event, nothing, or that it is forged.
func FuzzTheReaderOfEventsSurvivesAnything(f *testing.F) {
	w := newWorld(f)
	f.Add(`<XML><AppId>`+life+`</AppId><EventType>follow</EventType></XML>`, "GBK", "alipay.service.check")
	f.Add(`<?xml version="1.0" encoding="x"?><!DOCTYPE a [<!ENTITY b "c">]><XML>&b;</XML>`, "UTF-8", "")
	f.Fuzz(func(t *testing.T, content, charset, service string) {
		event, err := w.Sign(life, url.Values{"service": {service}, "charset": {charset}, "biz_content": {content}})
		if err != nil {
			t.Fatal(err)
		}
		if got, answer, err := w.life.Event(event.Form); err != nil && (got != nil || answer != nil) || err == nil && answer == nil {
			t.Error(err)
		}
	})
}
