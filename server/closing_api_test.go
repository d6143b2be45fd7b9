package server_test

import (
	"testing"
	"time"

	"parkbff/ent/account"
	"parkbff/ent/consent"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/server/servertest"
)

const closeAccount = `mutation { closeAccount { viewer { tier account { id } vehicles { id } } userErrors { code } } }`

func TestClosingAnAccountEndsItEverywhereAtOnce(t *testing.T) {
	testkit.Covers(t, "R092")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		owner := h.Verified("APP", plate)
		gate := h.Gate("WXC")
		stay := idOf(gate.Sees(plate, servertest.Entering, servertest.Morning))
		h.Clock.Pass(5 * time.Minute)
		web := h.SignIn(owner.Mobile, "H5")
		live := owner.Watches(noticed)

		web.Asks(closeAccount).OK().MustContain(`"viewer":{"tier":"ANONYMOUS","account":null,"vehicles":[]}`)
		live.ClosedWith()
		for _, c := range []*servertest.Client{owner, web} {
			c.Asks(facts).MustBeRefused("UNAUTHENTICATED").MustNotContain("VERIFIED")
			h.Anonymous().Asks(`mutation($t: String!) { refreshToken(input: {refreshToken: $t}) { accessToken userErrors { code } } }`,
				servertest.Vars{"t": c.Refresh}).MustBeRefused("UNAUTHENTICATED")
		}
		consents := h.Store.Fresh(h.AsSystem()).Consent.Query().AllX(h.AsSystem())
		for _, c := range consents {
			if c.EndedAt == nil || !c.EndedAt.Equal(h.Clock.Now()) || c.WithdrawnAt != nil {
				t.Errorf("the consent to %s ended at %v, withdrawn %v", c.Purpose, c.EndedAt, c.WithdrawnAt)
			}
		}
		if n := h.Store.Fresh(h.AsSystem()).Consent.Query().Where(consent.PurposeEQ(consent.PurposePARKING_CORE)).CountX(h.AsSystem()); n != 1 || len(consents) != 2 {
			t.Errorf("%d consents are kept", len(consents))
		}

		// The lot's record of the stay goes on, and the plate is free.
		h.Staff("WXC").Asks(names, servertest.Vars{"id": stay}).OK().MustContain(plate)
		gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
		h.Clock.Pass(time.Minute)
		again := h.SignIn(owner.Mobile, "APP")
		again.Asks(`query($id: ID!) { node(id: $id) { id } viewer { tier account { profile { nickname } consents { edges { node { purpose } } } }
			vehicles { id } sessions { edges { node { id } } } notices { edges { node { id } } } } }`, servertest.Vars{"id": stay}).OK().
			MustContain(`"node":null`, `"tier":"REGISTERED"`, `"vehicles":[]`, `"sessions":{"edges":[]}`, `"notices":{"edges":[]}`, `[{"node":{"purpose":"PARKING_CORE"}}]`)
		h.Bound("APP", plate)
	})
}

func TestNothingOfAClosedAccountCanBeFoundOrOpened(t *testing.T) {
	testkit.Covers(t, "R092")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Verified("APP", "粤B12345")
		driver.Asks(updateProfile, telling(servertest.Vars{"nickname": "白龙马甲"})).OK()
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		ctx := h.AsSystem()
		db := h.Store.Fresh(ctx)
		before := db.Account.Query().OnlyX(ctx)
		binding := db.VehicleBinding.Query().OnlyX(ctx)
		v := vault.New(h.Keys, h.Store.DataKeys())
		if _, err := v.Open(ctx, vault.AccountKey(before.ID), "account.mobile", before.Mobile); err != nil {
			t.Fatal(err) // it opens before
		}

		driver.Asks(closeAccount).OK()
		for column, sealed := range map[string]vault.Sealed{
			"account.mobile": before.Mobile, "account.profile": before.Profile, "vehicle_binding.plate": binding.Plate,
		} {
			if plain, err := vault.New(h.Keys, h.Store.DataKeys()).Open(ctx, vault.AccountKey(before.ID), column, sealed); err == nil || plain != nil {
				t.Errorf("%s of a backup still opens", column)
			}
		}
		row := db.Account.Query().OnlyX(ctx)
		if len(row.Mobile)+len(row.MobileIndex)+len(row.Profile)+len(row.PersonIndex) != 0 || row.Adult != nil || row.ClosedAt == nil {
			t.Errorf("the row still names somebody: %v", row)
		}
		ended := db.VehicleBinding.Query().OnlyX(ctx)
		if len(ended.Plate)+len(ended.PlateIndex)+len(ended.Nickname) != 0 || *ended.EndReason != vehiclebinding.EndReasonCLOSED {
			t.Errorf("the binding still tells of the plate: %v", ended)
		}
		if db.Vehicle.Query().OnlyX(ctx).OwnerAccountID != nil {
			t.Error("the plate is still protected")
		}
		if n := db.Notice.Query().CountX(ctx) + db.SessionAccess.Query().CountX(ctx) + db.ChannelLink.Query().CountX(ctx); n != 0 {
			t.Errorf("%d rows are left", n)
		}
		if db.Account.Query().Where(account.MobileIndex(before.MobileIndex)).ExistX(ctx) {
			t.Error("the account is still found by the mobile")
		}
		if got := erasures(h); got != "ACCOUNT_CLOSED at 2026-11-21T01:00:00Z of 2026-11-21T01:00:00Z" {
			t.Errorf("the evidence is %q", got)
		}
	})
}

func TestAnAccountIsClosedByNobodyButItsPersonJustNow(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		h.Anonymous().Asks(closeAccount).MustBeRefused("UNAUTHENTICATED")
		h.Gate("WXC").Asks(closeAccount).MustBeRefused("FORBIDDEN")
		h.Staff("WXC").Asks(closeAccount).MustBeRefused("FORBIDDEN")
		h.Clock.Pass(11 * time.Minute)
		driver.Asks(closeAccount).MustBeRefused("STEP_UP_REQUIRED").MustContain(`"tier":"FOLLOWED"`)
		driver.Asks(vehicles).OK().MustContain("粤B12345")
	})
}
