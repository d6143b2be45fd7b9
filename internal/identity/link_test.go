package identity_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	"parkbff/ent/channellink"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/viewer"
)

func TestAPersonThereIsLinkedToOneAccountHereAndHereToOneThere(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		const ch = linkedaccount.ChannelALIPAY_MINI
		p, other := h.enters(ch, alice), h.arrives(bob.mobile, signin.ChannelAPP)

		_, err := h.LinkChannel(other.ctx, h.proof(other.ctx, ch, alice), true)
		refused(t, err, identity.ChannelNotLinkable)
		_, err = h.LinkChannel(p.ctx, h.proof(p.ctx, ch, bob), true)
		refused(t, err, identity.ChannelAlreadyLinked)
		again, err := h.LinkChannel(p.ctx, h.proof(p.ctx, ch, alice), true)
		h.must(err)
		linked, err := h.LinkedAccounts(p.ctx)
		h.must(err)
		if d := cmp.Diff([]*identity.LinkedAccount{again}, linked); d != "" {
			t.Error(d)
		}

		in := h.first(ch, bob)
		in.Phone = h.issuer.Phone(ch, somebody{bob.name, alice.mobile}) // bob there, with alice's mobile
		_, err = h.SignInByChannel(h.nobody(), in)
		refused(t, err, identity.ChannelAlreadyLinked)

		_, err = h.LinkedAccount(other.ctx, linked[0].Row)
		refused(t, err, fault.NotFound)
		_, err = h.LinkedAccounts(h.nobody())
		refused(t, err, fault.Unauthenticated)
		if _, err = h.LinkedAccount(p.ctx, linked[0].Row); err != nil {
			t.Error(err)
		}
	})
}

func TestLinkingAsksForConsentBeforeItRedeemsAnything(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		p := h.arrives(alice.mobile, signin.ChannelH5)
		proof, before := h.proof(p.ctx, linkedaccount.ChannelWECHAT_OFFICIAL, alice), h.rows()
		_, err := h.LinkChannel(p.ctx, proof, false)
		refused(t, err, viewer.ConsentRequired)
		_, err = h.LinkChannel(h.nobody(), proof, true)
		refused(t, err, fault.Unauthenticated)
		if h.world.redeemed() != 0 || h.rows() != before {
			t.Error("a code was redeemed or something written")
		}
		_, err = h.LinkChannel(p.ctx, proof, true)
		h.must(err)
		if p.viewer().Follows() {
			t.Error("a link to a page is not following")
		}
	})
}

func TestUnlinkingEndsLinkConsentAndFollowing(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		const ch = linkedaccount.ChannelWECHAT_MINI
		p := h.enters(ch, alice)
		h.must(h.UnlinkChannel(p.ctx, channellink.ChannelWECHAT_MINI))
		linked, err := h.LinkedAccounts(p.ctx)
		h.must(err)
		if len(linked) != 0 || p.viewer().Follows() {
			t.Errorf("linked %+v, follows %v", linked, p.viewer().Follows())
		}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			row := tx.LinkedAccount.Query().OnlyX(ctx)
			if row.EndedAt == nil || len(row.Subject)+len(row.SubjectIndex)+len(row.UnionIndex) != 0 {
				t.Error("something of the person there is kept")
			}
			if agreed := tx.Consent.GetX(ctx, row.ConsentID); agreed.EndedAt == nil {
				t.Error("the consent goes on")
			}
		})
		in := h.first(ch, alice)
		in.Phone = nil
		_, err = h.SignInByChannel(h.nobody(), in)
		refused(t, err, identity.MobileRequired)
		if h.enters(ch, alice).id() != p.id() {
			t.Error("another account")
		}
	})
}

func TestAStolenSignInCannotLinkThePersonWhoStoleIt(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		const ch = linkedaccount.ChannelWECHAT_MINI
		p := h.arrives(alice.mobile, signin.ChannelAPP)
		h.clock.Pass(10 * time.Minute)
		thief := h.proof(p.ctx, ch, bob)
		_, err := h.LinkChannel(p.ctx, thief, true)
		refused(t, err, identity.StepUpRequired)
		if h.world.redeemed() != 0 {
			t.Error("a code was redeemed")
		}
		p.stepsUp(alice.mobile)
		_, err = h.LinkChannel(p.ctx, thief, true)
		h.must(err)
	})
}
