package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// audience is somebody who is told over every channel at once, and what there was to see each time.
type audience struct {
	scene
	owner *servertest.Client
	phone string
	gate  *servertest.Gate
	round int
}

// goes has the car come or leave, and waits until every channel has taken the news; it answers the kind.
func (a *audience) goes() (kind string) {
	a.T.Helper()
	a.owner = a.owner.Refreshes()
	kind = []string{"ENTERED", "EXITED"}[a.round%2]
	for _, channel := range []string{"WECHAT_MINI", "ALIPAY_MINI"} {
		a.allows(a.owner, channel, kind)
	}
	a.Clock.Pass(3 * time.Minute)
	a.gate.Sees("粤B12345", []string{servertest.Entering, servertest.Leaving}[a.round%2], a.Clock.Now()).OK()
	a.round++
	var settled []string
	for range a.round {
		settled = append(settled, "ALIPAY_MINI SENT", "WECHAT_MINI SENT", "JPUSH SENT")
	}
	becomes(a.owner, settled...)
	return kind
}

// messageParts are the parts of a notice, as the templates of the stand-ins have them in their fields.
type messageParts struct{ title, lot, plate, when string }

func partsOf(fields map[string]string, name string) messageParts {
	return messageParts{fields[name+"1"], fields[name+"2"], fields[name+"3"], fields[name+"4"]}
}

// onScreen is the last notice as the app shows it.
func (a *audience) onScreen(kind string) messageParts {
	a.T.Helper()
	shown := a.owner.Asks(lastNotice).OK()
	at := func(field string) string { return shown.String("viewer.notices.edges.0.node." + field) }
	moment, err := time.Parse(time.RFC3339, at("occurredAt"))
	if err != nil {
		a.T.Fatal(err)
	}
	when := moment.Format("2006-01-02 15:04")
	if at("occurredAtPrecision") == "PART_OF_DAY" {
		when = moment.Format(time.DateOnly) + " 上午"
	}
	return messageParts{map[string]string{"ENTERED": "车辆入场", "EXITED": "车辆出场"}[kind], at("lotName"), at("plate"), when}
}

// mustHaveSeen fails unless every channel has shown what the screen shows, and nothing of what is hidden.
func (a *audience) mustHaveSeen(name string, screen messageParts, hidden ...string) {
	a.T.Helper()
	weChat, aliPay, rung := a.Partners.Wechat.Sent(), a.Partners.Alipay.Sent(), heard(a.House, a.phone)
	for channel, got := range map[string]messageParts{
		"WeChat": partsOf(weChat[len(weChat)-1].Fields, "thing"), "Alipay": partsOf(aliPay[len(aliPay)-1].Fields, "keyword"),
	} {
		if got != screen {
			a.T.Errorf("%s: %s shows %v, the screen %v", name, channel, got, screen)
		}
	}
	said := rung[len(rung)-1]
	if !strings.HasPrefix(said, screen.title+"|"+screen.plate+" "+screen.lot+" "+screen.when) {
		a.T.Errorf("%s: the phone shows %q, the screen %v", name, said, screen)
	}
	all := fmt.Sprint(said, weChat[len(weChat)-1], aliPay[len(aliPay)-1])
	for _, value := range hidden {
		if strings.Contains(all, value) {
			a.T.Errorf("%s: %s leaves the program", name, value)
		}
	}
}

func TestWhatLeavesShowsWhatTheScreenShows(t *testing.T) {
	testkit.Covers(t, "R024", "R025", "R026")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.T = t
		s, owner := enteredBy(h, 1, "WECHAT_MINI", "ALIPAY_MINI")
		a := &audience{scene: s, owner: owner, phone: rings(owner, "owner"), gate: h.Gate("WXC")}
		car := owner.Binds("粤B12345")
		kind := a.goes()
		minute := func() string { return h.Clock.Now().Add(8 * time.Hour).Format("15:04") }
		a.mustHaveSeen("not verified", a.onScreen(kind), "12345", "万象城", minute())

		a.owner.Verifies(car, "粤B12345")
		for _, full := range []bool{false, true} {
			a.owner.Asks(fullMask, servertest.Vars{"on": full}).OK()
			for _, mode := range []any{nil, "HALF", "FULL", "CLEAR"} {
				name := fmt.Sprint("verified, ", mode, ", full masking ", full)
				a.owner.Asks(setDisplay, display(mode)).OK()
				kind := a.goes()
				hidden := []string{"12345", "万象城", minute()}
				if mode == "CLEAR" {
					hidden = nil
				}
				if full || mode == "FULL" {
					hidden = append(hidden, "万")
				}
				if mode == nil { // what others may see too is half masked, unless one says otherwise
					a.owner.Asks(setDisplay, display("HALF")).OK()
				}
				a.mustHaveSeen(name, a.onScreen(kind), hidden...)
			}
		}
	})
}

func TestWhomDataIsSharedWithIsSaid(t *testing.T) {
	testkit.Covers(t, "R108")
	servertest.Each(t, func(_ *testing.T, h *servertest.House) {
		h.Anonymous().Asks(`{ dataRecipients { name purpose data inUse } }`).OK().
			MustContain("高德地图", "极光推送", "个推", "小米", "华为", "友盟", "微信", "支付宝", "阿里云短信", "腾讯云", "脱敏后的消息内容").
			MustNotContain(`"inUse":true`) // stand-ins share nothing with anybody
	})
}
