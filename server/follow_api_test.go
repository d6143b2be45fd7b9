package server_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"parkbff/ent/linkedaccount"
	sandboxalipay "parkbff/internal/partner/sandbox/alipay"
	sandboxwechat "parkbff/internal/partner/sandbox/wechat"
	"parkbff/internal/testkit"
	"parkbff/server"
	"parkbff/server/servertest"
)

// callback is what an official account tells us.
type callback interface {
	Send(ctx context.Context, address string) (status int, err error)
}

// officialAccount is one, of WeChat or Alipay, that tells of its followers.
type officialAccount struct {
	channel, path string
	event         func(h *servertest.House, person string, following bool) callback
	forgeries     func(h *servertest.House) map[string]callback // each that alice follows
}

func officialAccounts() []officialAccount {
	return []officialAccount{
		{"WECHAT_OFFICIAL", "/callback/wechat", func(h *servertest.House, person string, following bool) callback {
			return wechatEvent(h, h.Partners.Wechat, person, following)
		}, forgedByWechat},
		{"ALIPAY_LIFE", "/callback/alipay", func(h *servertest.House, person string, following bool) callback {
			return alipayEvent(h, h.Partners.Alipay, "ALIPAY_LIFE", person, following)
		}, forgedByAlipay},
	}
}

func wechatEvent(h *servertest.House, by *sandboxwechat.Sandbox, person string, following bool) sandboxwechat.Event {
	h.T.Helper()
	e, err := by.Follow(person, server.StandInApp(linkedaccount.ChannelWECHAT_OFFICIAL), following)
	if err != nil {
		h.T.Fatal(err)
	}
	return e
}

func alipayEvent(h *servertest.House, by *sandboxalipay.Sandbox, channel linkedaccount.Channel, person string, following bool) sandboxalipay.Event {
	h.T.Helper()
	e, err := by.Follow(person, server.StandInApp(channel), following)
	if err != nil {
		h.T.Fatal(err)
	}
	return e
}

func forgedByWechat(h *servertest.House) map[string]callback {
	h.T.Helper()
	app := server.StandInApp(linkedaccount.ChannelWECHAT_OFFICIAL)
	another, err := sandboxwechat.New(h.Clock, rand.Reader, sandboxwechat.App{ID: app, Token: "a guess", EncodingAESKey: strings.Repeat("g", 43)})
	if err != nil {
		h.T.Fatal(err)
	}
	heard := wechatEvent(h, h.Partners.Wechat, "mallory", false)
	other := wechatEvent(h, h.Partners.Wechat, "alice", true)
	return map[string]callback{
		"keys that are guessed":       wechatEvent(h, another, "alice", true),
		"one call's words in another": sandboxwechat.Event{Query: heard.Query, Body: other.Body},
		"words that are not sealed": sandboxwechat.Event{Query: heard.Query, Body: []byte(`<xml><FromUserName>` +
			h.Partners.Wechat.OpenID("alice", app) + `</FromUserName><CreateTime>` + strconv.FormatInt(h.Clock.Now().Unix(), 10) + `</CreateTime><MsgType>event</MsgType><Event>subscribe</Event></xml>`)},
	}
}

func forgedByAlipay(h *servertest.House) map[string]callback {
	h.T.Helper()
	guessed, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		h.T.Fatal(err)
	}
	another, err := sandboxalipay.New(h.Clock, rand.Reader, sandboxalipay.App{
		ID: server.StandInApp(linkedaccount.ChannelALIPAY_LIFE), Keys: sandboxalipay.Keys{App: guessed, Alipay: guessed},
	})
	if err != nil {
		h.T.Fatal(err)
	}
	altered := alipayEvent(h, h.Partners.Alipay, "ALIPAY_LIFE", "mallory", true)
	altered.Form.Set("biz_content", strings.ReplaceAll(altered.Form.Get("biz_content"),
		h.Partners.Alipay.UserID("mallory"), h.Partners.Alipay.UserID("alice")))
	return map[string]callback{
		"keys that are guessed":      alipayEvent(h, another, "ALIPAY_LIFE", "alice", true),
		"another's name in a call":   altered,
		"a call to our mini-program": alipayEvent(h, h.Partners.Alipay, "ALIPAY_MINI", "alice", true),
	}
}

func TestOnlyWhatAnOfficialAccountSignedLastIsFollowing(t *testing.T) {
	testkit.Covers(t, "R023")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for _, official := range officialAccounts() {
			web := h.Bound("H5", map[string]string{"WECHAT_OFFICIAL": "粤B12345", "ALIPAY_LIFE": "粤B12346"}[official.channel])
			web.Links(official.channel, "alice")
			mustFollow := func(why string, want bool) {
				t.Helper()
				tier, channels := "PLATE_BOUND", `[]`
				if want {
					tier, channels = "FOLLOWED", `["`+official.channel+`"]`
				}
				got := web.Asks(facts).OK().Text
				if !strings.Contains(got, `"tier":"`+tier+`"`) || !strings.Contains(got, `"followedChannels":`+channels) {
					t.Errorf("%s, %s: %s", official.channel, why, got)
				}
			}
			event := func(following bool) callback {
				h.Clock.Pass(time.Second)
				return official.event(h, "alice", following)
			}
			tell := func(e callback, want int) {
				t.Helper()
				status, err := e.Send(t.Context(), h.URL+official.path)
				if status != want || want == http.StatusOK && err != nil {
					t.Errorf("%s: answered %d: %v", official.channel, status, err)
				}
			}
			mustFollow("linked through a page", false)
			for why, e := range official.forgeries(h) {
				tell(e, http.StatusForbidden)
				mustFollow(why, false)
			}
			h.Follows(official.channel, "bob", true)
			mustFollow("bob follows", false)

			on := event(true)
			tell(on, http.StatusOK)
			mustFollow("follows", true)
			tell(on, http.StatusOK)
			mustFollow("told again", true)
			off := event(false)
			tell(off, http.StatusOK)
			mustFollow("has left", false)
			tell(on, http.StatusOK)
			mustFollow("the first told again after the second", false)

			early, late := event(false), event(true)
			tell(late, http.StatusOK)
			tell(early, http.StatusOK)
			mustFollow("told in the wrong order", true)
			tell(event(false), http.StatusOK)
			stale := event(true)
			h.Clock.Pass(11 * time.Minute)
			web = web.Refreshes()
			tell(stale, http.StatusForbidden)
			mustFollow("told too late", false)

			tell(event(true), http.StatusOK)
			mustFollow("follows again", true)
			web.Asks(unlink, servertest.Vars{"c": official.channel}).OK()
			mustFollow("unlinked", false)
			tell(event(true), http.StatusOK)
			mustFollow("nobody is linked with who follows", false)
		}
	})
}

func TestOfficersSeeForgedCallbacksOnceAMinuteAndNobodysName(t *testing.T) {
	testkit.Covers(t, "R086")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		officer := h.Officer()
		for _, official := range officialAccounts() {
			for why := range official.forgeries(h) {
				h.Clock.Pass(time.Minute)
				forged := official.forgeries(h)[why]
				for range 5 {
					if status, _ := forged.Send(t.Context(), h.URL+official.path); status != http.StatusForbidden {
						t.Errorf("%s: %d", why, status)
					}
				}
				seen := officer.Asks(riskEvents).OK().MustNotContain("?", "signature", "nonce").
					MustNotContain(idsThere(h, "alice")...).MustNotContain(idsThere(h, "mallory")...)
				one := fmt.Sprintf(`"kind":"CALLBACK_FORGED","outcome":"BLOCKED","occurredAt":"2026-11-21T%s+08:00","accountId":null,"path":"%s"`,
					h.Clock.Now().Add(8*time.Hour).Format(time.TimeOnly), official.path)
				if n := strings.Count(seen.Text, one); n != 1 {
					t.Errorf("%s: seen %d times: %s", why, n, seen.Text)
				}
			}
		}
		h.Anonymous().Asks(riskEvents).MustBeRefused("UNAUTHENTICATED").MustNotContain("/callback/")
		for _, other := range []*servertest.Client{h.Driver("APP"), h.Gate("WXC").Client, h.Staff("WXC")} {
			other.Asks(riskEvents).MustBeRefused("FORBIDDEN").MustNotContain("/callback/")
		}
	})
}
