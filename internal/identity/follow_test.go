package identity_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parkbff/ent/channellink"
	"parkbff/ent/follower"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

// event is what the official account of a channel tells of a person.
func (h *connected) event(ch follower.Channel, who somebody, following bool) identity.FollowEvent {
	return identity.FollowEvent{
		Channel: ch, Person: h.issuer.Person(linkedaccount.Channel(ch), who), Following: following, At: h.clock.Now(),
	}
}

func (h *connected) tells(e identity.FollowEvent) {
	h.t.Helper()
	h.must(h.Followed(h.t.Context(), e))
}

// mustFollow fails unless the person's next request finds it following, or not.
func (p *person) mustFollow(why string, want bool) {
	p.h.t.Helper()
	p.h.must(p.returns())
	if got := p.viewer().Follows(); got != want {
		p.h.t.Errorf("%s: follows %v", why, got)
	}
}

const (
	official = follower.ChannelWECHAT_OFFICIAL
	life     = follower.ChannelALIPAY_LIFE
)

func TestFollowEventsOfTheLinkedPersonAreFollowing(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		for i, ch := range []follower.Channel{official, life} {
			who := somebody{fmt.Sprint("person", i), fmt.Sprint("1381234002", i)}
			p, other := h.enters(linkedaccount.Channel(ch), who), h.arrives(bob.mobile, signin.ChannelH5)
			p.mustFollow("a page", false)
			h.tells(h.event(ch, who, true))
			p.mustFollow("the event", true)
			other.mustFollow("somebody else's event", false)
			h.clock.Pass(time.Second)
			h.tells(h.event(ch, who, false))
			p.mustFollow("the event undone", false)
		}
	})
}

func TestOldAndRepeatedEventsChangeNothing(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		p := h.enters(linkedaccount.Channel(life), alice)
		earlier := h.event(life, alice, true)
		h.clock.Pass(time.Second)
		later := h.event(life, alice, false)
		h.tells(later)
		h.tells(earlier)
		p.mustFollow("an event out of order", false)
		h.clock.Pass(time.Second)
		again := h.event(life, alice, true)
		h.tells(again)
		h.tells(later)
		p.mustFollow("an event told again", true)

		h.must(h.UnlinkChannel(p.ctx, channellink.ChannelALIPAY_LIFE))
		h.tells(again)
		p.mustFollow("an event told again after unlinking", false)

		h.clock.Pass(time.Second)
		on, off := h.event(life, alice, true), h.event(life, alice, false)
		p = h.enters(linkedaccount.Channel(life), alice)
		h.tells(off)
		h.tells(on)
		p.mustFollow("unfollowing of the same second", false)
		refused(t, h.Followed(t.Context(), identity.FollowEvent{Channel: life}), fault.BadInput)
		refused(t, h.Followed(t.Context(), identity.FollowEvent{Channel: "FAX", Person: on.Person}), fault.BadInput)
	})
}

func TestWhoeverFollowsAlreadyFollowsFromTheLinkOn(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		h.tells(h.event(official, alice, true))
		p := h.enters(linkedaccount.Channel(official), alice)
		p.mustFollow("linked after the event", true)
		h.must(h.UnlinkChannel(p.ctx, channellink.ChannelWECHAT_OFFICIAL))
		p.mustFollow("unlinked", false)
		_, err := h.LinkChannel(p.ctx, h.proof(p.ctx, linkedaccount.Channel(official), alice), true)
		h.must(err)
		p.mustFollow("linked again", true)
	})
}

func TestAPersonIsKnownAcrossTheAppsOfOnePlatform(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		p := h.enters(linkedaccount.ChannelWECHAT_MINI, alice)
		h.must(h.SignOut(p.ctx))
		p = h.arrives(alice.mobile, signin.ChannelH5)
		p.mustFollow("signed out of the mini-program", false)
		h.tells(h.event(official, alice, true))
		p.mustFollow("the official account's event", true)
		h.clock.Pass(time.Second)
		undone := h.event(official, alice, false)
		undone.Person.Union = "" // WeChat does not say who has left
		h.tells(undone)
		p.mustFollow("undone", false)
		h.clock.Pass(time.Second)
		h.tells(h.event(official, alice, true))
		h.must(h.UnlinkChannel(p.ctx, channellink.ChannelWECHAT_MINI))
		p.mustFollow("the link by which it was known has ended", false)
	})
}

// Events and links meet in any order; what counts is the event told last.
func TestLinksAndEventsAtOnceEndInTheSameFacts(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		for i := range 10 {
			who := somebody{fmt.Sprint("person", i), fmt.Sprint("1381234003", i)}
			p := h.arrives(who.mobile, signin.ChannelH5)
			proof, event := h.proof(p.ctx, linkedaccount.ChannelWECHAT_OFFICIAL, who), h.event(official, who, true)
			order := rand.Perm(2)
			for _, err := range atOnce(2, func(i int) error {
				if order[i] == 0 {
					return h.Followed(t.Context(), event)
				}
				_, err := h.LinkChannel(p.ctx, proof, true)
				return err
			}) {
				h.must(err)
			}
			p.mustFollow("a link and an event at once", true)
		}
	})
}

// What a platform knows of a person stands in no file, log or error (R118).
func TestNothingOfAPlatformsPersonIsKeptInTheClear(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	h := connect(t, testkit.Open(t, store.Options{Dir: dir}))
	h.config.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	h.Service, err = identity.New(h.config)
	h.must(err)
	in := h.first(linkedaccount.ChannelWECHAT_OFFICIAL, alice)
	_, err = h.SignInByChannel(h.nobody(), in)
	h.must(err)
	_, again := h.SignInByChannel(context.WithoutCancel(h.nobody()), in)
	e := h.event(official, bob, true)
	h.tells(e)
	printed := fmt.Sprintf("%+v %v %+v %v %#v %v", again, in, e.Person, &in, in.ChannelProof, e)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	h.must(err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		h.must(err)
		printed += string(content)
	}
	for _, secret := range []string{"openid", "unionid", alice.mobile, in.Code, in.State} {
		if strings.Contains(printed+log.String(), secret) {
			t.Errorf("%.8s… is in the clear", secret)
		}
	}
}
