package identity_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/signin"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/viewer"
)

func TestTheFirstSignInOpensTheAccount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelH5)
		if v := p.viewer(); v.Tier() != viewer.TierRegistered || v.AccountID == 0 || v.SignInID == 0 {
			t.Errorf("viewer %+v", v)
		}
		if p.tokens.ExpiresIn != 900 {
			t.Errorf("expires in %d", p.tokens.ExpiresIn)
		}
		a, err := h.Account(p.ctx)
		h.must(err)
		want := &identity.Account{Row: p.id(), Mobile: "138****8000", CreatedAt: h.clock.Now()}
		if d := cmp.Diff(want, a); d != "" {
			t.Error(d)
		}
		agreed := p.consents()
		if d := cmp.Diff([]*consents.Consent{{Row: agreed[0].Row, Purpose: consent.PurposePARKING_CORE, PolicyVersion: "2025-05-16", State: consents.Granted, GrantedAt: h.clock.Now()}}, agreed); d != "" {
			t.Error(d)
		}
		if again := h.arrives(mobile, signin.ChannelAPP); again.id() != p.id() {
			t.Error("the second sign-in opened another account")
		}
	})
}

func TestSignInsAtOnceMakeOneAccount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m, err := cnid.ParseMobile(mobile)
		h.must(err)
		ids := make([]int64, 20)
		for i, err := range atOnce(20, func(i int) (err error) {
			ids[i], err = h.AccountOf(t.Context(), m)
			return err
		}) {
			if err != nil || ids[i] != ids[0] {
				t.Errorf("account %d, %v", ids[i], err)
			}
		}
		code := h.code(mobile)
		if n := successes(atOnce(20, func(int) error {
			_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: code, Channel: signin.ChannelAPP})
			return err
		})); n != 1 {
			t.Errorf("one code signed in %d times", n)
		}
	})
}

func TestSigningInIsFollowingOnMiniProgramsAndTheAppOnly(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for ch, want := range map[signin.Channel][]string{
			signin.ChannelWECHAT_MINI: {"WECHAT_MINI"}, signin.ChannelALIPAY_MINI: {"ALIPAY_MINI"}, signin.ChannelAPP: {"APP"},
			signin.ChannelWECHAT_OFFICIAL: nil, signin.ChannelALIPAY_LIFE: nil, signin.ChannelH5: nil,
		} {
			p := h.arrives(mobile, ch)
			if d := cmp.Diff(want, p.viewer().Channels); d != "" {
				t.Errorf("%s: %s", ch, d)
			}
			for _, followed := range p.viewer().Channels {
				h.must(h.UnlinkChannel(p.ctx, channellink.Channel(followed)))
			}
			h.clock.Pass(24 * time.Hour) // or the day's codes run out
		}
	})
}

func TestSigningOutEndsFollowingWithTheLastSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		phone, tablet := h.arrives(mobile, signin.ChannelAPP), h.arrives(mobile, signin.ChannelAPP)
		ended, cancel := h.SignInEnded(phone.viewer().SignInID)
		defer cancel()

		h.must(h.SignOut(phone.ctx))
		if phone.viewer().Kind != viewer.Anonymous {
			t.Error("the viewer is still signed in")
		}
		select {
		case <-ended:
		default:
			t.Error("open sockets do not hear of it")
		}
		refused(t, phone.returns(), identity.SignInEnded)
		h.must(tablet.returns())
		if !tablet.viewer().Follows() {
			t.Error("the other sign-in was following")
		}

		h.must(h.SignOut(tablet.ctx))
		web := h.arrives(mobile, signin.ChannelH5)
		if web.viewer().Follows() {
			t.Error("nobody is signed in on the app")
		}
		refused(t, h.SignOut(viewer.With(t.Context(), viewer.Nobody())), fault.Unauthenticated)
	})
}

func TestSignOutsAtOnceEndFollowing(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		both := []*person{h.arrives(mobile, signin.ChannelAPP), h.arrives(mobile, signin.ChannelAPP)}
		for _, err := range atOnce(2, func(i int) error { return h.SignOut(both[i].ctx) }) {
			h.must(err)
		}
		if h.arrives(mobile, signin.ChannelH5).viewer().Follows() {
			t.Error("each sign-out left following to the other")
		}
	})
}

func TestUnlinkingStopsFollowingAndKeepsTheSignIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelWECHAT_MINI)
		h.must(h.UnlinkChannel(p.ctx, channellink.ChannelWECHAT_MINI))
		h.must(h.UnlinkChannel(p.ctx, channellink.ChannelWECHAT_MINI))
		if p.viewer().Follows() {
			t.Error("still following")
		}
		h.must(p.returns())
		if p.viewer().Follows() || !p.viewer().Registered() {
			t.Errorf("viewer %+v", p.viewer())
		}
		if !h.arrives(mobile, signin.ChannelWECHAT_MINI).viewer().Follows() {
			t.Error("a new sign-in follows again")
		}
		refused(t, h.UnlinkChannel(p.ctx, "FAX"), fault.BadInput)
	})
}

func TestAMobileMovesByACodeSentToTheNewOne(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p, other := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelAPP)
		refused(t, h.ChangeMobile(p.ctx, "13700137000", wrong(h.codeFor(identity.CodeForChangeMobile, "13700137000"))), identity.CodeInvalid)
		refused(t, h.ChangeMobile(p.ctx, "13900139000", h.codeFor(identity.CodeForChangeMobile, "13900139000")), identity.MobileTaken)
		h.must(h.ChangeMobile(p.ctx, "13700137000", h.codeFor(identity.CodeForChangeMobile, "13700137000")))

		a, err := h.Account(p.ctx)
		h.must(err)
		if a.Mobile != "137****7000" {
			t.Error("the account shows another mobile")
		}
		if h.arrives("13700137000", signin.ChannelH5).id() != p.id() {
			t.Error("the new mobile opens another account")
		}
		if id := h.arrives(mobile, signin.ChannelH5).id(); id == p.id() || id == other.id() {
			t.Error("the old mobile still signs in")
		}
	})
}

func TestASignInEndsSixtyDaysAfterItsLastUse(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		claims, err := h.issuer.Verify(p.tokens.Access)
		h.must(err)
		h.clock.Pass(60 * 24 * time.Hour)
		_, err = h.Viewer(t.Context(), claims)
		refused(t, err, identity.SignInEnded)
		claims.Subject += 1000
		_, err = h.Viewer(t.Context(), claims)
		refused(t, err, identity.SignInEnded)
	})
}
