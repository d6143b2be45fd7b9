package identity_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent/riskevent"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/viewer"
)

// stepsUp passes the second factor.
func (p *person) stepsUp(mobile string) time.Time {
	p.h.t.Helper()
	p.h.clock.Pass(time.Minute)
	seconds, err := p.h.SendStepUpCode(p.ctx)
	p.h.must(err)
	if seconds != 300 {
		p.h.t.Errorf("good for %d seconds", seconds)
	}
	until, err := p.h.StepUp(p.ctx, p.h.sent(mobile))
	p.h.must(err)
	return until
}

func TestASecondFactorOpensSensitiveThingsForTenMinutes(t *testing.T) {
	const next = "13700137000"
	eachHouse(t, func(t *testing.T, h *house) {
		p, tablet := h.arrives(mobile, signin.ChannelAPP), h.arrives(mobile, signin.ChannelAPP)
		h.clock.Pass(10 * time.Minute)
		refused(t, h.ChangeMobile(p.ctx, next, "000000"), identity.StepUpRequired)
		if until := p.stepsUp(mobile); !until.Equal(h.clock.Now().Add(10 * time.Minute)) {
			t.Errorf("open until %v", until)
		}
		refused(t, h.ChangeMobile(p.ctx, next, "000000"), identity.CodeInvalid)
		refused(t, h.ChangeMobile(tablet.ctx, next, "000000"), identity.StepUpRequired) // it is of one sign-in
		h.clock.Pass(10*time.Minute - time.Second)
		refused(t, h.ChangeMobile(p.ctx, next, "000000"), identity.CodeInvalid)
		h.clock.Pass(time.Second)
		refused(t, h.ChangeMobile(p.ctx, next, "000000"), identity.StepUpRequired)
	})
}

func TestAWrongSecondFactorOpensNothingAndIsNoted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		h.clock.Pass(10 * time.Minute)
		_, err := h.SendStepUpCode(p.ctx)
		h.must(err)
		_, err = h.SendStepUpCode(p.ctx)
		refused(t, err, fault.RateLimited)
		_, err = h.StepUp(p.ctx, wrong(h.sent(mobile)))
		refused(t, err, identity.CodeInvalid)
		refused(t, h.ChangeMobile(p.ctx, "13700137000", "000000"), identity.StepUpRequired)
		_, err = h.StepUp(p.ctx, h.sent(mobile))
		h.must(err)
		_, err = h.StepUp(p.ctx, h.sent(mobile))
		refused(t, err, identity.CodeInvalid)
		want := []riskevent.Outcome{riskevent.OutcomeFAILED, riskevent.OutcomePASSED, riskevent.OutcomeFAILED}
		if d := cmp.Diff(want, h.noted(riskevent.KindSTEP_UP)); d != "" {
			t.Error(d)
		}
		for v, want := range map[*viewer.Viewer]*fault.Error{
			viewer.Nobody(): fault.Unauthenticated, {Kind: viewer.Gate}: fault.Forbidden, {Kind: viewer.Staff}: fault.Forbidden,
		} {
			ctx := viewer.With(t.Context(), v)
			_, err = h.StepUp(ctx, "000000")
			refused(t, err, want)
			_, err = h.SendStepUpCode(ctx)
			refused(t, err, want)
			refused(t, h.ChangeMobile(ctx, mobile, "000000"), want)
		}
	})
}

func TestAChangedMobileEndsEveryOtherSignIn(t *testing.T) {
	const next = "13700137000"
	eachHouse(t, func(t *testing.T, h *house) {
		thief, owner := h.arrives(mobile, signin.ChannelWECHAT_MINI), h.arrives(mobile, signin.ChannelAPP)
		bystander := h.arrives("13900139000", signin.ChannelAPP)
		ended, cancel := h.SignInEnded(thief.viewer().SignInID)
		defer cancel()
		old := h.code(mobile) // on its way while the mobile changes
		h.must(h.ChangeMobile(owner.ctx, next, h.codeFor(identity.CodeForChangeMobile, next)))

		select {
		case <-ended:
		default:
			t.Error("open sockets do not hear of it")
		}
		refused(t, thief.returns(), identity.SignInEnded)
		h.must(owner.returns())
		h.must(bystander.returns())
		if d := cmp.Diff([]string{"APP"}, owner.viewer().Channels); d != "" {
			t.Error("following outlived its sign-in", d)
		}
		p := &person{h: h, ctx: viewer.With(t.Context(), viewer.Nobody())}
		_, err := h.SignIn(p.ctx, identity.Login{Mobile: mobile, Code: old, Channel: signin.ChannelH5})
		h.must(err)
		if p.id() == owner.id() {
			t.Error("a code of the old mobile opens the account")
		}
	})
}
