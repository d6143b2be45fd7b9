package identity_test

import (
	"context"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/internal/fault"
	"parkbff/internal/identity"
	"parkbff/internal/identity/token"
	"parkbff/internal/viewer"
)

// machine is the gate G1 of the lot L1 with one of its tokens.
type machine struct {
	h      *house
	claims token.Claims
}

func (h *house) machine() *machine {
	h.t.Helper()
	h.system(func(ctx context.Context, tx *ent.Tx) { h.lot(ctx, tx, "L1") })
	raw, err := h.GateToken(viewer.AsSystem(h.t.Context(), "test"), "L1", "G1")
	h.must(err)
	return h.bearing(raw)
}

func (h *house) bearing(raw string) *machine {
	h.t.Helper()
	claims, err := h.issuer.Verify(raw)
	h.must(err)
	return &machine{h, claims}
}

func (m *machine) stands() error {
	_, err := m.h.Viewer(m.h.t.Context(), m.claims)
	return err
}

func (m *machine) rotates() (*machine, error) {
	v, err := m.h.Viewer(m.h.t.Context(), m.claims)
	if err != nil {
		return nil, err
	}
	raw, until, err := m.h.RotateGateToken(viewer.With(m.h.t.Context(), v))
	if err != nil {
		return nil, err
	}
	if !until.Equal(m.h.clock.Now().Add(24 * time.Hour)) {
		m.h.t.Errorf("the one before is good until %v", until)
	}
	return m.h.bearing(raw), nil
}

func TestAGateChangesItsTokenWithoutAPause(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		old := h.machine()
		ended, until, cancel := h.Stand(old.claims)
		defer cancel()
		stop, err := h.Watch(t.Context())
		h.must(err)
		defer stop()

		next, err := old.rotates()
		h.must(err)
		h.must(next.stands())
		h.must(old.stands())
		_, err = old.rotates()
		refused(t, err, identity.TokenSuperseded)
		eventually(t, func() bool { return until().Equal(h.clock.Now().Add(24 * time.Hour)) })
		h.clock.Pass(24*time.Hour - time.Second)
		h.must(old.stands())
		h.clock.Pass(time.Second)
		refused(t, old.stands(), token.Invalid)
		h.must(next.stands())

		_, nextUntil, leaveNext := h.Stand(next.claims)
		defer leaveNext()
		third, err := next.rotates()
		h.must(err)
		eventually(t, func() bool { return !nextUntil().IsZero() })
		if isClosed(ended) {
			t.Error("what has run out counts as revoked, so that the gate would not come back")
		}
		h.must(next.stands())
		fourth, err := third.rotates()
		h.must(err)
		refused(t, next.stands(), token.Invalid) // two at most
		h.must(third.stands())
		h.must(fourth.stands())

		late, lateUntil, leave := h.Stand(third.claims) // a socket opened with the one before
		defer leave()
		eventually(t, func() bool { return !lateUntil().IsZero() })
		h.must(h.RevokeGateTokens(viewer.AsSystem(t.Context(), "test"), "L1", "G1"))
		for _, m := range []*machine{third, fourth} {
			refused(t, m.stands(), token.Invalid)
		}
		eventually(t, func() bool { return isClosed(late) })
	})
}

func TestOfTwoRotationsAtOnceOneIsMade(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		m := h.machine()
		errs := atOnce(6, func(int) error { _, err := m.rotates(); return err })
		if n := successes(errs); n != 1 {
			t.Errorf("%d rotations: %v", n, errs)
		}
		for _, err := range errs {
			if err != nil {
				refused(t, err, identity.TokenSuperseded)
			}
		}
	})
}

func TestTheOperatorGivesAGateItsNextTokenAndNobodyElseDoes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		old := h.machine()
		raw, err := h.NextGateToken(viewer.AsSystem(t.Context(), "test"), "L1", "G1")
		h.must(err)
		h.must(h.bearing(raw).stands())
		h.must(old.stands())
		_, err = old.rotates()
		refused(t, err, identity.TokenSuperseded)
		_, err = h.NextGateToken(viewer.AsSystem(t.Context(), "test"), "L1", "G9")
		refused(t, err, fault.NotFound)
		for v, want := range map[*viewer.Viewer]*fault.Error{
			viewer.Nobody(): fault.Unauthenticated, {Kind: viewer.Driver, AccountID: 1}: fault.Forbidden, {Kind: viewer.Staff}: fault.Forbidden,
		} {
			_, _, err = h.RotateGateToken(viewer.With(t.Context(), v))
			refused(t, err, want)
			_, err = h.NextGateToken(viewer.With(t.Context(), v), "L1", "G1")
			refused(t, err, fault.Forbidden)
		}
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
