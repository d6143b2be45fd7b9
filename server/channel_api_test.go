package server_test

import (
	"testing"
	"time"

	"parkbff/ent/linkedaccount"
	"parkbff/internal/testkit"
	"parkbff/server"
	"parkbff/server/servertest"
)

const (
	linkedAccounts = `{ viewer { account { linkedAccounts { id channel linkedAt } } } }`
	unlink         = `mutation($c: Channel!) { unlinkChannel(input: {channel: $c}) {
		viewer { tier followedChannels account { linkedAccounts { id } } } userErrors { code }
	} }`
	nodeChannel = `query($id: ID!) { node(id: $id) { id ... on LinkedAccount { channel } } }`
	merge       = `mutation($m: String!, $c: String!) { mergeAccounts(input: {mobile: $m, code: $c}) {
		viewer { tier boundPlates vehicles { plate verified } } userErrors { code field message }
	} }`
)

// idsThere are the ids by which the platforms know a person.
func idsThere(h *servertest.House, person string) []string {
	wechat, alipay := h.Partners.Wechat, h.Partners.Alipay
	return []string{
		wechat.OpenID(person, server.StandInApp(linkedaccount.ChannelWECHAT_MINI)),
		wechat.OpenID(person, server.StandInApp(linkedaccount.ChannelWECHAT_OFFICIAL)),
		wechat.UnionID(person), alipay.UserID(person),
	}
}

func TestUnfollowingTheOfficialAccountIsFeltAtOnce(t *testing.T) {
	testkit.Covers(t, "R023", "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const official = "WECHAT_OFFICIAL"
		web, gate := h.Bound("H5", "粤B12345"), h.Gate("WXC")
		watch := web.Watches(noticed)
		web.Links(official, "alice")
		web.Asks(facts).OK().MustContain(`"tier":"PLATE_BOUND"`, `"followedChannels":[]`) // a page is not following
		h.Follows(official, "alice", true)
		web.Asks(facts).OK().MustContain(`"tier":"FOLLOWED"`, `"followedChannels":["WECHAT_OFFICIAL"]`)
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		watch.Next().MustContain(`"ENTERED"`)

		h.Follows(official, "bob", false)
		web.Asks(facts).OK().MustContain(`"tier":"FOLLOWED"`)
		h.Follows(official, "alice", false)
		web.Asks(facts).OK().MustContain(`"tier":"PLATE_BOUND"`, `"followedChannels":[]`)
		h.Clock.Pass(time.Minute)
		gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		watch.Quiet(50 * time.Millisecond)
		web.Asks(listed).OK().MustNotContain(`"EXITED"`)
	})
}

func TestALinkedAccountIsShownToItsPersonAloneUntilItIsUnlinked(t *testing.T) {
	testkit.Covers(t, "R023")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const official = "WECHAT_OFFICIAL"
		web, stranger := h.Bound("H5", "粤B12345"), h.Driver("APP")
		h.Follows(official, "alice", true)
		web.Links(official, "alice")
		shown := web.Asks(linkedAccounts).OK().MustContain(`"channel":"WECHAT_OFFICIAL"`).MustNotContain(idsThere(h, "alice")...)
		id := servertest.Vars{"id": shown.String("viewer.account.linkedAccounts.0.id")}
		web.Asks(nodeChannel, id).OK().MustContain(`"WECHAT_OFFICIAL"`)
		for _, c := range []*servertest.Client{stranger, h.Anonymous(), h.Staff("WXC"), h.Gate("WXC").Client} {
			c.Asks(nodeChannel, id).OK().MustContain(`"node":null`)
		}
		stranger.Asks(linkedAccounts).OK().MustContain(`"linkedAccounts":[]`)

		channel := servertest.Vars{"c": official}
		stranger.Asks(unlink, channel).OK()
		web.Asks(facts).OK().MustContain(`"tier":"FOLLOWED"`)
		web.Asks(unlink, channel).OK().MustContain(`"tier":"PLATE_BOUND"`, `"followedChannels":[]`, `"linkedAccounts":[]`)
		web.Asks(nodeChannel, id).OK().MustContain(`"node":null`)
		h.Anonymous().Asks(unlink, channel).MustBeRefused("UNAUTHENTICATED")
	})
}

func TestNobodySignsInByACodeThatNoPlatformVouchesFor(t *testing.T) {
	testkit.Covers(t, "R023")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const mobile = "13912340000"
		h.Anonymous().Asks(sendCode, servertest.Vars{"m": mobile}).OK()
		try := func(channel string) *servertest.Answer {
			return h.Anonymous().Asks(signIn, servertest.Vars{"in": servertest.Vars{
				"mobile": mobile, "code": h.SentCode(mobile), "channel": channel, "channelCode": "forged-code",
			}}).MustNotContain("forged-code", mobile)
		}
		for _, channel := range []string{"WECHAT_MINI", "ALIPAY_MINI"} {
			got := try(channel).MustContain(`"accessToken":null`, `"field":"channelCode"`)
			if codes := got.Codes(); len(codes) != 1 || codes[0] != "CHANNEL_NOT_OFFERED" && codes[0] != "CHANNEL_REFUSED" {
				t.Errorf("refused with %v", codes)
			}
		}
		for _, channel := range []string{"H5", "APP", "WECHAT_OFFICIAL", "ALIPAY_LIFE"} {
			try(channel).MustBeRefused("BAD_USER_INPUT")
		}
	})
}

func TestTwoAccountsOfOnePersonBecomeOne(t *testing.T) {
	testkit.Covers(t, "R061")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate := h.Gate("WXC")
		other, bystander := h.Verified("APP", "粤B00001"), h.Bound("APP", "粤B00003")
		p := h.Bound("APP", "粤B00002")
		for _, plate := range []string{"粤B00001", "粤B00002", "粤B00003"} {
			gate.Sees(plate, servertest.Entering, h.Clock.Now()).OK()
		}
		h.Clock.Pass(61 * time.Second)
		in := servertest.Vars{"m": other.Mobile, "c": h.CodeFor("MERGE", other.Mobile)}
		socket := other.Watches(noticed)

		mustBeEqual(t, "a wrong code",
			p.Asks(merge, servertest.Vars{"m": other.Mobile, "c": wrongCode(h.SentCode(other.Mobile))}).MustBeRefused("CODE_INVALID"),
			p.Asks(merge, servertest.Vars{"m": "13900009999", "c": "000000"}).MustBeRefused("CODE_INVALID"))
		h.Anonymous().Asks(merge, in).MustBeRefused("UNAUTHENTICATED")
		p.Asks(merge, in).OK().MustContain(`"tier":"VERIFIED"`, `"boundPlates":2`, `{"plate":"粤B00001","verified":true}`).
			MustNotContain(other.Mobile, "粤B00003")

		if code := socket.ClosedWith(); code != 4401 && code != 4403 {
			t.Errorf("the other account's socket closed with %d", code)
		}
		other.Asks(facts).MustBeRefused("UNAUTHENTICATED")
		p.Asks(`{ viewer { sessions { edges { node { plate lotName enteredAt } } } } }`).OK().
			MustContain("粤B00001", "万象城停车场", "粤B***02").MustNotContain("粤B00002", "粤B***03")
		bystander.Asks(`{ viewer { tier sessions { edges { node { plate } } } } }`).OK().
			MustContain(`"tier":"FOLLOWED"`, "粤B***03").MustNotContain("00001", "00002", "***02")
		h.Clock.Pass(61 * time.Second)
		h.SignIn(other.Mobile, "APP").Asks(`{ viewer { boundPlates sessions { edges { node { id } } } notices { edges { node { id } } } } }`).
			OK().MustContain(`{"boundPlates":0,"sessions":{"edges":[]},"notices":{"edges":[]}}`)
	})
}

func TestAMobileWithoutAnotherAccountHasNothingToJoin(t *testing.T) {
	testkit.Covers(t, "R061")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		p := h.Bound("APP", "粤B00002")
		for _, mobile := range []string{"13900009999", p.Mobile} {
			h.Clock.Pass(61 * time.Second)
			p.Asks(merge, servertest.Vars{"m": mobile, "c": h.CodeFor("MERGE", mobile)}).MustBeRefused("NOTHING_TO_MERGE").MustNotContain(mobile)
		}
		h.Clock.Pass(11 * time.Minute)
		p.Refreshes().Asks(merge, servertest.Vars{"m": "13900009999", "c": "000000"}).MustBeRefused("STEP_UP_REQUIRED")
	})
}
