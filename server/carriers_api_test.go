package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"parkbff/ent/linkedaccount"
	"parkbff/ent/notice"
	"parkbff/internal/cnid"
	"parkbff/internal/delivery"
	"parkbff/internal/partner/message"
	"parkbff/server/config"
	"parkbff/server/servertest"
)

// masked is a notice as somebody reads it who may not see it clear.
var masked = message.Words{
	message.Title: "车辆入场", message.LotName: "万**停车场", message.Plate: "粤B***45", message.Time: "2026年11月21日 晚间",
}

func TestInDevelopmentEveryKindOfNoticeIsCarriedEveryWay(t *testing.T) {
	h := servertest.New(t, servertest.Options{})
	p, mobile := h.Partners, mustMobile(t, "13912345678")
	kinds := []notice.Kind{notice.KindENTERED, notice.KindEXITED, notice.KindDISPUTE_DECIDED}
	for _, kind := range kinds {
		for _, channel := range []linkedaccount.Channel{linkedaccount.ChannelWECHAT_MINI, linkedaccount.ChannelALIPAY_MINI} {
			if got := posted(t, h.URL+"/dev/accept?channel="+string(channel)+"&person=alice&kind="+string(kind)); got != http.StatusNoContent {
				t.Fatalf("%s %s: %d", channel, kind, got)
			}
		}
		errs := map[string]error{
			"sms":    p.Texts.SendNotice(t.Context(), mobile, p.SMSNotices[kind], masked, "n1"),
			"wechat": p.WechatMini.Send(t.Context(), p.Wechat.OpenID("alice", "wxsandboxmini"), p.WechatNotices[kind], masked),
			"alipay": p.AlipayMini.Send(t.Context(), p.Alipay.UserID("alice"), p.AlipayNotices[kind], masked),
			"jpush":  p.JPush.Push(t.Context(), "", message.Push{To: p.JPushPhones.Phone("alice"), Title: "车辆入场", Body: "粤B***45"}),
			"getui":  p.GeTui.Push(t.Context(), "0123456789"+string(kind), message.Push{To: p.GeTuiPhones.Phone("alice"), Title: "车辆入场", Body: "粤B***45"}),
		}
		for way, err := range errs {
			if err != nil {
				t.Errorf("%s %s: %v", kind, way, err)
			}
		}
	}
	var carried map[string][]map[string]any
	if err := json.Unmarshal(body(t, h.URL+"/dev/carried"), &carried); err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"sms", "wechatMini", "alipayMini", "jpush", "getui"} {
		if got := len(carried[way]); got != len(kinds) {
			t.Errorf("%s carried %d of %d", way, got, len(kinds))
		}
	}
	for _, path := range []string{"channel=APP&person=a&kind=ENTERED", "channel=WECHAT_MINI&person=a&kind=NOTHING", ""} {
		if got := posted(t, h.URL+"/dev/accept?"+path); got != http.StatusNotFound {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestAStartWithATemplateThatCannotBeMaskedIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ section, kind, field, part string }{
		"a plate with stars is no car number":          {"wechatMini", "ENTERED", "car_number1", "PLATE"},
		"a part of the day is no time":                 {"wechatMini", "EXITED", "time3", "TIME"},
		"Alipay has keywords":                          {"alipayMini", "ENTERED", "thing1", "PLATE"},
		"a parameter of an SMS is a name":              {"sms", "ENTERED", "${plate}", "PLATE"},
		"a notice has no mobile":                       {"sms", "ENTERED", "mobile", "MOBILE"},
		"there is no such kind of notice in the house": {"wechatMini", "PARKED", "thing1", "PLATE"},
	} {
		partners := everyPartner(t)
		partners[c.section] = with(t, partners[c.section], "noticeTemplates", map[string]any{
			c.kind: map[string]any{"id": "t", "fields": map[string]string{c.field: c.part}},
		})
		_, err := openAs(t, config.Production, partners)
		for _, word := range []string{"PARKBFF_PARTNERS", c.section, c.kind} {
			if err == nil || !strings.Contains(err.Error(), word) {
				t.Errorf("%s: %s is not named: %v", name, word, err)
			}
		}
	}
}

func TestProductionNeedsOnePushServiceOfTheTwo(t *testing.T) {
	partners := everyPartner(t)
	partners["wechatMini"] = with(t, partners["wechatMini"], "noticeTemplates", map[string]any{
		"ENTERED": map[string]any{"id": "t", "page": "pages/x", "fields": map[string]string{"thing1": "PLATE", "thing2": "TIME"}},
	})
	h, err := openProduction(t, partners)
	if err != nil {
		t.Fatal(err)
	}
	if p := h.Partners; p.JPush == nil || p.GeTui != nil || p.WechatNotices[notice.KindENTERED].ID != "t" || len(p.Carried()) != 0 {
		t.Errorf("JPush %t, GeTui %t, %d templates", p.JPush != nil, p.GeTui != nil, len(p.WechatNotices))
	}
	partners["jpush"] = map[string]any{"appKey": "a", "masterSecret": "b", "makers": map[string]any{"nokia": map[string]any{}}}
	if _, err := openProduction(t, partners); err == nil || !strings.Contains(err.Error(), `PARKBFF_PARTNERS: jpush: "nokia"`) {
		t.Errorf("an unknown maker: %v", err)
	}
}

// with answers a copy of a section of the partners' file with one member more.
func with(t *testing.T, section any, member string, value any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(section)
	if err != nil {
		t.Fatal(err)
	}
	var copied map[string]any
	if err := json.Unmarshal(raw, &copied); err != nil {
		t.Fatal(err)
	}
	copied[member] = value
	return copied
}

func mustMobile(t *testing.T, number string) cnid.Mobile {
	t.Helper()
	m, err := cnid.ParseMobile(number)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func posted(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Post(url, "", nil) //nolint:noctx // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func body(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url) //nolint:noctx // a test's own server
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestEveryPartnerHasARowAmongThoseDataIsSharedWith(t *testing.T) {
	const partners = "../internal/partner"
	tools := []string{"acs3", "charge", "message", "rest", "sandbox", "vouch"} // of partners, and none themselves
	folders, err := os.ReadDir(partners)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if name := folder.Name(); !slices.Contains(tools, name) && !slices.Contains(delivery.Catalogued(), name) {
			t.Errorf("dataRecipients does not name %s", name)
		}
	}
}
