package server_test

import (
	"context"
	"testing"
	"time"

	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/internal/cnid"
	"parkbff/internal/identity"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
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

// trusting is a platform that takes a code for the person's own id.
type trusting struct{}

func (trusting) Person(_ context.Context, code string) (identity.Person, error) {
	return identity.Person{Subject: code}, nil
}

func (trusting) Mobile(context.Context, identity.Person, identity.PhoneProof) (cnid.Mobile, error) {
	return cnid.Mobile{}, identity.ChannelRefused
}

func (trusting) AuthorizeURL(state string) string { return "https://platform.example/?state=" + state }

// linksOfficial links a driver's account with a person of the official account.
func linksOfficial(h *servertest.House, driver *servertest.Client, subject string) {
	h.T.Helper()
	people := h.People()
	people.Platforms = identity.Platforms{linkedaccount.ChannelWECHAT_OFFICIAL: trusting{}}
	service, err := identity.New(people)
	if err != nil {
		h.T.Fatal(err)
	}
	claims, err := h.Tokens.Verify(driver.Token)
	if err != nil {
		h.T.Fatal(err)
	}
	v, err := service.Viewer(h.T.Context(), claims)
	if err != nil {
		h.T.Fatal(err)
	}
	ctx := viewer.With(h.T.Context(), v)
	visit, err := service.BeginChannelVisit(ctx, linkedaccount.ChannelWECHAT_OFFICIAL)
	if err != nil {
		h.T.Fatal(err)
	}
	proof := identity.ChannelProof{Channel: linkedaccount.ChannelWECHAT_OFFICIAL, Code: subject, State: visit.State}
	if _, err := service.LinkChannel(ctx, proof, true); err != nil {
		h.T.Fatal(err)
	}
	h.Identity.Forget() // the other service's change may be heard later than the next request
}

// tellsFollow is the official account's event about a person.
func tellsFollow(h *servertest.House, subject string, following bool) {
	h.T.Helper()
	h.Clock.Pass(time.Second)
	err := h.Identity.Followed(h.T.Context(), identity.FollowEvent{
		Channel: follower.ChannelWECHAT_OFFICIAL, Person: identity.Person{Subject: subject}, Following: following, At: h.Clock.Now(),
	})
	if err != nil {
		h.T.Fatal(err)
	}
}

func TestUnfollowingTheOfficialAccountIsFeltAtOnce(t *testing.T) {
	testkit.Covers(t, "R023", "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const subject = "openid-of-alice"
		web, gate := h.Bound("H5", "粤B12345"), h.Gate("WXC")
		watch := web.Watches(noticed)
		linksOfficial(h, web, subject)
		web.Asks(facts).OK().MustContain(`"tier":"PLATE_BOUND"`, `"followedChannels":[]`) // a page is not following
		tellsFollow(h, subject, true)
		web.Asks(facts).OK().MustContain(`"tier":"FOLLOWED"`, `"followedChannels":["WECHAT_OFFICIAL"]`)
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		watch.Next().MustContain(`"ENTERED"`)

		tellsFollow(h, "openid-of-bob", false)
		web.Asks(facts).OK().MustContain(`"tier":"FOLLOWED"`)
		tellsFollow(h, subject, false)
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
		const subject = "openid-of-alice"
		web, stranger := h.Bound("H5", "粤B12345"), h.Driver("APP")
		tellsFollow(h, subject, true)
		linksOfficial(h, web, subject)
		shown := web.Asks(linkedAccounts).OK().MustContain(`"channel":"WECHAT_OFFICIAL"`).MustNotContain(subject)
		id := servertest.Vars{"id": shown.String("viewer.account.linkedAccounts.0.id")}
		web.Asks(nodeChannel, id).OK().MustContain(`"WECHAT_OFFICIAL"`)
		for _, c := range []*servertest.Client{stranger, h.Anonymous(), h.Staff("WXC"), h.Gate("WXC").Client} {
			c.Asks(nodeChannel, id).OK().MustContain(`"node":null`)
		}
		stranger.Asks(linkedAccounts).OK().MustContain(`"linkedAccounts":[]`)

		channel := servertest.Vars{"c": "WECHAT_OFFICIAL"}
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
		h.Anonymous().Asks(sendCode, servertest.Vars{"m": other.Mobile}).OK()
		in := servertest.Vars{"m": other.Mobile, "c": h.SentCode(other.Mobile)}
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
			h.Anonymous().Asks(sendCode, servertest.Vars{"m": mobile}).OK()
			p.Asks(merge, servertest.Vars{"m": mobile, "c": h.SentCode(mobile)}).MustBeRefused("NOTHING_TO_MERGE").MustNotContain(mobile)
		}
		h.Clock.Pass(11 * time.Minute)
		p.Refreshes().Asks(merge, servertest.Vars{"m": "13900009999", "c": "000000"}).MustBeRefused("STEP_UP_REQUIRED")
	})
}
