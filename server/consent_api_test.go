package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/linkedaccount"
	"parkbff/internal/privacy/consents"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/server/servertest"
)

const (
	grantConsent = `mutation($in: GrantConsentInput!) {
		grantConsent(input: $in) { consent { id purpose state policyVersion vehicle { plate } withdrawnAt } viewer { tier } userErrors { code field } }
	}`
	withdrawConsent = `mutation($in: WithdrawConsentInput!) { withdrawConsent(input: $in) { viewer { tier verifiedVehicles } userErrors { code field } } }`
	ownConsents     = `{ viewer { account { consents { edges { node { id purpose policyVersion state withdrawnAt endedAt vehicle { plate } receipt } } } } } }`
	ownStays        = `{ viewer { sessions { edges { node { id } } } openSessions { edges { node { id } } } notices { edges { node { kind } } } } }`
	noStays         = `{"viewer":{"sessions":{"edges":[]},"openSessions":{"edges":[]},"notices":{"edges":[]}}}`
	firstVersion    = "2025-05-16"
)

// agreeing are the variables of grantConsent and, without a version, of withdrawConsent.
func agreeing(purpose, version, vehicleID string) servertest.Vars {
	in := servertest.Vars{"purpose": purpose}
	if version != "" {
		in["policyVersion"] = version
	}
	if vehicleID != "" {
		in["vehicleId"] = vehicleID
	}
	return servertest.Vars{"in": in}
}

func TestMovementDataTakenBackIsSeenAndToldNoMoreAndTheVehicleStays(t *testing.T) {
	testkit.Covers(t, "R092")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		owner, gate := h.Driver("APP"), h.Gate("WXC")
		car := owner.Binds(plate)
		owner.Verifies(car, plate)
		paid := idOf(gate.Sees(plate, servertest.Entering, servertest.Morning))
		h.Clock.Pass(time.Hour)
		owner = owner.Refreshes()
		h.Pays(owner, paid, 500)
		gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
		h.Clock.Pass(time.Minute)
		open := idOf(gate.Sees(plate, servertest.Entering, h.Clock.Now()))
		live := owner.Watches(noticed)

		h.Clock.Pass(5 * time.Minute)
		owner.Asks(withdrawConsent, agreeing("MOVEMENT_TRACK", "", car)).OK().MustContain(`"tier":"VERIFIED","verifiedVehicles":1`)
		owner.Asks(names, servertest.Vars{"id": open}).OK().MustContain(`{"node":null}`)
		owner.Asks(names, servertest.Vars{"id": paid}).OK().MustContain("万象城") // what the account paid for stays its own
		owner.Asks(vehicles).OK().MustContain(car, plate)
		owner.Asks(ownStays).OK().MustContain(paid).MustNotContain(open)
		owner.Asks(ownConsents).OK().MustContain(`"purpose":"MOVEMENT_TRACK","policyVersion":"2025-05-16","state":"WITHDRAWN"`)
		owner.Asks(`{ consentPurposes { purpose granted } }`).OK().MustContain(`{"purpose":"MOVEMENT_TRACK","granted":false}`, `{"purpose":"PARKING_CORE","granted":true}`)
		gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
		h.Clock.Pass(time.Minute)
		between := h.Clock.Now()
		unseen := idOf(gate.Sees(plate, servertest.Entering, between))
		h.Clock.Pass(time.Minute)
		gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
		live.Quiet(100 * time.Millisecond)

		h.Clock.Pass(time.Minute)
		owner.Asks(grantConsent, agreeing("MOVEMENT_TRACK", firstVersion, car)).OK().MustContain(`"state":"GRANTED"`, `"vehicle":{"plate":"粤B12345"}`)
		late := idOf(h.Gate("WXT").Sees(plate, servertest.Entering, between.Add(30*time.Second)))
		for _, gone := range []string{open, unseen, late} {
			owner.Asks(names, servertest.Vars{"id": gone}).OK().MustContain(`{"node":null}`)
		}
		h.Clock.Pass(time.Minute)
		again := idOf(h.Gate("WXH").Sees(plate, servertest.Entering, h.Clock.Now()))
		live.Next().MustContain(`"ENTERED"`)
		owner.Asks(ownStays).OK().MustContain(again, paid).MustNotContain(open, unseen, late)
	})
}

func TestWithoutConsentToParkingItsServicesRefuseAndAnOpenSubscriptionEnds(t *testing.T) {
	testkit.Covers(t, "R078", "R092")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		driver, other, gate := h.Driver("APP"), h.Bound("APP", plate), h.Gate("WXC")
		car := driver.Binds(plate)
		stay := idOf(gate.Sees(plate, servertest.Entering, servertest.Morning))
		live, others := driver.Watches(noticed), other.Watches(noticed)

		started := time.Now()
		driver.Asks(withdrawConsent, agreeing("PARKING_CORE", "", "")).OK()
		live.Refused().MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"PARKING_CORE"`)
		if took := time.Since(started); took > time.Second {
			t.Errorf("the subscription ended after %v", took)
		}
		driver.Watches(noticed).Refused().MustBeRefused("CONSENT_REQUIRED")
		others.Quiet(50 * time.Millisecond)
		about := servertest.Vars{"id": stay}
		for what, answer := range map[string]*servertest.Answer{
			"history":       driver.Asks(`{ viewer { sessions { edges { node { id } } } } }`),
			"open stays":    driver.Asks(`{ viewer { openSessions { edges { node { id } } } } }`),
			"notices":       driver.Asks(`{ viewer { notices { edges { node { id } } } } }`),
			"node":          driver.Asks(names, about),
			"hiding":        driver.Asks(hide, servertest.Vars{"id": stay, "hidden": true}),
			"quote":         driver.Asks(`query($id: ID!) { quote(input: {stay: $id}) { __typename } }`, about),
			"binding":       driver.Asks(bindPlate, binding("粤B67890", "", true)),
			"verifying":     driver.Shows(car, servertest.PapersFor(plate)),
			"another's car": driver.Asks(names, servertest.Vars{"id": h.ID("ParkingSession", 1<<40)}),
		} {
			answer.MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"PARKING_CORE"`).MustNotContain("万", plate)
			if t.Failed() {
				t.Fatalf("after %s", what)
			}
		}
		driver.Asks(vehicles).OK().MustContain(car) // the account goes on
		driver.Asks(`{ lots(first: 1) { edges { node { name } } } }`).OK()
		driver.Asks(quotePlate, plateAtLot(plate, "WXC")).OK()
		lane := servertest.Vars{"lane": gate.Asks(`{ gate { laneCode } }`).OK().String("gate.laneCode")}
		driver.Asks(quoteLane, lane).OK() // whoever wants to leave can pay

		h.Clock.Pass(time.Minute)
		gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
		h.Clock.Pass(time.Minute)
		unseen := idOf(gate.Sees(plate, servertest.Entering, h.Clock.Now()))
		others.Next().MustContain(`"EXITED"`)
		h.Clock.Pass(time.Minute)
		driver.Asks(grantConsent, agreeing("PARKING_CORE", firstVersion, "")).OK()
		late := idOf(h.Gate("WXT").Sees(plate, servertest.Entering, h.Clock.Now().Add(-30*time.Second)))
		driver.Asks(ownStays).OK().MustContain(stay).MustNotContain(unseen, late) // nothing of meanwhile is recorded for it
		h.Clock.Pass(time.Minute)
		gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
		driver.Asks(withdrawConsent, agreeing("PARKING_CORE", "", "")).OK()
		driver.Asks(unbindPlate, servertest.Vars{"id": car}).OK() // unbinding is always possible
	})
}

func TestAConsentIsGivenToWhatThePersonWasShown(t *testing.T) {
	testkit.Covers(t, "R078")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, other := h.Driver("APP"), h.Driver("APP")
		car, others := driver.Binds("粤B12345"), other.Binds("粤B67890")
		first := driver.Asks(grantConsent, agreeing("PROMOTIONS", firstVersion, "")).OK().MustContain(`"state":"GRANTED"`, `"vehicle":null`)
		h.Clock.Pass(time.Minute)
		mustBeEqual(t, "agreed again", first, driver.Asks(grantConsent, agreeing("PROMOTIONS", firstVersion, "")).OK())
		driver.Asks(grantConsent, agreeing("PROMOTIONS", "2024-11-28", "")).MustBeRefused("CONSENT_VERSION_OUTDATED").MustContain(`"field":"policyVersion"`)
		driver.Asks(grantConsent, agreeing("AFFILIATE_SHARING", "2099-01-01", "")).MustBeRefused("CONSENT_VERSION_OUTDATED")
		driver.Asks(grantConsent, agreeing("THIRD_PARTY_ACCOUNT", firstVersion, "")).MustBeRefused("BAD_USER_INPUT").MustContain(`"field":"purpose"`)
		for _, query := range []string{grantConsent, withdrawConsent} {
			version := firstVersion
			if query == withdrawConsent {
				version = ""
			}
			driver.Asks(query, agreeing("MOVEMENT_TRACK", version, "")).MustBeRefused("BAD_USER_INPUT").MustContain(`"field":"vehicleId"`)
			driver.Asks(query, agreeing("PROMOTIONS", version, car)).MustBeRefused("BAD_USER_INPUT").MustContain(`"field":"vehicleId"`)
			missing := driver.Asks(query, agreeing("MOVEMENT_TRACK", version, h.ID("Vehicle", 1<<40))).MustBeRefused("NOT_FOUND")
			mustBeEqual(t, "another's vehicle", missing, driver.Asks(query, agreeing("MOVEMENT_TRACK", version, others)))
			for who, c := range map[string]*servertest.Client{"nobody": h.Anonymous(), "staff": h.Staff("WXC"), "a gate": h.Gate("WXC").Client} {
				if codes := c.Asks(query, agreeing("PROMOTIONS", version, "")).Codes(); len(codes) != 1 {
					t.Errorf("%s: %v", who, codes)
				}
			}
		}
		for range 2 { // taken back twice is taken back
			driver.Asks(withdrawConsent, agreeing("PROMOTIONS", "", "")).OK()
		}
		got := driver.Asks(ownConsents).OK().MustContain(`"purpose":"PROMOTIONS","policyVersion":"2025-05-16","state":"WITHDRAWN","withdrawnAt":"2026-11-21T09:01:00+08:00"`)
		if n := strings.Count(got.Text, `"PROMOTIONS"`); n != 1 {
			t.Errorf("%d consents to one purpose", n)
		}
		driver.Asks(grantConsent, agreeing("PROMOTIONS", firstVersion, "")).OK().MustContain(`"withdrawnAt":null`)
		other.Asks(ownConsents).OK().MustNotContain("PROMOTIONS", "12345")
		h.Anonymous().Asks(`{ consentPurposes { purpose granted source perVehicle separate description } }`).OK().
			MustContain(`"granted":false,"source":"捷停车用户隐私政策 (二)2(1)"`).MustNotContain(`"granted":true`)
	})
}

func TestAgreedToManyTimesAtOnceIsOneConsent(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		var asking sync.WaitGroup
		for range 8 {
			asking.Go(func() { driver.Asks(grantConsent, agreeing("PROMOTIONS", firstVersion, "")).OK() })
		}
		asking.Wait()
		if n := strings.Count(driver.Asks(ownConsents).OK().Text, `"PROMOTIONS"`); n != 1 {
			t.Errorf("there are %d consents", n)
		}
	})
}

func TestTheDataOfEveryPurposeIsListed(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for _, purpose := range consents.Purposes() {
			h.Anonymous().Asks(`query($p: ConsentPurpose!) { dataInventory(purpose: $p) { purpose source fields { code name } } }`,
				servertest.Vars{"p": purpose}).OK().MustContain(`"purpose":"`+string(purpose)+`"`, `"code":`)
		}
	})
}

func TestALinkEndsWithItsConsent(t *testing.T) {
	testkit.Covers(t, "R092")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("H5")
		account := h.Row(driver.Asks(`{ viewer { account { id } } }`).OK().String("viewer.account.id"))
		err := h.Store.WithTx(h.AsSystem(), func(ctx context.Context, tx *ent.Tx) error {
			agreed, err := tx.Consent.Create().SetAccountID(account).SetPurpose("THIRD_PARTY_ACCOUNT").
				SetPolicyVersion(firstVersion).SetGrantedAt(h.Clock.Now()).Save(ctx)
			if err != nil {
				return err
			}
			return tx.LinkedAccount.Create().SetAccountID(account).SetChannel(linkedaccount.ChannelWECHAT_OFFICIAL).
				SetSubject(vault.Sealed{1}).SetSubjectIndex([]byte{1}).SetConsentID(agreed.ID).SetLinkedAt(h.Clock.Now()).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		driver.Asks(withdrawConsent, agreeing("THIRD_PARTY_ACCOUNT", "", "")).OK()
		left := h.Store.Client(h.AsSystem()).LinkedAccount.Query().Where(linkedaccount.EndedAtIsNil()).CountX(h.AsSystem())
		if left != 0 {
			t.Errorf("%d accounts are still linked", left)
		}
		driver.Asks(ownConsents).OK().MustContain(fmt.Sprintf(`"purpose":"THIRD_PARTY_ACCOUNT","policyVersion":%q,"state":"WITHDRAWN"`, firstVersion))
	})
}
