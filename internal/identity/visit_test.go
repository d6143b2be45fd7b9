package identity_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/channelvisit"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/viewer"
)

func TestAVisitLeadsBackOnceOnItsChannelForTenMinutesAndForWhoeverBeganIt(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		official, life := linkedaccount.ChannelWECHAT_OFFICIAL, linkedaccount.ChannelALIPAY_LIFE
		h.enters(official, alice)
		p, other := h.arrives(bob.mobile, signin.ChannelH5), h.arrives("13812340003", signin.ChannelH5)
		try := func(ctx context.Context, ch linkedaccount.Channel, state string) error {
			_, err := h.SignInByChannel(ctx, identity.ChannelLogin{ChannelProof: identity.ChannelProof{
				Channel: ch, Code: h.issuer.Code(ch, alice), State: state,
			}})
			return err
		}
		begun := func(ctx context.Context, ch linkedaccount.Channel) string {
			visit, err := h.BeginChannelVisit(ctx, ch)
			h.must(err)
			if len(visit.State) < 32 || !strings.HasSuffix(visit.AuthorizeURL, "state="+visit.State) || visit.ExpiresIn != 600 {
				t.Errorf("visit to %d characters of state for %d s", len(visit.State), visit.ExpiresIn)
			}
			return visit.State
		}
		good := begun(h.nobody(), official)
		for _, state := range []string{"", "x", forge(good), begun(h.nobody(), life)} {
			refused(t, try(h.nobody(), official, state), identity.ChannelRefused)
		}
		h.must(try(h.nobody(), official, good))
		refused(t, try(h.nobody(), official, good), identity.ChannelRefused)

		linking := h.proof(other.ctx, official, bob) // somebody else's visit and person
		_, err := h.LinkChannel(p.ctx, linking, true)
		refused(t, err, identity.ChannelRefused)
		linking = h.proof(h.nobody(), official, bob)
		_, err = h.LinkChannel(p.ctx, linking, true)
		refused(t, err, identity.ChannelRefused)

		old := begun(h.nobody(), official)
		h.clock.Pass(10 * time.Minute)
		refused(t, try(h.nobody(), official, old), identity.ChannelRefused)

		_, err = h.BeginChannelVisit(h.nobody(), linkedaccount.ChannelWECHAT_MINI)
		refused(t, err, fault.BadInput)
		_, err = h.SignInByChannel(h.nobody(), identity.ChannelLogin{ChannelProof: identity.ChannelProof{
			Channel: linkedaccount.ChannelWECHAT_MINI, Code: "x", State: "y",
		}})
		refused(t, err, fault.BadInput)
		h.mustForgetOldVisits()
	})
}

// mustForgetOldVisits fails unless a new visit lets those go that are over, and none is kept in the clear.
func (h *connected) mustForgetOldVisits() {
	h.t.Helper()
	h.clock.Pass(10 * time.Minute)
	visit, err := h.BeginChannelVisit(h.nobody(), linkedaccount.ChannelALIPAY_LIFE)
	h.must(err)
	h.system(func(ctx context.Context, tx *ent.Tx) {
		rows := tx.ChannelVisit.Query().Where(channelvisit.ExpiresAtLTE(h.clock.Now())).CountX(ctx)
		row := tx.ChannelVisit.Query().OnlyX(ctx)
		if rows != 0 || strings.Contains(string(row.StateHash), visit.State) {
			h.t.Error("old visits or a state are kept")
		}
	})
}

func TestAStateServesOneOfManyAtOnce(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		const ch = linkedaccount.ChannelALIPAY_LIFE
		h.enters(ch, alice)
		state := h.proof(h.nobody(), ch, alice).State
		codes := make([]string, 6)
		for i := range codes {
			codes[i] = h.issuer.Code(ch, alice)
		}
		if n := successes(atOnce(len(codes), func(i int) error {
			_, err := h.SignInByChannel(viewer.With(t.Context(), viewer.Nobody()),
				identity.ChannelLogin{ChannelProof: identity.ChannelProof{Channel: ch, Code: codes[i], State: state}})
			return err
		})); n != 1 {
			t.Errorf("one state served %d", n)
		}
	})
}
