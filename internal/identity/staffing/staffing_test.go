package staffing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/riskevent"
	"parkbff/ent/staff"
	"parkbff/ent/staffrole"
	"parkbff/internal/fault"
	"parkbff/internal/identity/staffing"
	"parkbff/internal/identity/token"
	"parkbff/internal/viewer"
)

func (h *house) row(label string) *ent.Staff {
	h.t.Helper()
	row, err := h.store.Fresh(h.operator()).Staff.Query().Where(staff.LabelEQ(label)).WithRoles().Only(h.operator())
	h.must(err)
	return row
}

func TestACodeSignsInOnceHoweverManyTryAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.hires(appointment("A-1", staffrole.RoleADMIN, "", ""))
		if good := atOnce(t, staffing.SignInRefused, p.signsIn, p.signsIn, p.signsIn); good != 1 {
			t.Errorf("%d sign-ins by one code", good)
		}
	})
}

func TestAnInvitationEnrolsOnceHoweverManyTryAtOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		given, err := h.Invite(h.operator(), appointment("A-1", staffrole.RoleADMIN, "", ""))
		h.must(err)
		enrols := func() error {
			_, err := h.Enrol(t.Context(), given.Code, password)
			return err
		}
		if good := atOnce(t, staffing.CodeInvalid, enrols, enrols); good != 1 {
			t.Errorf("%d enrolments by one code", good)
		}
	})
}

func TestTwoAdministratorsWhoDismissEachOtherAtOnceLeaveOne(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		a, b := appointment("A-1", staffrole.RoleADMIN, "", ""), appointment("A-2", staffrole.RoleADMIN, "", "")
		one, other := h.hires(a), h.hires(b)
		h.must(one.signsIn())
		h.must(other.signsIn())
		asOne, asOther := one.asks(), other.asks()
		good := atOnce(t, staffing.LastAdmin,
			func() error { return h.Dismiss(asOne, b) }, func() error { return h.Dismiss(asOther, a) })
		if left := len(h.row("A-1").Edges.Roles) + len(h.row("A-2").Edges.Roles); good != 1 || left != 1 {
			t.Errorf("%d dismissed, %d left", good, left)
		}
	})
}

func TestManyGuessesAtOnceAreFiveGuesses(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.hires(appointment("A-1", staffrole.RoleADMIN, "", ""))
		guess := func() error {
			_, err := h.SignIn(t.Context(), p.label, "wrong horse battery staple", p.code())
			return err
		}
		atOnce(t, staffing.SignInRefused, slices.Repeat([]func() error{guess}, 8)...)
		row := h.row(p.label)
		if row.FailedTries != 5 || row.LockedUntil == nil || !row.LockedUntil.Equal(h.clock.Now().Add(15*time.Minute)) {
			t.Errorf("%d tries, locked until %v", row.FailedTries, row.LockedUntil)
		}
		refused(t, p.signsIn(), staffing.SignInRefused)
		noted, err := h.store.Fresh(h.operator()).RiskEvent.Query().Where(riskevent.KindEQ(riskevent.KindSTAFF_LOCKED)).All(h.operator())
		h.must(err)
		if len(noted) != 1 || noted[0].StaffID == nil || *noted[0].StaffID != row.ID {
			t.Errorf("noted %v", noted)
		}
	})
}

func TestLocksDoubleUpToADay(t *testing.T) {
	for locks, want := range map[int]time.Duration{
		1: 15 * time.Minute, 2: 30 * time.Minute, 3: time.Hour, 7: 16 * time.Hour, 8: 24 * time.Hour, 1 << 40: 24 * time.Hour,
	} {
		if got := staffing.LockAfter(5 * locks); got != want {
			t.Errorf("lock %d takes %v", locks, got)
		}
	}
}

func TestAPasswordMatchesItsHashInAnyUnicodeForm(t *testing.T) {
	for name, test := range map[string]struct {
		password, hash string
		good           bool
	}{
		"the right one": {password, staffing.Hashed(t, password), true},
		"another":       {password + "!", staffing.Hashed(t, password), false},
		"another form":  {"Åﬃ…" + password, staffing.Hashed(t, "Åffi..."+password), true},
		"no hash":       {password, "", false},
		"nothing":       {"", "", false},
	} {
		if good := staffing.Matches(t, test.password, test.hash); good != test.good {
			t.Errorf("%s: %v", name, good)
		}
	}
}

func TestHashesWaitForTheirTurn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	refused(t, staffing.WaitForATurn(ctx), fault.Unavailable)
}

func TestTheOperatorMakesAndRevokesTokens(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		lot := h.lot("SZ001")
		raw, err := h.Token(h.operator(), "S-17", "SZ001", viewer.Attendant)
		h.must(err)
		row := h.row("S-17")
		claims, err := h.issuer.Verify(raw)
		h.must(err)
		if claims.Use != token.Staff || claims.Subject != row.ID || claims.SignIn != 1 || *row.Edges.Roles[0].LotID != lot {
			t.Errorf("%+v", claims)
		}
		_, err = h.Token(h.operator(), "S-17", "SZ001", viewer.Manager)
		h.must(err)
		if roles := h.row("S-17").Edges.Roles; len(roles) != 1 || roles[0].Role != staffrole.RoleMANAGER {
			t.Errorf("%v", roles)
		}
		h.must(h.RevokeTokens(h.operator(), "S-17"))
		if generation := h.row("S-17").TokenGeneration; generation != 2 || !slices.Equal(h.heard.changed, []int64{row.ID, row.ID, row.ID}) {
			t.Errorf("generation %d, heard of %v", generation, h.heard.changed)
		}
		for _, bad := range []struct {
			label, lot string
			role       viewer.Role
			want       *fault.Error
		}{
			{"S-1", "NOWHERE", viewer.Manager, fault.NotFound},
			{"S-1", "SZ001", "KING", fault.BadInput},
			{"S-1", "SZ001", viewer.Admin, fault.BadInput},
			{"S 1", "SZ001", viewer.Manager, fault.BadInput},
		} {
			_, err := h.Token(h.operator(), bad.label, bad.lot, bad.role)
			refused(t, err, bad.want)
		}
		refused(t, h.RevokeTokens(h.operator(), "S-1"), fault.NotFound)
	})
}

func TestOnlyTheOperatorMakesTokensAndStores(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.lot("SZ001")
		p := h.hires(appointment("A-1", staffrole.RoleADMIN, "", ""))
		h.must(p.signsIn())
		for _, ctx := range []context.Context{t.Context(), p.asks()} {
			_, err := h.Token(ctx, "S-1", "SZ001", viewer.Manager)
			refused(t, err, fault.Forbidden)
			refused(t, h.RevokeTokens(ctx, "A-1"), fault.Forbidden)
			refused(t, h.AddStore(ctx, "S1", "龙华店"), fault.Forbidden)
		}
		h.must(h.AddStore(h.operator(), "S1", "龙华店"))
		h.must(h.AddStore(h.operator(), " S1 ", "龙华二店"))
		shop, err := h.store.Fresh(h.operator()).Store.Query().Only(h.operator())
		h.must(err)
		if shop.Code != "S1" || shop.Name != "龙华二店" {
			t.Errorf("%v", shop)
		}
		refused(t, h.AddStore(h.operator(), "", "龙华店"), fault.BadInput)
		refused(t, h.AddStore(h.operator(), "S2", " "), fault.BadInput)
	})
}

func TestAnOfficeIsHeldOrNot(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		p := h.hires(appointment("A-1", staffrole.RoleOFFICER, "", ""))
		h.must(p.signsIn())
		v, err := h.Office(p.asks(), viewer.Officer)
		h.must(err)
		if v.StaffID != h.row("A-1").ID {
			t.Errorf("%+v", v)
		}
		_, err = h.Office(p.asks(), viewer.Admin)
		refused(t, err, fault.Forbidden)
		_, err = h.Office(t.Context(), viewer.Officer)
		refused(t, err, fault.Unauthenticated)
		_, err = h.Office(viewer.With(t.Context(), &viewer.Viewer{Kind: viewer.Driver, Office: []viewer.Role{viewer.Officer}}), viewer.Officer)
		refused(t, err, fault.Forbidden)

		h.must(h.SteppedUp(p.asks()))
		h.clock.Pass(10 * time.Minute)
		refused(t, h.SteppedUp(p.asks()), staffing.StepUpRequired)
		refused(t, h.SteppedUp(t.Context()), fault.Unauthenticated)
	})
}

func TestWhatThePackageHandsOutPrintsNoSecret(t *testing.T) {
	got := fmt.Sprintf("%v %+v %#v", staffing.Invitation{Code: "secret"}, &staffing.Enrolment{URI: "secret"}, staffing.SignedIn{Access: "secret"})
	if got != "invitation enrolment sign-in" {
		t.Errorf("printed %q", got)
	}
	if _, err := staffing.New(staffing.Config{}); err == nil || errors.Is(err, fault.Forbidden) {
		t.Errorf("got %v", err)
	}
}
