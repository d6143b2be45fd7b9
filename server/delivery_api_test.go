package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

func TestTextsAreForWhomNothingElseReaches(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		silent, wants, rung := h.Bound("APP", "粤B12345"), h.Bound("APP", "粤B23456"), h.Bound("APP", "粤B34567")
		for _, c := range []*servertest.Client{wants, rung} {
			c.Asks(setChannels, servertest.Vars{"in": servertest.Vars{"sms": true}}).OK().MustContain(`{"push":true,"sms":true}`)
		}
		phone := rings(rung, "rung")
		gate := h.Gate("WXC")
		for _, plate := range []string{"粤B12345", "粤B23456", "粤B34567"} {
			gate.Sees(plate, servertest.Entering, h.Clock.Now()).OK()
		}
		becomes(wants, "SMS SENT")
		becomes(rung, "JPUSH SENT")
		if got := texted(h, wants.Mobile); len(got) != 1 || !strings.Contains(got[0], "粤B***56") || strings.Contains(got[0], "23456") {
			t.Errorf("texted %v", got)
		}

		// A phone that is gone is forgotten, and a text goes out instead.
		h.Partners.JPushPhones.Uninstall(phone)
		h.Clock.Pass(3 * time.Minute)
		gate.Sees("粤B34567", servertest.Leaving, h.Clock.Now()).OK()
		becomes(rung, "SMS SENT", "JPUSH FAILED MESSAGE_ADDRESS_GONE", "JPUSH SENT")

		// News of who has the plate leaves in any case, and by text if by nothing else.
		h.Bound("APP", "粤B12345")
		becomes(silent, "SMS SENT")
		if got := texted(h, silent.Mobile); len(got) != 1 || !strings.Contains(got[0], "他人绑定了您的车牌") {
			t.Errorf("texted %v", got)
		}
		silent.Asks(setChannels, servertest.Vars{"in": servertest.Vars{"push": false, "sms": false}}).OK()
		rings(silent, "silent")
		h.Clock.Pass(3 * time.Minute)
		gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		h.Bound("APP", "粤B12345")
		becomes(silent, "SMS SENT", "SMS SENT")
	})
}

func TestAPhoneBelongsToItsSignIn(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		former, next := h.Bound("APP", "粤B12345"), h.Bound("APP", "粤B23456")
		phone := rings(former, "passed on")
		rings(next, "passed on")
		gate := h.Gate("WXC")
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		gate.Sees("粤B23456", servertest.Entering, h.Clock.Now()).OK()
		becomes(next, "JPUSH SENT")
		becomes(former)
		if got := heard(h, phone); len(got) != 1 || !strings.Contains(got[0], "粤B***56") {
			t.Errorf("heard %v", got)
		}
		next.Asks(removePhone).OK()
		h.Clock.Pass(3 * time.Minute)
		gate.Sees("粤B23456", servertest.Leaving, h.Clock.Now()).OK()

		own := rings(former, "own")
		h.Clock.Pass(61 * time.Second)
		elsewhere := h.SignIn(former.Mobile, "APP")
		second := rings(elsewhere, "second")
		gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		becomes(elsewhere, "JPUSH SENT")
		former.Asks(logout).OK()
		h.Clock.Pass(3 * time.Minute)
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		becomes(elsewhere, "JPUSH SENT", "JPUSH SENT")
		if a, b := len(heard(h, own)), len(heard(h, second)); a != 1 || b != 2 {
			t.Errorf("the phone that was signed out of heard %d, the other %d", a, b)
		}
		becomes(next, "JPUSH SENT")

		mustRefuse := func(c *servertest.Client, in servertest.Vars, code string) {
			t.Helper()
			c.Asks(registerPhone, servertest.Vars{"in": in}).MustBeRefused(code)
		}
		good := servertest.Vars{"provider": "JPUSH", "platform": "IOS", "deviceToken": "abcdef123456"}
		for _, token := range []string{"", "short", strings.Repeat("x", 129), "手机手机手机", "with space"} {
			mustRefuse(next, servertest.Vars{"provider": "JPUSH", "platform": "IOS", "deviceToken": token}, "INVALID_PUSH_TOKEN")
		}
		mustRefuse(h.Driver("H5"), good, "PUSH_NEEDS_APP")
		mustRefuse(h.Anonymous(), good, "UNAUTHENTICATED")
		mustRefuse(h.Staff("WXC"), good, "FORBIDDEN")
	})
}

func TestAMiniProgramSendsWhatWasAcceptedAndNoMore(t *testing.T) {
	testkit.Covers(t, "P09")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		s, owner := enteredBy(h, 1, "WECHAT_MINI")
		owner.Binds("粤B12345")
		const templates = `{ messageTemplates(channel: WECHAT_MINI) { kind templateId remaining } }`
		h.Anonymous().Asks(templates).OK().MustContain(`{"kind":"ENTERED","templateId":"wechat-ENTERED","remaining":null}`)
		owner.Asks(templates).OK().MustContain(`{"kind":"ENTERED","templateId":"wechat-ENTERED","remaining":0}`)
		s.allows(owner, "WECHAT_MINI", "ENTERED", "EXITED")
		owner.Asks(templates).OK().MustContain(`"wechat-ENTERED","remaining":1}`, `"wechat-EXITED","remaining":1}`)
		gate := h.Gate("WXC")
		see := func(direction string) {
			h.Clock.Pass(3 * time.Minute)
			gate.Sees("粤B12345", direction, h.Clock.Now()).OK()
		}
		see(servertest.Entering)
		becomes(owner, "WECHAT_MINI SENT")
		owner.Asks(templates).OK().MustContain(`"wechat-ENTERED","remaining":0}`, `"wechat-EXITED","remaining":1}`)
		see(servertest.Leaving)
		becomes(owner, "WECHAT_MINI SENT", "WECHAT_MINI SENT")
		see(servertest.Entering) // nothing is accepted any more

		// A client may say what it likes: the platform knows what was accepted.
		in := servertest.Vars{"channel": "WECHAT_MINI", "kinds": []string{"EXITED"}}
		for range 102 {
			owner.Asks(accept, servertest.Vars{"in": in}).OK()
		}
		owner.Asks(templates).OK().MustContain(`"wechat-EXITED","remaining":100}`)
		see(servertest.Leaving)
		becomes(owner, "WECHAT_MINI FAILED MESSAGE_NOT_ALLOWED", "WECHAT_MINI SENT", "WECHAT_MINI SENT")
		owner.Asks(templates).OK().MustContain(`"wechat-EXITED","remaining":0}`)
		if got := len(h.Partners.Wechat.Sent()); got != 2 {
			t.Errorf("%d messages", got)
		}

		in["kinds"] = []string{"EXITED", "EXITED"}
		owner.Asks(accept, servertest.Vars{"in": in}).MustBeRefused("BAD_USER_INPUT")
		in["kinds"] = []string{}
		owner.Asks(accept, servertest.Vars{"in": in}).MustBeRefused("BAD_USER_INPUT")
		in["kinds"] = []string{"ENTERED"}
		h.Driver("APP").Asks(accept, servertest.Vars{"in": in}).MustBeRefused("CHANNEL_NOT_LINKED")
		h.Anonymous().Asks(accept, servertest.Vars{"in": in}).MustBeRefused("UNAUTHENTICATED")

		// What was accepted there goes with the link.
		s.allows(owner, "WECHAT_MINI", "ENTERED")
		owner.Asks(unlink, servertest.Vars{"c": "WECHAT_MINI"}).OK()
		owner.Asks(templates).OK().MustContain(`"wechat-ENTERED","remaining":0}`)
	})
}

func TestAnAnswerThatIsLostBringsNoSecondMessage(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		s, owner := enteredBy(h, 1, "WECHAT_MINI")
		owner.Binds("粤B12345")
		phone := rings(owner, "owner")
		s.allows(owner, "WECHAT_MINI", "ENTERED")
		h.Partners.JPushPhones.Trouble.Make(trouble.LostAnswers, 1)
		h.Partners.Wechat.Trouble.Make(trouble.LostAnswers, 1)
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		becomes(owner, "WECHAT_MINI FAILED MESSAGE_FATE_UNKNOWN", "JPUSH WAITING")
		comes(owner, time.Second, "WECHAT_MINI FAILED MESSAGE_FATE_UNKNOWN", "JPUSH SENT")
		if a, b := len(heard(h, phone)), len(h.Partners.Wechat.Sent()); a != 1 || b != 1 {
			t.Errorf("the phone showed it %d times, WeChat %d", a, b)
		}
	})
}

func TestWhatWasTakenBackMeanwhileIsNotSent(t *testing.T) {
	testkit.Covers(t, "R013", "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate := h.Gate("WXC")
		type person struct {
			*servertest.Client
			car, stay, plate string
		}
		changes := []struct {
			name, reason string
			change       func(p *person)
		}{
			{"unbound", "NOT_ALLOWED", func(p *person) { p.Asks(unbindPlate, servertest.Vars{"id": p.car}).OK() }},
			{"consent to movement", "NOT_ALLOWED", func(p *person) { p.Asks(withdrawConsent, agreeing("MOVEMENT_TRACK", "", p.car)).OK() }},
			{"consent to parking", "NOT_ALLOWED", func(p *person) { p.Asks(withdrawConsent, agreeing("PARKING_CORE", "", "")).OK() }},
			{"unfollowed", "NOT_ALLOWED", func(p *person) { p.Asks(unlink, servertest.Vars{"c": "APP"}).OK() }},
			{"hidden", "HIDDEN", func(p *person) { p.Asks(hide, servertest.Vars{"id": p.stay, "hidden": true}).OK() }},
			{"switched off for the vehicle", "SWITCHED_OFF", func(p *person) {
				p.Asks(setMessages, servertest.Vars{"v": p.car, "k": "ENTERED", "on": false}).OK()
			}},
			{"push switched off", "SWITCHED_OFF", func(p *person) {
				p.Asks(setChannels, servertest.Vars{"in": servertest.Vars{"push": false}}).OK()
			}},
			{"phone forgotten", "DEVICE_GONE", func(p *person) { p.Asks(removePhone).OK() }},
			{"the car has left", "TOO_LATE", func(p *person) {
				p.Asks(setMessages, servertest.Vars{"v": p.car, "k": "EXITED", "on": false}).OK()
				gate.Sees(p.plate, servertest.Leaving, h.Clock.Now()).OK()
			}},
		}
		people := make([]*person, len(changes))
		h.Partners.JPushPhones.Trouble.Make(trouble.Down, len(changes))
		for i := range changes {
			plate := fmt.Sprintf("粤B6%04d", i)
			p := &person{Client: h.Driver("APP"), plate: plate}
			p.car = p.Binds(plate)
			rings(p.Client, fmt.Sprint("phone ", i))
			p.stay = idOf(gate.Sees(plate, servertest.Entering, h.Clock.Now()))
			people[i] = p
		}
		for start := time.Now(); h.Partners.JPushPhones.Trouble.Left() > 0 && time.Since(start) < 20*time.Second; {
			time.Sleep(10 * time.Millisecond)
		}
		h.Clock.Pass(time.Millisecond)
		for i, c := range changes {
			c.change(people[i])
		}
		for i, c := range changes {
			t.Log(c.name)
			comes(people[i].Client, time.Second, "JPUSH DROPPED "+c.reason)
		}
		if got := h.Partners.JPushPhones.Sent(); len(got) != 0 {
			t.Errorf("%d were sent", len(got))
		}
	})
}

func TestATappedPushFindsItsNoticeAndNobodyElsesDoes(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner, other := h.Bound("APP", "粤B12345"), h.Bound("APP", "粤B23456")
		rings(owner, "owner")
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		becomes(owner, "JPUSH SENT")
		const node = `query($id: ID!) { node(id: $id) { ... on Notice { kind } } }`
		id := servertest.Vars{"id": h.Partners.JPushPhones.Sent()[0].Extras["noticeId"]}
		owner.Asks(node, id).OK().MustContain(`"kind":"ENTERED"`)
		other.Asks(node, id).MustContain(`"node":null`)
	})
}

// Whoever has taken the consent to parking services back still hears who takes the plate.
func TestNewsOfSecurityNeedsNoConsentToParking(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Bound("APP", "粤B12345")
		phone := rings(owner, "owner")
		owner.Asks(withdrawConsent, agreeing("PARKING_CORE", "", "")).OK()
		h.Bound("APP", "粤B12345")
		becomes(owner, "JPUSH SENT")
		if got := heard(h, phone); len(got) != 1 || !strings.Contains(got[0], "他人绑定了您的车牌") || strings.Contains(got[0], "粤B12345") {
			t.Errorf("heard %v", got)
		}
	})
}

func TestQuietHoursAreKeptAndValidated(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Bound("APP", "粤B12345")
		phone := rings(owner, "owner")
		quiet := func(from, until string) servertest.Vars {
			return servertest.Vars{"q": servertest.Vars{"from": from, "until": until}}
		}
		owner.Asks(setQuiet, quiet("22:00", "09:30")).OK().MustContain(`"quietHours":{"from":"22:00","until":"09:30"}`)
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK() // at 09:00
		becomes(owner, "JPUSH WAITING")
		h.Bound("APP", "粤B12345") // which cannot wait
		becomes(owner, "JPUSH SENT", "JPUSH WAITING")
		if got := heard(h, phone); len(got) != 1 || !strings.Contains(got[0], "他人绑定了您的车牌") {
			t.Errorf("heard %v", got)
		}
		for _, wrong := range [][2]string{{"22:00", "22:00"}, {"24:00", "07:00"}, {"9:00", "10:00"}, {"", "07:00"}, {"22:00:00", "07:00"}} {
			owner.Asks(setQuiet, quiet(wrong[0], wrong[1])).MustBeRefused("INVALID_QUIET_HOURS")
		}
		owner.Asks(setQuiet, servertest.Vars{"q": nil}).OK().MustContain(`"quietHours":null`)
	})
}

func TestDeliveriesAreTheirPersonsAndAnOfficers(t *testing.T) {
	testkit.Covers(t, "R125")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner, other, officer := h.Bound("APP", "粤B12345"), h.Bound("APP", "粤B23456"), h.Officer()
		rings(owner, "owner")
		rings(other, "other")
		gate := h.Gate("WXC")
		h.Clock.Pass(7 * time.Minute)
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		becomes(owner, "JPUSH SENT")
		gate.Sees("粤B23456", servertest.Entering, h.Clock.Now()).OK()
		becomes(other, "JPUSH SENT")

		own := owner.Asks(ownDeliveries).OK().MustContain(`"kind":"ENTERED"`, `"createdAt":"2026-11-21T06:00:00+08:00"`, `"settledAt":"2026-11-21T06:00:00+08:00"`).
			MustNotContain("09:07", "01:07") // when the car came is masked
		id := own.String("viewer.account.deliveries.edges.0.node.id")
		const all = `query($a: ID, $s: DeliveryState, $first: Int, $after: String) { deliveries(accountId: $a, state: $s, first: $first, after: $after) {
			edges { cursor node { id kind channel state createdAt } } pageInfo { hasNextPage endCursor } } }`
		account := owner.Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id")
		count := func(vars servertest.Vars) int {
			edges, _ := officer.Asks(all, vars).OK().MustNotContain("09:07", "01:07").At("deliveries.edges").([]any)
			return len(edges)
		}
		for want, vars := range map[int][]servertest.Vars{
			2: {{}, {"s": "SENT"}}, 1: {{"a": account}, {"a": account, "s": "SENT"}, {"first": 1}},
			0: {{"s": "FAILED"}, {"a": id}, {"a": "rubbish"}},
		} {
			for _, v := range vars {
				if v["a"] == "rubbish" {
					continue
				}
				if got := count(v); got != want {
					t.Errorf("%v: %d, not %d", v, got, want)
				}
			}
		}
		first := officer.Asks(all, servertest.Vars{"first": 1}).OK().MustContain(`"hasNextPage":true`)
		officer.Asks(all, servertest.Vars{"after": first.String("deliveries.pageInfo.endCursor")}).OK().MustContain(id)

		const node = `query($id: ID!) { node(id: $id) { ... on Delivery { channel state } } }`
		one := servertest.Vars{"id": id}
		for _, c := range []*servertest.Client{owner, officer} {
			c.Asks(node, one).OK().MustContain(`"SENT"`)
		}
		for _, c := range []*servertest.Client{other, h.Anonymous(), h.Staff("WXC"), gate.Client, h.Admin()} {
			c.Asks(node, one).MustContain(`"node":null`)
		}
		for c, code := range map[*servertest.Client]string{owner: "FORBIDDEN", h.Anonymous(): "UNAUTHENTICATED", h.Admin(): "FORBIDDEN", h.Staff("WXC"): "FORBIDDEN"} {
			c.Asks(all).MustBeRefused(code)
		}
	})
}
