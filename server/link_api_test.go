package server_test

import (
	"slices"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// linkedThere are the channels on which an account has a link.
const linkedThere = `{ viewer { account { id linkedAccounts { channel } } } }`

func TestNothingIsLinkedOrWrittenBeforeThePersonAgrees(t *testing.T) {
	testkit.Covers(t, "R084")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		s := stage(t, h, 1)
		const asked = `"purpose":"THIRD_PARTY_ACCOUNT"`
		for _, channel := range []string{"WECHAT_MINI", "ALIPAY_MINI"} {
			in := s.first(channel, s.who)
			before := s.written()
			s.tries(in.with("linkConsent", false)).MustBeRefused("CONSENT_REQUIRED").MustContain(asked)
			s.tries(in.with("code", s.code(channel, s.who)).with("phone", nil)).MustBeRefused("MOBILE_REQUIRED")
			if after := s.written(); after != before {
				t.Errorf("%s: %s, before %s", channel, after, before)
			}
			s.enters(in.with("code", s.code(channel, s.who))) // what vouches for the mobile was not used up
		}
		s.Clock.Pass(61 * time.Second)
		web := s.SignIn(s.who.mobile, "H5")
		for _, channel := range []string{"WECHAT_OFFICIAL", "ALIPAY_LIFE"} {
			code, state := web.Visits(channel, s.who.name)
			in, before := servertest.Vars{"channel": channel, "code": code, "state": state}, s.written()
			web.Asks(servertest.LinkChannel, servertest.Vars{"in": in}).MustBeRefused("CONSENT_REQUIRED").MustContain(asked)
			if after := s.written(); after != before {
				t.Errorf("%s: %s, before %s", channel, after, before)
			}
			in["linkConsent"] = true
			web.Asks(servertest.LinkChannel, servertest.Vars{"in": in}).OK()
		}
		web.Asks(linkedThere).OK().MustContain(
			`[{"channel":"WECHAT_MINI"},{"channel":"ALIPAY_MINI"},{"channel":"WECHAT_OFFICIAL"},{"channel":"ALIPAY_LIFE"}]`)
	})
}

func TestALinkRestsOnItsConsentAndEndsWithIt(t *testing.T) {
	testkit.Covers(t, "R084")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		s := stage(t, h, 1)
		web := s.SignIn(s.who.mobile, "H5")
		for i, end := range []func(channel string){
			func(channel string) { web.Asks(unlink, servertest.Vars{"c": channel}).OK() },
			func(string) { web.Asks(withdrawConsent, agreeing("THIRD_PARTY_ACCOUNT", "", "")).OK() },
		} {
			for _, channel := range []string{"WECHAT_OFFICIAL", "ALIPAY_LIFE"} {
				link := web.Links(channel, s.who.name)
				web.Asks(ownConsents).OK().MustContain(`"purpose":"THIRD_PARTY_ACCOUNT","policyVersion":"2025-05-16","state":"GRANTED"`)
				s.mustRest(link, channel, true)
				s.mustNotKeep()

				end(channel)
				web.Asks(ownConsents).OK().MustNotContain(`"purpose":"THIRD_PARTY_ACCOUNT","policyVersion":"2025-05-16","state":"GRANTED"`)
				web.Asks(linkedThere).OK().MustContain(`"linkedAccounts":[]`)
				s.mustRest(link, channel, false)
				code, state := s.Anonymous().Visits(channel, s.who.name)
				s.tries(entry{byChannel, servertest.Vars{"channel": channel, "code": code, "state": state}}).MustBeRefused("MOBILE_REQUIRED")
			}
			if got := web.Asks(ownConsents).OK(); i == 0 {
				got.MustContain(`"purpose":"THIRD_PARTY_ACCOUNT","policyVersion":"2025-05-16","state":"ENDED"`)
			} else {
				got.MustContain(`"purpose":"THIRD_PARTY_ACCOUNT","policyVersion":"2025-05-16","state":"WITHDRAWN"`)
			}
		}
	})
}

// mustRest fails unless a link's row names its consent and where it comes from, and holds somebody there as
// long as it lives.
func (s scene) mustRest(link, channel string, living bool) {
	s.T.Helper()
	ctx := s.AsSystem()
	db := s.Store.Client(ctx)
	row := db.LinkedAccount.GetX(ctx, s.Row(link))
	agreed := db.Consent.GetX(ctx, row.ConsentID)
	lives := row.EndedAt == nil && agreed.EndedAt == nil && agreed.WithdrawnAt == nil && len(row.Subject) > 0
	if string(row.Channel) != channel || agreed.AccountID != row.AccountID || agreed.Purpose != "THIRD_PARTY_ACCOUNT" || lives != living {
		s.T.Errorf("the link of %s, living %v: ended %v, consent %v %v", row.Channel, living, row.EndedAt, agreed.EndedAt, agreed.WithdrawnAt)
	}
	if !living && len(row.Subject)+len(row.SubjectIndex)+len(row.UnionIndex) != 0 {
		s.T.Error("something of the person there is kept")
	}
}

// mustNotKeep fails if the platforms' ids of somebody lie in the open.
func (s scene) mustNotKeep() {
	s.T.Helper()
	kept := s.Kept() + s.Logged()
	for _, id := range idsThere(s.House, s.who.name) {
		if servertest.Keeps(kept, id) {
			s.T.Error("a platform's id of a person lies in the open")
		}
	}
}

func TestNobodyLinksSomebodyElsesAccountOrVisit(t *testing.T) {
	testkit.Covers(t, "R084")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		s := stage(t, h, 1)
		alice, mallory := s.SignIn(s.who.mobile, "H5"), s.SignIn(s.mallory.mobile, "H5")
		link := func(c *servertest.Client, channel, code, state string) *servertest.Answer {
			return c.Asks(servertest.LinkChannel, servertest.Vars{"in": servertest.Vars{
				"channel": channel, "code": code, "state": state, "linkConsent": true,
			}}).MustNotContain(idsThere(h, s.who.name)...)
		}
		for _, channel := range []string{"WECHAT_OFFICIAL", "ALIPAY_LIFE"} {
			alice.Links(channel, s.who.name)
			before := s.written()
			code, state := mallory.Visits(channel, s.mallory.name)
			link(alice, channel, code, state).MustBeRefused("CHANNEL_REFUSED").MustContain(`"field":"state"`) // mallory's person, slipped to alice
			code, state = mallory.Visits(channel, s.mallory.name)
			link(mallory, channel, forged(code, s.mallory.name, s.who.name), state).MustBeRefused("CHANNEL_REFUSED")
			code, state = mallory.Visits(channel, s.who.name)
			link(mallory, channel, code, state).MustBeRefused("CHANNEL_NOT_LINKABLE")
			code, state = alice.Visits(channel, s.mallory.name)
			link(alice, channel, code, state).MustBeRefused("CHANNEL_ALREADY_LINKED")
			code, state = s.Anonymous().Visits(channel, s.who.name)
			link(s.Anonymous(), channel, code, state).MustBeRefused("UNAUTHENTICATED")
			if after := s.written(); after != before {
				t.Errorf("%s: %s, before %s", channel, after, before)
			}
		}
		mallory.Asks(linkedThere).OK().MustContain(`"linkedAccounts":[]`)
	})
}

func TestOneMobileIsOneAccountOnAllSixWays(t *testing.T) {
	testkit.Covers(t, "R058", "R061")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for number := range 6 { // each way is once the first
			s := stage(t, h, number)
			ways := sixWays()
			ways = slices.Concat(ways[number:], ways[:number])
			accounts := map[string]bool{}
			for _, w := range ways {
				w.wait(s)
				accounts[s.enters(w.good(s, s.who))] = true
				s.Clock.Pass(61 * time.Second)
			}
			if len(accounts) != 1 {
				t.Errorf("one mobile, %s first, has %d accounts", ways[0].name, len(accounts))
			}
		}
		if n := h.Store.Client(h.AsSystem()).Account.Query().CountX(h.AsSystem()); n != 6 {
			t.Errorf("six mobiles have %d accounts", n)
		}
	})
}

func TestWechatVouchesForMobilesOfFourRegionsAndTheOthersForTheMainlandsAlone(t *testing.T) {
	testkit.Covers(t, "P08")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for number, mobile := range []string{"+8613812340001", "+85251234567", "+85362345678", "+886912345678"} {
			s := stage(t, h, number)
			s.who.mobile = mobile
			if s.enters(s.first("WECHAT_MINI", s.who)) != s.ownAccount(s.who) {
				t.Error("a mobile has two accounts")
			}
			mainland, before := number == 0, s.written()
			for _, e := range []entry{s.first("ALIPAY_MINI", s.who), oneClick().good(s, s.who)} {
				if got := s.tries(e); mainland {
					got.OK()
				} else {
					got.MustBeRefused("CHANNEL_REFUSED").MustNotContain(mobile, mobile[4:])
				}
			}
			if !mainland && s.written() != before {
				t.Error("a mobile that nobody vouched for has been written")
			}
		}
	})
}

func TestWhoeverHasTwoAccountsSignsInToOneByEveryLinkAfterJoiningThem(t *testing.T) {
	testkit.Covers(t, "R061")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		s := stage(t, h, 1)
		twin := somebody{s.mallory.name, s.mallory.mobile} // the same person with another mobile, and other accounts there
		mini := s.signsIn(s.first("WECHAT_MINI", s.who))
		s.signsIn(s.first("WECHAT_MINI", twin))
		s.signsIn(s.first("ALIPAY_MINI", twin)).Links("ALIPAY_LIFE", twin.name)
		s.Follows("ALIPAY_LIFE", twin.name, true)
		account := mini.Asks(linkedThere).OK().String("viewer.account.id")

		mini.Asks(merge, servertest.Vars{"m": twin.mobile, "c": s.CodeFor("MERGE", twin.mobile)}).OK()
		mini.Asks(linkedThere).OK().MustContain(account, `[{"channel":"WECHAT_MINI"},{"channel":"ALIPAY_MINI"},{"channel":"ALIPAY_LIFE"}]`)
		mini.Asks(facts).OK().MustContain(`"WECHAT_MINI"`, `"ALIPAY_LIFE"`).MustNotContain(`"ALIPAY_MINI"`) // that was a sign-in, which has ended

		alone := func(channel string, who somebody) entry {
			return entry{byChannel, servertest.Vars{"channel": channel, "code": s.code(channel, who)}}
		}
		for _, e := range []entry{
			alone("WECHAT_MINI", s.who), alone("ALIPAY_MINI", twin), page("ALIPAY_LIFE", "", nil).good(s, twin),
		} {
			if s.enters(e) != account {
				t.Errorf("%v signs in to another account", e.in["channel"])
			}
		}
		s.tries(alone("WECHAT_MINI", twin)).MustBeRefused("MOBILE_REQUIRED") // one of two on one channel: the other's has ended
		s.Follows("ALIPAY_LIFE", twin.name, false)
		mini.Asks(facts).OK().MustNotContain(`"ALIPAY_LIFE"`)
	})
}
