package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	aboutMe       = `{ viewer { account { profile { nickname gender birthday region } } } }`
	updateProfile = `mutation($in: UpdateProfileInput!) {
		updateProfile(input: $in) { account { profile { nickname gender birthday region } } userErrors { code field } }
	}`
	clearProfile = `mutation($f: [ProfileField!]!) {
		clearProfileFields(input: {fields: $f}) { account { profile { nickname gender birthday region } } userErrors { code } }
	}`
	giveConsent = `mutation($m: String!, $c: String!) {
		giveGuardianConsent(input: {guardianMobile: $m, code: $c}) { viewer { tier } userErrors { code field } }
	}`
	nothingTold = `{"nickname":null,"gender":null,"birthday":null,"region":null}`
)

func telling(in servertest.Vars) servertest.Vars { return servertest.Vars{"in": in} }

func TestAProfileIsSetChangedAndClearedFieldByField(t *testing.T) {
	testkit.Covers(t, "R012", "R062")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, other := h.Driver("APP"), h.Driver("APP")
		driver.Asks(aboutMe).OK().MustContain(nothingTold) // nobody is asked for any of it
		driver.Asks(updateProfile, telling(servertest.Vars{
			"nickname": " 白龙马甲 ", "gender": "FEMALE", "birthday": "1990-02-28", "region": "广东深圳罗湖区",
		})).OK().MustContain(`{"nickname":"白龙马甲","gender":"FEMALE","birthday":"1990-02-28","region":"广东深圳罗湖区"}`)
		driver.Asks(updateProfile, telling(servertest.Vars{"gender": "OTHER"})).OK()
		driver.Asks(updateProfile, telling(servertest.Vars{"nickname": "青骢马乙", "region": nil})).OK()
		driver.Asks(aboutMe).OK().MustContain(`{"nickname":"青骢马乙","gender":"OTHER","birthday":"1990-02-28","region":"广东深圳罗湖区"}`)
		other.Asks(aboutMe).OK().MustContain(nothingTold).MustNotContain("青骢马乙")
		mustNotBeKept(t, h, "白龙马甲", "青骢马乙", "广东深圳罗湖区", "1990-02-28")

		driver.Asks(clearProfile, servertest.Vars{"f": []string{"NICKNAME", "REGION"}}).OK().
			MustContain(`{"nickname":null,"gender":"OTHER","birthday":"1990-02-28","region":null}`)
		driver.Asks(clearProfile, servertest.Vars{"f": []string{"GENDER", "BIRTHDAY"}}).OK().MustContain(nothingTold)
	})
}

func TestAProfileThatIsNotOneChangesNothing(t *testing.T) {
	testkit.Covers(t, "R012")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		for field, cases := range map[string]map[any]string{
			"nickname": {strings.Repeat("长", 21): "INVALID_NICKNAME", "a\u0007b": "INVALID_NICKNAME"},
			"region":   {strings.Repeat("远", 41): "INVALID_REGION", "a\u202eb": "INVALID_REGION"},
			"birthday": {"2026-11-21": "INVALID_BIRTHDAY", "2027-01-01": "INVALID_BIRTHDAY", "1899-12-31": "BAD_USER_INPUT", "2001-02-29": "BAD_USER_INPUT"},
			"gender":   {"NONE": "GRAPHQL_VALIDATION_FAILED"},
		} {
			for value, code := range cases {
				in := servertest.Vars{"nickname": "好", "region": "好", field: value}
				driver.Asks(updateProfile, telling(in)).MustBeRefused(code).MustNotContain("长长", "远远", "好")
			}
		}
		driver.Asks(updateProfile, telling(servertest.Vars{"nickname": strings.Repeat("长", 20), "region": strings.Repeat("远", 40)})).OK()
		for c, code := range map[*servertest.Client]string{
			h.Anonymous(): "UNAUTHENTICATED", h.Gate("WXC").Client: "FORBIDDEN", h.Staff("WXC"): "FORBIDDEN",
		} {
			c.Asks(updateProfile, telling(servertest.Vars{"nickname": "好"})).MustBeRefused(code)
			c.Asks(clearProfile, servertest.Vars{"f": []string{"NICKNAME"}}).MustBeRefused(code)
			c.Asks(giveConsent, servertest.Vars{"m": "13912340000", "c": "000000"}).MustBeRefused(code)
		}
	})
}

// minorsBirthday is of somebody who turns 18 on the day after the house opens, and adults of somebody who
// does so on that day.
const (
	minorsBirthday = "2008-11-22"
	adultsBirthday = "2008-11-21"
)

func TestAMinorIsErasedWithinAWeekUnlessAGuardianConsents(t *testing.T) {
	testkit.Covers(t, "R141", "R143")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		lonely, guarded, adult := h.Bound("APP", "粤B12345"), h.Bound("APP", "粤B67890"), h.Driver("APP")
		for _, minor := range []*servertest.Client{lonely, guarded} {
			minor.Asks(updateProfile, telling(servertest.Vars{"nickname": "甲", "birthday": minorsBirthday})).
				MustBeRefused("GUARDIAN_CONSENT_REQUIRED").MustContain(`"account":null`, `"field":"birthday"`)
			minor.Asks(aboutMe).OK().MustContain(nothingTold)
		}
		adult.Asks(updateProfile, telling(servertest.Vars{"birthday": adultsBirthday})).OK()

		const guardian = "13900007777"
		code := h.CodeFor("GUARDIAN_CONSENT", guardian)
		guarded.Asks(giveConsent, servertest.Vars{"m": guarded.Mobile, "c": code}).MustBeRefused("GUARDIAN_IS_SELF")
		guarded.Asks(giveConsent, servertest.Vars{"m": guardian, "c": wrongCode(code)}).MustBeRefused("CODE_INVALID").MustNotContain(guardian)
		guarded.Asks(giveConsent, servertest.Vars{"m": "139", "c": code}).MustBeRefused("INVALID_MOBILE").MustContain(`"guardianMobile"`)
		guarded.Asks(giveConsent, servertest.Vars{"m": guardian, "c": code}).OK()
		guarded.Asks(updateProfile, telling(servertest.Vars{"birthday": minorsBirthday})).OK().MustContain(minorsBirthday)
		mustNotBeKept(t, h, guardian, minorsBirthday)

		h.Clock.Pass(7*24*time.Hour - time.Second)
		mustErase(t, h)
		lonely = h.SignIn(lonely.Mobile, "APP")
		lonely.Asks(vehicles).OK().MustContain("粤B12345")
		live := lonely.Watches(noticed)
		h.Clock.Pass(time.Second)
		mustErase(t, h)
		live.ClosedWith()
		lonely.Asks(vehicles).MustBeRefused("UNAUTHENTICATED").MustNotContain("粤B")
		h.SignIn(guarded.Mobile, "APP").Asks(vehicles).OK().MustContain("粤B67890")
		if got := erasures(h); got != "MINOR_WITHOUT_CONSENT at 2026-11-28T01:00:00Z of 2026-11-21T01:00:00Z" {
			t.Errorf("the evidence is %q", got)
		}
	})
}

func TestAnAdultsBirthdayTakesBackABirthdayAndNeverWhatADocumentSays(t *testing.T) {
	testkit.Covers(t, "R141", "R143")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		minorsBorn := func(c *servertest.Client) *servertest.Answer {
			return c.Asks(updateProfile, telling(servertest.Vars{"birthday": minorsBirthday}))
		}
		adultBorn := func(c *servertest.Client) {
			c.Asks(updateProfile, telling(servertest.Vars{"birthday": "1990-01-01"})).OK()
		}
		mistyped, shown, proved := h.Driver("APP"), h.Driver("APP"), h.Driver("APP")
		minorsBorn(mistyped).MustBeRefused("GUARDIAN_CONSENT_REQUIRED")
		adultBorn(mistyped)

		child := servertest.PapersFor("粤B12345")
		child.IDNumber = "110105201501010017"
		shown.Shows(shown.Binds("粤B12345"), child).MustBeRefused("VERIFICATION_REFUSED")
		adultBorn(shown)

		minorsBorn(proved).MustBeRefused("GUARDIAN_CONSENT_REQUIRED")
		proved.Verifies(proved.Binds("粤B67890"), "粤B67890")
		minorsBorn(proved).MustBeRefused("GUARDIAN_CONSENT_REQUIRED") // and it is not believed

		h.Clock.Pass(8 * 24 * time.Hour)
		mustErase(t, h)
		mistyped.Refreshes().Asks(aboutMe).OK().MustContain("1990-01-01")
		proved.Refreshes().Asks(vehicles).OK().MustContain("粤B67890")
		shown.Asks(aboutMe).MustBeRefused("UNAUTHENTICATED")
		h.SignIn(shown.Mobile, "APP").Asks(vehicles).OK().MustContain(`"vehicles":[]`)
		mustNotBeKept(t, h, child.IDNumber, child.Owner)
	})
}

func mustErase(t *testing.T, h *servertest.House) {
	t.Helper()
	if err := h.Identity.EraseOverdue(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// erasures is the evidence of what was erased: why, when, and since when it had to be.
func erasures(h *servertest.House) string {
	h.T.Helper()
	var all []string
	for _, e := range h.Store.Fresh(h.AsSystem()).Erasure.Query().AllX(h.AsSystem()) {
		if e.ErasedAt == nil || e.Items == 0 {
			h.T.Errorf("not erased: %v", e)
			continue
		}
		all = append(all, string(e.Reason)+" at "+e.ErasedAt.UTC().Format(time.RFC3339)+" of "+e.NoticedAt.UTC().Format(time.RFC3339))
	}
	return strings.Join(all, ", ")
}
