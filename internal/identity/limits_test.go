package identity_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	"parkbff/ent/riskevent"
	"parkbff/ent/signin"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
)

var blockedOnce = []riskevent.Outcome{riskevent.OutcomeBLOCKED}

func TestTenPlatesADayAreTriedAtMost(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, prober := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelAPP)
		h.must(owner.verifies(owner.binds(plate), licence(plate, "张三"), card("张三", adult)))
		since := h.clock.Now()
		for i := range 10 {
			if i%2 == 0 {
				_, err := h.BindPlate(prober.ctx, plate, "", true)
				refused(t, err, identity.PlateProtected)
				continue
			}
			v := prober.binds(fmt.Sprintf("粤B1000%d", i))
			prober.binds(fmt.Sprintf("粤B1000%d", i)) // what is bound is answered, and not counted
			h.must(h.UnbindPlate(prober.ctx, v.Row))
		}
		h.clock.Pass(time.Hour)
		for _, p := range []string{plate, "粤B20000"} { // protected or not: the answer is one
			_, err := h.BindPlate(prober.ctx, p, "", true)
			mustWait(t, err, since.Add(24*time.Hour).Sub(h.clock.Now()))
		}
		if d := cmp.Diff(blockedOnce, h.noted(riskevent.KindPLATES_PROBED)); d != "" {
			t.Error(d)
		}
		h.arrives("13700137000", signin.ChannelAPP).binds("粤B20000") // others are not concerned
		h.clock.Pass(23 * time.Hour)
		prober.binds("粤B20000")
	})
}

func TestBindingAgainAndAgainTellsOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		first, tease := h.arrives(mobile, signin.ChannelAPP), h.arrives("13900139000", signin.ChannelAPP)
		first.binds(plate)
		for range 3 {
			h.must(h.UnbindPlate(tease.ctx, tease.binds(plate).Row))
		}
		if got := h.told.kinds(first.id()); got != "BOUND_BY_ANOTHER" {
			t.Errorf("told %q", got)
		}
		later := h.arrives("13700137000", signin.ChannelAPP)
		later.binds(plate)
		h.must(h.UnbindPlate(tease.ctx, tease.binds(plate).Row))
		if got := h.told.kinds(later.id()); got != "BOUND_BY_ANOTHER" { // who came meanwhile has not been told
			t.Errorf("told %q", got)
		}
		h.clock.Pass(24 * time.Hour)
		tease.binds(plate)
		if got := h.told.kinds(first.id()); got != "BOUND_BY_ANOTHER BOUND_BY_ANOTHER BOUND_BY_ANOTHER" {
			t.Errorf("told %q", got)
		}
	})
}

func TestTooManyVerificationsAndAStolenRefreshTokenAreNoted(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.arrives(mobile, signin.ChannelAPP)
		v := p.binds(plate)
		for range 5 {
			refused(t, p.verifies(v, licence("粤B99999", "张三"), card("张三", adult)), identity.VerificationRefused)
		}
		for range 3 {
			refused(t, p.verifies(v, licence(plate, "张三"), card("张三", adult)), fault.RateLimited)
		}
		if d := cmp.Diff(blockedOnce, h.noted(riskevent.KindVERIFICATION_ABUSED)); d != "" {
			t.Error(d)
		}
		_, err := h.Refresh(t.Context(), p.tokens.Refresh)
		h.must(err)
		h.clock.Pass(time.Minute)
		if d := cmp.Diff([]riskevent.Outcome{}, h.noted(riskevent.KindREFRESH_TOKEN_REUSED)); d != "" {
			t.Error(d)
		}
		for range 2 {
			_, err = h.Refresh(t.Context(), p.tokens.Refresh)
			if err == nil {
				t.Fatal("a spent token is good")
			}
		}
		if d := cmp.Diff(blockedOnce, h.noted(riskevent.KindREFRESH_TOKEN_REUSED)); d != "" {
			t.Error(d)
		}
	})
}

func TestPlatesBeyondTheLimitLeaveNothingInTheStore(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.owner(mobile)
		p := h.arrives("13900139000", signin.ChannelAPP)
		for range 10 {
			_, err := h.BindPlate(p.ctx, plate, "", true)
			refused(t, err, identity.PlateProtected)
		}
		for i := range 3 {
			_, err := h.BindPlate(p.ctx, fmt.Sprintf("粤B0000%d", i), "", true)
			refused(t, err, fault.RateLimited)
		}
		h.system(func(ctx context.Context, tx *ent.Tx) {
			if n := tx.Vehicle.Query().CountX(ctx); n != 1 {
				t.Errorf("%d vehicles are kept", n)
			}
		})
		if d := cmp.Diff(blockedOnce, h.noted(riskevent.KindPLATES_PROBED)); d != "" {
			t.Error(d)
		}
	})
}
