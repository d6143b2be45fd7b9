package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent/riskevent"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

func (h *house) arrivesOn(device, mobile string, ch signin.Channel) *person {
	h.t.Helper()
	p := &person{h: h, ctx: viewer.With(h.t.Context(), viewer.Nobody())}
	var err error
	p.tokens, err = h.SignIn(p.ctx, identity.Login{Mobile: mobile, Code: h.code(mobile), Channel: ch, DeviceName: device})
	h.must(err)
	return p
}

func (p *person) devices(first int, after int64) page.Of[*identity.Device] {
	p.h.t.Helper()
	all, err := p.h.Devices(p.ctx, page.Request{First: first, After: after})
	p.h.must(err)
	return all
}

func TestADeviceIsWhereThePersonIsSignedIn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		phone := h.arrivesOn(" 我的 iPhone ", mobile, signin.ChannelAPP)
		at := h.clock.Now()
		web := h.arrives(mobile, signin.ChannelH5)
		h.arrives("13900139000", signin.ChannelAPP)
		_, err := h.Refresh(t.Context(), phone.tokens.Refresh)
		h.must(err)

		name := "我的 iPhone"
		want := []*identity.Device{
			{Row: web.viewer().SignInID, Channel: signin.ChannelH5, SignedInAt: at.Add(time.Minute), LastSeenAt: at.Add(time.Minute), Current: true},
			{Row: phone.viewer().SignInID, Name: &name, Channel: signin.ChannelAPP, SignedInAt: at, LastSeenAt: h.clock.Now()},
		}
		if d := cmp.Diff(want, web.devices(10, 0).Items); d != "" {
			t.Error(d)
		}
		first := web.devices(1, 0)
		if d := cmp.Diff(want[1:], web.devices(1, first.Items[0].Row).Items); d != "" || !first.More {
			t.Error("the second page", d)
		}
		one, err := h.Device(web.ctx, want[1].Row)
		h.must(err)
		if d := cmp.Diff(want[1], one); d != "" {
			t.Error(d)
		}
	})
}

func TestAForgottenDeviceIsSignedOut(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		phone, web := h.arrives(mobile, signin.ChannelAPP), h.arrives(mobile, signin.ChannelH5)
		stranger := h.arrives("13900139000", signin.ChannelAPP)
		ended, cancel := h.SignInEnded(phone.viewer().SignInID)
		defer cancel()
		lost := phone.viewer().SignInID

		refused(t, h.ForgetDevice(stranger.ctx, lost), fault.NotFound)
		_, err := h.Device(stranger.ctx, lost)
		refused(t, err, fault.NotFound)
		h.must(phone.returns())
		h.must(h.ForgetDevice(web.ctx, lost))
		select {
		case <-ended:
		default:
			t.Error("open sockets do not hear of it")
		}
		refused(t, phone.returns(), identity.SignInEnded)
		_, err = h.Refresh(t.Context(), phone.tokens.Refresh)
		if err == nil {
			t.Error("the forgotten device refreshes its tokens")
		}
		if web.viewer().Follows() {
			t.Error("following outlived its last device")
		}
		refused(t, h.ForgetDevice(web.ctx, lost), fault.NotFound)
		if n := len(web.devices(10, 0).Items); n != 1 {
			t.Errorf("%d devices are left", n)
		}
		h.must(h.ForgetDevice(web.ctx, web.viewer().SignInID))
		if web.viewer().Kind != viewer.Anonymous {
			t.Error("who forgets the own device is somebody still")
		}
		refused(t, h.ForgetDevice(web.ctx, lost), fault.Unauthenticated)
		refused(t, h.ForgetDevice(viewer.With(t.Context(), &viewer.Viewer{Kind: viewer.Gate}), lost), fault.Forbidden)
	})
}

func TestAnExpiredSignInIsNoDevice(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		old := h.arrives(mobile, signin.ChannelAPP)
		h.clock.Pass(60 * 24 * time.Hour)
		now := h.arrives(mobile, signin.ChannelAPP)
		if n := len(now.devices(10, 0).Items); n != 1 {
			t.Errorf("%d devices", n)
		}
		refused(t, h.ForgetDevice(now.ctx, old.viewer().SignInID), fault.NotFound)
	})
}

func TestADevicesNameIsShortAndPrintable(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, name := range []string{strings.Repeat("机", 41), "a\x00b", "a\nb", "\xff"} {
			_, err := h.SignIn(t.Context(), identity.Login{Mobile: mobile, Code: "000000", Channel: signin.ChannelH5, DeviceName: name})
			refused(t, err, identity.InvalidDeviceName)
			if strings.Contains(err.Error(), name) {
				t.Error("the name is repeated")
			}
		}
		long := strings.Repeat("机", 40)
		if got := h.arrivesOn(long, mobile, signin.ChannelH5).devices(1, 0).Items[0].Name; got == nil || *got != long {
			t.Error("the longest name is not kept")
		}
		if got := h.arrivesOn("  ", mobile, signin.ChannelH5).devices(1, 0).Items[0].Name; got != nil {
			t.Error("a blank name is a name")
		}
	})
}

func TestASignInAfterTheFirstIsANewDevice(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		h.arrives("13900139000", signin.ChannelAPP)
		if got := h.noted(riskevent.KindNEW_DEVICE); len(got) != 0 {
			t.Errorf("the first device is noted: %v", got)
		}
		_, err := h.Refresh(t.Context(), p.tokens.Refresh)
		h.must(err)
		h.arrives(mobile, signin.ChannelH5)
		if d := cmp.Diff([]riskevent.Outcome{riskevent.OutcomeNOTED}, h.noted(riskevent.KindNEW_DEVICE)); d != "" {
			t.Error(d)
		}
	})
}
