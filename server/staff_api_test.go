package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/ent/riskevent"
	"parkbff/ent/staffrole"
	"parkbff/internal/identity/staffing"
	"parkbff/internal/identity/token"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	inviteStaff = `mutation($in: InviteStaffInput!) {
		inviteStaff(input: $in) { enrolmentCode expiresAt userErrors { code field } }
	}`
	dismissStaff = `mutation($in: DismissStaffInput!) { dismissStaff(input: $in) { userErrors { code field } } }`
	whoWorks     = `{ staff { label posts { role lotCode storeCode } } }`
	lotsStays    = `query($c: String!) { lot(code: $c) { sessions { edges { node { plate } } } } }`
	staffLogout  = `mutation { staffLogout { userErrors { code } } }`
	occupancy    = `subscription { lotOccupancyChanged(lotCode: "WXC") { code } }`
)

// post is the input of inviteStaff and dismissStaff; empty codes are left out.
func post(label, role, lot, store string) servertest.Vars {
	in := servertest.Vars{"label": label, "role": role}
	if lot != "" {
		in["lotCode"] = lot
	}
	if store != "" {
		in["storeCode"] = store
	}
	return servertest.Vars{"in": in}
}

func addStore(t *testing.T, h *servertest.House, code string) {
	t.Helper()
	if err := h.House.Staff.AddStore(h.AsSystem(), code, "龙华店"); err != nil {
		t.Fatal(err)
	}
}

func TestSomebodyIsInvitedEnrolsWorksAndIsDismissedAtOnce(t *testing.T) {
	testkit.Covers(t, "R121", "W26")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		h.Gate("WXT").Sees("粤B67890", servertest.Entering, servertest.Morning).OK()
		manager := h.Hires("MANAGER", "WXC", "")
		invited := manager.Asks(inviteStaff, post("A-7", "ATTENDANT", "WXC", "")).OK().
			MustContain(`"expiresAt":"2026-11-22T09:00:00+08:00"`)
		code := invited.String("inviteStaff.enrolmentCode")
		if len(code) < 26 { // of base32: 128 bits
			t.Errorf("the code has %d letters", len(code))
		}

		attendant := h.Enrols(code)
		if attendant.Label != "A-7" {
			t.Errorf("enrolled as %q", attendant.Label)
		}
		h.Anonymous().Asks(servertest.EnrolStaff, servertest.Vars{"c": code, "p": "another password"}).
			MustBeRefused("CODE_INVALID").MustContain(`"label":null,"totpUri":null`, `"field":"enrolmentCode"`)
		attendant.SignsIn().MustContain(`"expiresIn":43200,"staff":{"label":"A-7","posts":[{"role":"ATTENDANT","lotCode":"WXC","storeCode":null}]}`)
		attendant.Asks(whoWorks).OK().MustContain(`{"label":"A-7","posts":[{"role":"ATTENDANT","lotCode":"WXC","storeCode":null}]}`)
		attendant.Asks(lotsStays, servertest.Vars{"c": "WXC"}).OK().MustContain("粤B12345")
		attendant.Asks(lotsStays, servertest.Vars{"c": "WXT"}).MustBeRefused("FACT_REQUIRED").MustNotContain("67890")

		socket := attendant.Watches(occupancy)
		manager.Asks(dismissStaff, post("A-7", "ATTENDANT", "WXC", "")).OK()
		refused := attendant.Asks(lotsStays, servertest.Vars{"c": "WXC"}).MustContain("TOKEN_INVALID").MustNotContain("12345")
		if refused.Status != 401 {
			t.Errorf("status %d", refused.Status)
		}
		if code := socket.ClosedWith(); code != 4401 {
			t.Errorf("the socket closed with %d", code)
		}
		h.Clock.Pass(30 * time.Second)
		attendant.Tries(attendant.Shows(0)).MustBeRefused("SIGN_IN_REFUSED")
		manager.Asks(dismissStaff, post("A-7", "ATTENDANT", "WXC", "")).MustBeRefused("NOT_FOUND")

		again := manager.Asks(inviteStaff, post("A-7", "ATTENDANT", "WXC", "")).OK().String("inviteStaff.enrolmentCode")
		attendant.Tries(attendant.Shows(0)).MustBeRefused("SIGN_IN_REFUSED") // what was enrolled before is forgotten
		h.Enrols(again).SignsIn()
	})
}

func TestNothingTellsWhyASignInIsRefused(t *testing.T) {
	testkit.Covers(t, "W26")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		w, other := h.Hires("ATTENDANT", "WXC", ""), h.Hires("ATTENDANT", "WXC", "")
		h.Clock.Pass(time.Minute)
		in := func(label, password, code string) servertest.Vars {
			return servertest.Vars{"l": label, "p": password, "t": code}
		}
		nobody := h.Anonymous()
		refused := nobody.Asks(servertest.StaffLogin, in("NOBODY", w.Password, w.Shows(0))).MustBeRefused("SIGN_IN_REFUSED").
			MustContain(`"accessToken":null,"expiresIn":null,"staff":null`)
		if _, err := h.House.Staff.Invite(h.AsSystem(), staffing.Appointment{Label: "NEW-1", Post: staffing.Post{Role: staffrole.RoleADMIN}}); err != nil {
			t.Fatal(err)
		}
		gone := h.Hires("ATTENDANT", "WXC", "")
		h.Admin().Asks(dismissStaff, post(gone.Label, "ATTENDANT", "WXC", "")).OK()
		h.Clock.Pass(time.Minute)
		for name, wrong := range map[string]servertest.Vars{
			"wrong password":   in(w.Label, "wrong horse battery staple", w.Shows(0)),
			"no password":      in(w.Label, "", w.Shows(0)),
			"wrong code":       in(w.Label, w.Password, aWrongCode(w)),
			"no code":          in(w.Label, w.Password, ""),
			"somebody else's":  in(other.Label, other.Password, w.Shows(0)),
			"not enrolled":     in("NEW-1", w.Password, w.Shows(0)),
			"dismissed":        in(gone.Label, gone.Password, gone.Shows(0)),
			"no label":         in("", w.Password, w.Shows(0)),
			"a label with NUL": in("A\x00", w.Password, w.Shows(0)),
			"a long password":  in("NOBODY", strings.Repeat("长", 2000), w.Shows(0)),
		} {
			mustBeEqual(t, name, refused, nobody.Asks(servertest.StaffLogin, wrong))
		}
		w.SignsIn() // four or fewer failures lock nobody out
	})
}

func aWrongCode(w *servertest.Worker) string {
	for _, code := range []string{"000000", "111111", "222222", "333333"} {
		if code != w.Shows(-1) && code != w.Shows(0) && code != w.Shows(1) {
			return code
		}
	}
	return ""
}

func TestACodeIsTakenOnceAndNoEarlierOneAfterIt(t *testing.T) {
	testkit.Covers(t, "R119")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		w := h.Hires("ATTENDANT", "WXC", "")
		w.Tries(w.Shows(0)).MustBeRefused("SIGN_IN_REFUSED") // the one of the first sign-in
		h.Clock.Pass(5 * time.Minute)
		w.Tries(w.Shows(-2)).MustBeRefused("SIGN_IN_REFUSED")
		w.Tries(w.Shows(2)).MustBeRefused("SIGN_IN_REFUSED")
		w.Tries(w.Shows(-1)).OK()
		w.Tries(w.Shows(1)).OK()
		w.Tries(w.Shows(0)).MustBeRefused("SIGN_IN_REFUSED") // older than the last
		w.Tries(w.Shows(1)).MustBeRefused("SIGN_IN_REFUSED")
		h.Clock.Pass(time.Minute)
		w.Tries(w.Shows(0)).OK()
	})
}

func TestFiveFailuresLockAMemberOut(t *testing.T) {
	testkit.Covers(t, "W26")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		w := h.Hires("ATTENDANT", "WXC", "")
		h.Clock.Pass(time.Minute)
		locks := func() int {
			n, err := h.Store.Fresh(h.AsSystem()).RiskEvent.Query().
				Where(riskevent.KindEQ(riskevent.KindSTAFF_LOCKED), riskevent.OutcomeEQ(riskevent.OutcomeBLOCKED)).Count(h.AsSystem())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		fail := func(times int) (last *servertest.Answer) {
			for range times {
				last = w.Tries(aWrongCode(w)).MustBeRefused("SIGN_IN_REFUSED")
			}
			return last
		}
		fail(4)
		if locks() != 0 {
			t.Error("locked too early")
		}
		refused := fail(1)
		if locks() != 1 {
			t.Error("the lock was not noted")
		}
		mustBeEqual(t, "locked, with all that is right", refused, w.Tries(w.Shows(0)))
		h.Clock.Pass(15*time.Minute - time.Second)
		mustBeEqual(t, "still locked", refused, w.Tries(w.Shows(0)))
		w.Asks(whoWorks).OK().MustContain(w.Label) // who is signed in goes on
		w.Asks(`mutation($t: String!) { staffStepUp(input: {totp: $t}) { until userErrors { code field } } }`, servertest.Vars{"t": w.Shows(0)}).
			MustBeRefused("CODE_INVALID").MustContain(`"until":null`)

		h.Clock.Pass(time.Second)
		fail(5)
		h.Clock.Pass(29 * time.Minute)
		fail(1)
		w.Tries(w.Shows(0)).MustBeRefused("SIGN_IN_REFUSED") // the second lock is twice as long
		h.Clock.Pass(time.Minute)
		w.SignsIn()
		h.Clock.Pass(time.Minute)
		fail(4) // counted from the good one
		w.SignsIn()
	})
}

func TestWhatStaffSignInWithIsNowhereInTheOpen(t *testing.T) {
	testkit.Covers(t, "W26")
	servertest.EachWith(t, servertest.Options{Hashing: true}, func(t *testing.T, h *servertest.House) {
		given, err := h.House.Staff.Invite(h.AsSystem(), staffing.Appointment{Label: "A-1", Post: staffing.Post{Role: staffrole.RoleADMIN}})
		if err != nil {
			t.Fatal(err)
		}
		pending, err := h.House.Staff.Invite(h.AsSystem(), staffing.Appointment{Label: "A-2", Post: staffing.Post{Role: staffrole.RoleADMIN}})
		if err != nil {
			t.Fatal(err)
		}
		h.Anonymous().Asks(servertest.EnrolStaff, servertest.Vars{"c": given.Code, "p": "correct horse"}).OK()
		w := h.Enrols(pending.Code)
		w.SignsIn()
		shown := w.Shows(0)
		w.Tries(shown).MustBeRefused("SIGN_IN_REFUSED")
		kept, logged := h.Kept(), h.Logged()
		if !strings.Contains(kept, "$argon2id$v=19$m=65536,t=3,p=1$") {
			t.Error("the hash does not name its parameters")
		}
		for name, secret := range map[string]string{
			"password": w.Password, "other password": "correct horse", "secret": w.Secret, "code": given.Code,
			"pending code": pending.Code, "token": w.Token,
		} {
			if servertest.Keeps(kept, secret) {
				t.Errorf("the %s is at rest in the open", name)
			}
			if strings.Contains(logged, secret) {
				t.Errorf("the %s is in the log", name)
			}
		}
		if strings.Contains(logged, `"`+shown+`"`) || strings.Contains(logged, "="+shown+" ") {
			t.Error("the second factor is in the log")
		}
	})
}

func TestAPasswordIsLongEnoughAndNotThePersonnelNumber(t *testing.T) {
	testkit.Covers(t, "W26")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		invited, err := h.House.Staff.Invite(h.AsSystem(), staffing.Appointment{Label: "Personnel-0042", Post: staffing.Post{Role: staffrole.RoleADMIN}})
		if err != nil {
			t.Fatal(err)
		}
		enrols := func(code, password string) *servertest.Answer {
			return h.Anonymous().Asks(servertest.EnrolStaff, servertest.Vars{"c": code, "p": password})
		}
		for name, bad := range map[string]string{
			"none": "", "eleven characters": "停车停车停车停车停车停", "129 characters": strings.Repeat("a", 129), "the label": "pERSONNEL-0042",
		} {
			enrols(invited.Code, bad).MustBeRefused("INVALID_PASSWORD").MustContain(`"field":"password"`, `"totpUri":null`).MustNotContain("停车", "42")
			if t.Failed() {
				t.Fatal(name)
			}
		}
		unknown := enrols(strings.Repeat("A", 32), "twelve chars").MustBeRefused("CODE_INVALID")
		mustBeEqual(t, "no code", unknown, enrols("", "twelve chars"))
		h.Clock.Pass(24 * time.Hour)
		mustBeEqual(t, "a day old", unknown, enrols(invited.Code, "twelve chars"))
		newer, err := h.House.Staff.Invite(h.AsSystem(), staffing.Appointment{Label: "Personnel-0042", Post: staffing.Post{Role: staffrole.RoleADMIN}})
		if err != nil {
			t.Fatal(err)
		}
		enrols(strings.ToLower(newer.Code), strings.Repeat("停车", 6)).OK().MustContain(`"label":"Personnel-0042"`, "otpauth://totp/parkbff:Personnel-0042?")
	})
}

func TestSigningOutEndsEverySignInOfAMember(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		w, colleague := h.Hires("ATTENDANT", "WXC", ""), h.Hires("ATTENDANT", "WXC", "")
		elsewhere := h.With(w.Token)
		h.Clock.Pass(30 * time.Second)
		w.SignsIn()
		sockets, bystander := []*servertest.Watch{w.Watches(occupancy), elsewhere.Watches(occupancy)}, colleague.Watches(occupancy)
		for _, socket := range append(sockets, bystander) {
			socket.Next()
		}
		w.Asks(staffLogout).OK()
		for _, socket := range sockets {
			if code := socket.ClosedWith(); code != 4401 {
				t.Errorf("closed with %d", code)
			}
		}
		bystander.StaysOpen(100 * time.Millisecond) // vacancies may be told at any time
		for _, c := range []*servertest.Client{w.Client, elsewhere} {
			c.Asks(whoWorks).MustContain("TOKEN_INVALID")
		}
		colleague.Asks(whoWorks).OK().MustContain(colleague.Label)
		h.Clock.Pass(30 * time.Second)
		w.SignsIn()
		h.Clock.Pass(12*time.Hour + token.Skew)
		w.Asks(whoWorks).MustContain("TOKEN_EXPIRED") // a shift
	})
}
