package identity_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	"parkbff/ent/account"
	"parkbff/ent/channellink"
	"parkbff/ent/consent"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/viewer"
)

// nobody is a context in which nobody is signed in.
func (h *connected) nobody() context.Context { return viewer.With(h.t.Context(), viewer.Nobody()) }

// proof is a fresh code of a person, with the state of a fresh visit where the channel has such a page.
func (h *connected) proof(ctx context.Context, ch linkedaccount.Channel, who somebody) identity.ChannelProof {
	h.t.Helper()
	p := identity.ChannelProof{Channel: ch, Code: h.issuer.Code(ch, who)}
	if hasPage(ch) {
		visit, err := h.BeginChannelVisit(ctx, ch)
		h.must(err)
		p.State = visit.State
	}
	return p
}

func hasPage(ch linkedaccount.Channel) bool {
	return ch == linkedaccount.ChannelWECHAT_OFFICIAL || ch == linkedaccount.ChannelALIPAY_LIFE
}

// first is a whole first sign-in of a person.
func (h *connected) first(ch linkedaccount.Channel, who somebody) identity.ChannelLogin {
	h.t.Helper()
	return identity.ChannelLogin{
		ChannelProof: h.proof(h.t.Context(), ch, who), Phone: h.issuer.Phone(ch, who), LinkConsent: true,
	}
}

func (h *connected) enters(ch linkedaccount.Channel, who somebody) *person {
	h.t.Helper()
	p := &person{h: h.house, ctx: h.nobody()}
	var err error
	p.tokens, err = h.SignInByChannel(p.ctx, h.first(ch, who))
	h.must(err)
	return p
}

// rows counts what a refused sign-in must not have written.
func (h *connected) rows() (text string) {
	h.t.Helper()
	h.system(func(ctx context.Context, tx *ent.Tx) {
		text = fmt.Sprint("accounts ", tx.Account.Query().CountX(ctx), " consents ", tx.Consent.Query().CountX(ctx),
			" links ", tx.LinkedAccount.Query().CountX(ctx), " channels ", tx.ChannelLink.Query().CountX(ctx),
			" sign-ins ", tx.SignIn.Query().CountX(ctx))
	})
	return text
}

// way is a way of signing in: what makes a good try of it, and how it is tried.
type way struct {
	name string
	// good answers what a client shows; other is what somebody shows who has it from another app.
	good, other func() any
	forged      func(any) any
	try         func(ctx context.Context, shown any) error
	consents    bool // asks for consent to a link
}

// ways are the five ways of signing in by somebody else's word, and the one by a code of ours.
func (h *connected) ways(who somebody) []way {
	all := []way{h.byCode(who), h.byOneClick(who)}
	for _, ch := range platformChannels {
		all = append(all, h.byChannel(ch, who))
	}
	return all
}

func (h *connected) byChannel(ch linkedaccount.Channel, who somebody) way {
	another := platformChannels[(slices.Index(platformChannels, ch)+2)%len(platformChannels)]
	return way{
		name: string(ch), consents: true,
		good: func() any { return h.first(ch, who) },
		other: func() any {
			in := h.first(ch, who)
			in.Code = h.issuer.Code(another, who)
			return in
		},
		forged: func(shown any) any {
			in := shown.(identity.ChannelLogin)
			in.Code = forge(in.Code)
			return in
		},
		try: func(ctx context.Context, shown any) error {
			_, err := h.SignInByChannel(ctx, shown.(identity.ChannelLogin))
			return err
		},
	}
}

func (h *connected) byOneClick(who somebody) way {
	return way{
		name:   "one click",
		good:   func() any { return h.issuer.Token(identity.ChinaMobile, who.mobile) },
		other:  func() any { return h.issuer.Token(identity.ChinaTelecom, who.mobile) },
		forged: func(shown any) any { return forge(shown.(string)) },
		try: func(ctx context.Context, shown any) error {
			_, err := h.SignInOneClick(ctx, identity.ChinaMobile, shown.(string), "")
			return err
		},
	}
}

func (h *connected) byCode(who somebody) way {
	login := func(code string) identity.Login {
		return identity.Login{Mobile: who.mobile, Code: code, Channel: signin.ChannelH5}
	}
	return way{
		name:   "code",
		good:   func() any { return login(h.code(who.mobile)) },
		other:  func() any { return login(h.code(bob.mobile)) },
		forged: func(shown any) any { return login(wrong(shown.(identity.Login).Code)) },
		try: func(ctx context.Context, shown any) error {
			_, err := h.SignIn(ctx, shown.(identity.Login))
			return err
		},
	}
}

func TestEachWayInTakesWhatItsPlatformGaveOnceAndNothingElse(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		for _, w := range h.ways(alice) {
			for name, shown := range map[string]func() any{
				"forged":        func() any { return w.forged(w.good()) },
				"another app's": w.other,
				"expired": func() any {
					old := w.good()
					h.clock.Pass(5*time.Minute + time.Second)
					return old
				},
				"replayed": func() any {
					used := w.good()
					h.must(w.try(h.nobody(), used))
					return used
				},
			} {
				t.Run(w.name+" "+name, func(t *testing.T) {
					bad := shown()
					before, ctx := h.rows(), h.nobody()
					err := w.try(ctx, bad)
					if !errors.Is(err, identity.ChannelRefused) && !errors.Is(err, identity.CodeInvalid) {
						t.Errorf("got %v", err)
					}
					if d := cmp.Diff(before, h.rows()); d != "" || viewer.Of(ctx).Registered() {
						t.Errorf("something was written or somebody is signed in: %s", d)
					}
					h.clock.Pass(time.Minute)
				})
			}
			h.clock.Pass(24 * time.Hour)
		}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			if n := tx.Account.Query().CountX(ctx); n != 1 {
				t.Errorf("one person has %d accounts", n)
			}
		})
	})
}

func TestTheFirstTimeNeedsAMobileAndConsentAndLaterNeither(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		for i, ch := range platformChannels {
			who := somebody{fmt.Sprint("person", i), fmt.Sprint("1381234001", i)}
			before := h.rows()
			try := func(in identity.ChannelLogin) error {
				in.ChannelProof = h.proof(t.Context(), ch, who)
				_, err := h.SignInByChannel(h.nobody(), in)
				return err
			}
			refused(t, try(identity.ChannelLogin{}), identity.MobileRequired)
			refused(t, try(identity.ChannelLogin{LinkConsent: true}), identity.MobileRequired)
			phone := h.issuer.Phone(ch, who)
			err := try(identity.ChannelLogin{Phone: phone})
			refused(t, err, viewer.ConsentRequired)
			if got := fault.As(err).Details()["purpose"]; got != "THIRD_PARTY_ACCOUNT" {
				t.Errorf("consent to %v", got)
			}
			refused(t, try(identity.ChannelLogin{Phone: h.issuer.Phone(ch, bob), LinkConsent: true}), identity.ChannelRefused)
			refused(t, try(identity.ChannelLogin{Phone: &identity.PhoneProof{}, LinkConsent: true}), fault.BadInput)
			if d := cmp.Diff(before, h.rows()); d != "" {
				t.Errorf("without consent something was written: %s", d)
			}

			h.must(try(identity.ChannelLogin{Phone: phone, LinkConsent: true})) // the same proof: it was not redeemed
			h.must(try(identity.ChannelLogin{}))
			h.mustHaveOneLink(who, ch)
		}
	})
}

// mustHaveOneLink fails unless the mobile's account has one link, with its consent, and follows as signing
// in on that channel is following or not.
func (h *connected) mustHaveOneLink(who somebody, ch linkedaccount.Channel) {
	h.t.Helper()
	p := h.arrives(who.mobile, signin.ChannelH5)
	linked, err := h.LinkedAccounts(p.ctx)
	h.must(err)
	if len(linked) != 1 || linked[0].Channel != ch {
		h.t.Fatalf("linked %+v", linked)
	}
	h.system(func(ctx context.Context, tx *ent.Tx) {
		row := tx.LinkedAccount.GetX(ctx, linked[0].Row)
		agreed := tx.Consent.GetX(ctx, row.ConsentID)
		if agreed.AccountID != p.id() || agreed.Purpose != consent.PurposeTHIRD_PARTY_ACCOUNT || agreed.PolicyVersion != h.config.Catalogue.InForce(h.clock.Now()) || agreed.EndedAt != nil {
			h.t.Errorf("consent %+v", agreed)
		}
	})
	if follows := p.viewer().Follows(); follows == hasPage(ch) {
		h.t.Errorf("%s follows: %v", ch, follows)
	}
}

func TestSignInsByChannelAtOnceMakeOneAccountAndOneLink(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		const ch = linkedaccount.ChannelWECHAT_MINI
		logins := make([]identity.ChannelLogin, 8)
		for i := range logins {
			logins[i] = h.first(ch, alice)
		}
		for _, err := range atOnce(len(logins), func(i int) error {
			_, err := h.SignInByChannel(viewer.With(t.Context(), viewer.Nobody()), logins[i])
			return err
		}) {
			h.must(err)
		}
		if d := cmp.Diff("accounts 1 consents 2 links 1 channels 1 sign-ins 8", h.rows()); d != "" {
			t.Error(d)
		}
	})
}

func TestACodeOfTheMiniProgramProvesWhereSomebodySignsIn(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		mini, wechat := signin.ChannelWECHAT_MINI, linkedaccount.ChannelWECHAT_MINI
		login := func(ch signin.Channel, code string) (*viewer.Viewer, error) {
			ctx := h.nobody()
			_, err := h.SignIn(ctx, identity.Login{Mobile: alice.mobile, Code: h.code(alice.mobile), Channel: ch, ChannelCode: code})
			return viewer.Of(ctx), err
		}
		mustFollow := func(want []string, v *viewer.Viewer, err error) {
			t.Helper()
			h.must(err)
			if d := cmp.Diff(want, v.Channels); d != "" || !v.Registered() {
				t.Errorf("follows %s", d)
			}
		}
		v, err := login(mini, "")
		mustFollow([]string{"WECHAT_MINI"}, v, err) // in development the client is believed
		h.must(h.UnlinkChannel(viewer.With(t.Context(), v), channellink.ChannelWECHAT_MINI))

		h.config.ProveChannels = true
		h.Service, err = identity.New(h.config)
		h.must(err)
		v, err = login(mini, "")
		mustFollow(nil, v, err)
		for _, bad := range []string{"x", forge(h.issuer.Code(wechat, alice)), h.issuer.Code(linkedaccount.ChannelALIPAY_MINI, alice), strings.Repeat("x", 1<<20)} {
			v, err = login(mini, bad)
			refused(t, err, identity.ChannelRefused)
			if fault.As(err).Field() != "channelCode" || v.Registered() {
				t.Errorf("at %q", fault.As(err).Field())
			}
		}
		v, err = login(mini, h.issuer.Code(wechat, alice))
		mustFollow([]string{"WECHAT_MINI"}, v, err)
		h.clock.Pass(24 * time.Hour)
		for _, ch := range []signin.Channel{signin.ChannelH5, signin.ChannelAPP, signin.ChannelWECHAT_OFFICIAL, signin.ChannelALIPAY_LIFE} {
			_, err = login(ch, h.issuer.Code(wechat, alice))
			refused(t, err, fault.BadInput)
		}
		if linked, err := h.LinkedAccounts(viewer.With(t.Context(), v)); err != nil || len(linked) != 0 {
			t.Error("signing in by a code links nothing")
		}
	})
}

func TestWithoutPlatformsNothingIsOffered(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelH5)
		ch := linkedaccount.ChannelWECHAT_OFFICIAL
		_, visit := h.BeginChannelVisit(t.Context(), ch)
		_, login := h.SignInByChannel(t.Context(), identity.ChannelLogin{ChannelProof: identity.ChannelProof{Channel: ch, Code: "x"}})
		_, link := h.LinkChannel(p.ctx, identity.ChannelProof{Channel: ch, Code: "x"}, true)
		_, click := h.SignInOneClick(t.Context(), identity.ChinaMobile, "x", "")
		_, mini := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: h.code(mobile), Channel: signin.ChannelALIPAY_MINI, ChannelCode: "x"})
		for _, err := range []error{visit, login, link, click, mini} {
			refused(t, err, identity.ChannelNotOffered)
		}
		_, err := h.SignInByChannel(t.Context(), identity.ChannelLogin{ChannelProof: identity.ChannelProof{Channel: "FAX"}})
		refused(t, err, fault.BadInput)
	})
}

func TestOneClickSignsInOnTheAppAndOpensTheAccount(t *testing.T) {
	eachConnected(t, func(t *testing.T, h *connected) {
		ctx := h.nobody()
		_, err := h.SignInOneClick(ctx, identity.ChinaUnicom, h.issuer.Token(identity.ChinaUnicom, alice.mobile), "")
		h.must(err)
		if d := cmp.Diff([]string{"APP"}, viewer.Of(ctx).Channels); d != "" {
			t.Error(d)
		}
		if h.arrives(alice.mobile, signin.ChannelH5).id() != viewer.Of(ctx).AccountID {
			t.Error("another account")
		}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			if tx.Account.Query().Where(account.MobileIndexNotNil()).CountX(ctx) != 1 {
				t.Error("more than one account")
			}
		})
	})
}
