package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

func TestWhoMayGiveAndTakeWhichPost(t *testing.T) {
	testkit.Covers(t, "R119", "R121")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		addStore(t, h, "S1")
		addStore(t, h, "S2")
		manager, keeper := h.Hires("MANAGER", "WXC", ""), h.Hires("MANAGER", "", "S1")
		attendant, clerk := h.Hires("ATTENDANT", "WXC", ""), h.Hires("CLERK", "", "S1")
		admin, officer := h.Admin(), h.Officer()
		driver, gate := h.Driver("APP"), h.Gate("WXC").Client
		for _, test := range []struct {
			who  *servertest.Client
			in   servertest.Vars
			code string // empty: allowed
		}{
			{manager.Client, post("N-1", "ATTENDANT", "WXC", ""), ""},
			{manager.Client, post("N-1", "MANAGER", "WXC", ""), ""},
			{manager.Client, post("N-1", "ATTENDANT", "WXT", ""), "NOT_FOUND"},
			{manager.Client, post("N-1", "ATTENDANT", "NOWHERE", ""), "NOT_FOUND"},
			{manager.Client, post("N-1", "ATTENDANT", "WX\x00", ""), "NOT_FOUND"},
			{manager.Client, post("N-1", "CLERK", "", "S1"), "NOT_FOUND"},
			{manager.Client, post("N-1", "CLERK", "", "NOWHERE"), "NOT_FOUND"},
			{manager.Client, post("N-1", "OFFICER", "", ""), "FORBIDDEN"},
			{manager.Client, post("N-1", "ADMIN", "", ""), "FORBIDDEN"},
			{keeper.Client, post("N-2", "CLERK", "", "S1"), ""},
			{keeper.Client, post("N-2", "MANAGER", "", "S1"), ""},
			{keeper.Client, post("N-2", "CLERK", "", "S2"), "NOT_FOUND"},
			{keeper.Client, post("N-2", "ATTENDANT", "WXC", ""), "NOT_FOUND"},
			{attendant.Client, post("N-3", "ATTENDANT", "WXC", ""), "FORBIDDEN"},
			{attendant.Client, post("N-3", "ATTENDANT", "WXT", ""), "NOT_FOUND"},
			{clerk.Client, post("N-3", "CLERK", "", "S1"), "FORBIDDEN"},
			{officer, post("N-3", "OFFICER", "", ""), "FORBIDDEN"},
			{officer, post("N-3", "ATTENDANT", "WXC", ""), "NOT_FOUND"},
			{admin, post("N-4", "OFFICER", "", ""), ""},
			{admin, post("N-4", "CLERK", "", "S2"), ""},
			{admin, post("N-4", "MANAGER", "WXT", ""), ""},
			{admin, post("N-4", "ATTENDANT", "NOWHERE", ""), "NOT_FOUND"},
			{driver, post("N-5", "ATTENDANT", "WXC", ""), "FORBIDDEN"},
			{gate, post("N-5", "ATTENDANT", "WXC", ""), "FORBIDDEN"},
			{h.Anonymous(), post("N-5", "ATTENDANT", "WXC", ""), "UNAUTHENTICATED"},
		} {
			for _, operation := range []string{inviteStaff, dismissStaff} {
				got := test.who.Asks(operation, test.in)
				if test.code == "" {
					got.OK()
					continue
				}
				got.MustBeRefused(test.code).MustNotContain(`"enrolmentCode":"`)
			}
		}
		for _, who := range []*servertest.Client{driver, gate, h.Anonymous()} {
			who.Asks(whoWorks).OK().MustContain(`{"staff":null}`)
		}
		clerk.Asks(lotsStays, servertest.Vars{"c": "WXC"}).MustBeRefused("FACT_REQUIRED")
		officer.Asks(lotsStays, servertest.Vars{"c": "WXC"}).MustBeRefused("FACT_REQUIRED")
		clerk.Asks(whoWorks).OK().MustContain(`[{"role":"CLERK","lotCode":null,"storeCode":"S1"}]`)
	})
}

func TestARoleFitsItsPlace(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		addStore(t, h, "S1")
		admin := h.Admin()
		for _, test := range []struct {
			in    servertest.Vars
			field string
		}{
			{post("", "ADMIN", "", ""), "label"},
			{post("张三", "ADMIN", "", ""), "label"},
			{post("a b", "ADMIN", "", ""), "label"},
			{post("A-1\n", "ADMIN", "", ""), "label"},
			{post(strings.Repeat("a", 41), "ADMIN", "", ""), "label"},
			{post("A-1", "ATTENDANT", "", ""), "lotCode"},
			{post("A-1", "ATTENDANT", "", "S1"), "storeCode"},
			{post("A-1", "ATTENDANT", "WXC", "S1"), "storeCode"},
			{post("A-1", "MANAGER", "", ""), "lotCode"},
			{post("A-1", "MANAGER", "WXC", "S1"), "storeCode"},
			{post("A-1", "CLERK", "", ""), "storeCode"},
			{post("A-1", "CLERK", "WXC", ""), "lotCode"},
			{post("A-1", "OFFICER", "WXC", ""), "lotCode"},
			{post("A-1", "ADMIN", "", "S1"), "storeCode"},
		} {
			for _, operation := range []string{inviteStaff, dismissStaff} {
				admin.Asks(operation, test.in).MustBeRefused("BAD_USER_INPUT").MustContain(`"field":"` + test.field + `"`)
			}
		}
	})
}

func TestGivingAndTakingPostsNeedsASecondFactorOfTheLastTenMinutes(t *testing.T) {
	testkit.Covers(t, "R119")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		w := h.Hires("MANAGER", "WXC", "")
		in := post("A-9", "ATTENDANT", "WXC", "")
		h.Clock.Pass(10*time.Minute - time.Second)
		w.Asks(inviteStaff, in).OK()
		h.Clock.Pass(time.Second)
		for _, operation := range []string{inviteStaff, dismissStaff} {
			w.Asks(operation, in).MustBeRefused("STEP_UP_REQUIRED").MustNotContain(`"enrolmentCode":"`)
		}
		w.StepsUp().MustContain(`"until":"2026-11-21T09:20:30+08:00"`)
		w.Asks(dismissStaff, in).OK()
		stepUp := `mutation($t: String!) { staffStepUp(input: {totp: $t}) { until userErrors { code field } } }`
		w.Asks(stepUp, servertest.Vars{"t": w.Shows(0)}).MustBeRefused("CODE_INVALID").MustContain(`"until":null`, `"field":"totp"`)
		for code, other := range map[string]*servertest.Client{"UNAUTHENTICATED": h.Anonymous(), "FORBIDDEN": h.Driver("APP")} {
			other.Asks(stepUp, servertest.Vars{"t": "123456"}).MustBeRefused(code)
			other.Asks(staffLogout).MustBeRefused(code)
		}
		// A token of the operator's commands comes without a second factor.
		raw, err := h.House.Staff.Token(h.AsSystem(), "T-1", "WXC", "MANAGER")
		if err != nil {
			t.Fatal(err)
		}
		h.With(raw).Asks(inviteStaff, in).MustBeRefused("STEP_UP_REQUIRED")
	})
}

func TestACodeFromElsewhereGivesNobodyMorePower(t *testing.T) {
	testkit.Covers(t, "R119")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		manager, admin := h.Hires("MANAGER", "WXC", ""), h.Admin()
		admin.Asks(inviteStaff, post("BOSS", "ADMIN", "", "")).OK()
		manager.Asks(inviteStaff, post("BOSS", "ATTENDANT", "WXC", "")).MustBeRefused("NOT_ENROLLED").
			MustContain(`"enrolmentCode":null`, `"field":"label"`)

		first := manager.Asks(inviteStaff, post("A-3", "ATTENDANT", "WXC", "")).OK().String("inviteStaff.enrolmentCode")
		second := admin.Asks(inviteStaff, post("A-3", "ADMIN", "", "")).OK().String("inviteStaff.enrolmentCode")
		h.Anonymous().Asks(servertest.EnrolStaff, servertest.Vars{"c": first, "p": "correct horse"}).MustBeRefused("CODE_INVALID")
		h.Enrols(second)
		manager.Asks(inviteStaff, post("A-3", "MANAGER", "WXC", "")).OK().MustContain(`"enrolmentCode":null,"expiresAt":null`)
	})
}

func TestOnePostLessEndsSignInsAndTheOthersStay(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		w, admin := h.Hires("ATTENDANT", "WXC", ""), h.Admin()
		admin.Asks(inviteStaff, post(w.Label, "MANAGER", "WXT", "")).OK().MustContain(`"enrolmentCode":null`)
		w.Asks(lotsStays, servertest.Vars{"c": "WXT"}).OK() // at once, by the token there is
		admin.Asks(dismissStaff, post(w.Label, "ATTENDANT", "WXC", "")).OK()
		w.Asks(whoWorks).MustContain("TOKEN_INVALID")
		h.Clock.Pass(30 * time.Second)
		w.SignsIn().MustContain(`"posts":[{"role":"MANAGER","lotCode":"WXT","storeCode":null}]`)
		w.Asks(lotsStays, servertest.Vars{"c": "WXC"}).MustBeRefused("FACT_REQUIRED")
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		first := h.Hires("ADMIN", "", "")
		last := post(first.Label, "ADMIN", "", "")
		first.Asks(dismissStaff, last).MustBeRefused("LAST_ADMIN")
		code := first.Asks(inviteStaff, post("BOSS", "ADMIN", "", "")).OK().String("inviteStaff.enrolmentCode")
		first.Asks(dismissStaff, last).MustBeRefused("LAST_ADMIN") // the other cannot sign in yet
		h.Enrols(code)
		first.Asks(dismissStaff, last).OK()
		first.Asks(whoWorks).MustContain("TOKEN_INVALID")
	})
}
