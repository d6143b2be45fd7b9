package server_test

import (
	"context"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/vehiclebinding"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	privacySettings = `{ viewer { account { privacySettings { fullMask messagesInApp messagesPushed } } } }`
	setDisplay      = `mutation($m: MessageDisplay) { setMessageDisplay(input: {mode: $m}) {
		viewer { account { privacySettings { messagesInApp messagesPushed } } notices(first: 1) { edges { node { lotName nameVisibility plate occurredAt occurredAtPrecision title } } } }
		userErrors { code }
	} }`
	setMessages = `mutation($v: ID!, $k: VehicleMessageKind!, $on: Boolean!) {
		setVehicleMessages(input: {vehicleId: $v, kind: $k, on: $on}) { vehicle { messageSettings { kind on } } userErrors { code } }
	}`
	told    = `{ viewer { notices { edges { node { kind lotName plate occurredAt } } } sessions { edges { node { lotName plate enteredAt } } } } }`
	allOn   = `"messageSettings":[{"kind":"ENTERED","on":true},{"kind":"EXITED","on":true}]`
	entryOn = `"messageSettings":[{"kind":"ENTERED","on":true},{"kind":"EXITED","on":false}]`
)

func display(mode any) servertest.Vars { return servertest.Vars{"m": mode} }

func TestMessagesAreShownAsTheOwnerWants(t *testing.T) {
	testkit.Covers(t, "R026", "R028", "R045")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const (
			clear = `{"lotName":"万象城停车场","nameVisibility":"CLEAR","plate":"粤B12345","occurredAt":"2026-11-21T09:00:00+08:00","occurredAtPrecision":"EXACT",`
			half  = `{"lotName":"万***停车场","nameVisibility":"HALF","plate":"粤B***45","occurredAt":"2026-11-21T06:00:00+08:00","occurredAtPrecision":"PART_OF_DAY",`
			full  = `{"lotName":"捷停车智慧停车场","nameVisibility":"FULL_MASK","plate":"粤B***45","occurredAt":"2026-11-21T06:00:00+08:00","occurredAtPrecision":"PART_OF_DAY",`
		)
		owner := h.Verified("APP", "粤B12345")
		stay := idOf(h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning))
		owner.Asks(privacySettings).OK().MustContain(`{"fullMask":false,"messagesInApp":"CLEAR","messagesPushed":"HALF"}`)
		owner.Asks(setDisplay, display(nil)).OK().MustContain(clear)
		owner.Asks(setDisplay, display("HALF")).OK().MustContain(half, `"messagesInApp":"HALF","messagesPushed":"HALF"`).
			MustNotContain("万象城", "12345", "09:00")
		owner.Asks(told).OK().MustContain(`"sessions":{"edges":[{"node":{"lotName":"万象城停车场","plate":"粤B12345","enteredAt":"2026-11-21T09:00:00+08:00"`) // bills are no messages
		owner.Asks(setDisplay, display("FULL")).OK().MustContain(full, `"messagesInApp":"FULL","messagesPushed":"FULL"`).
			MustNotContain("万", "12345", "09:00")
		live := owner.Watches(noticed)
		h.Clock.Pass(time.Minute)
		h.Gate("WXC").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		live.Next().MustContain(`"EXITED"`, "捷停车智慧停车场", "粤B***45").MustNotContain("万", "12345", "09:01")
		other := servertest.Vars{"id": stay, "hidden": true}
		owner.Asks(hide, other).OK()
		owner.Asks(setDisplay, display("CLEAR")).OK().MustContain(`"messagesInApp":"CLEAR","messagesPushed":"CLEAR"`, `"lotName":"捷停车智慧停车场"`, `"plate":"粤B12345"`).
			MustNotContain("万") // a hidden record comes before the wish
		other["hidden"] = false
		owner.Asks(hide, other).OK()

		owner.Asks(fullMask, servertest.Vars{"on": true}).OK()
		owner.Asks(privacySettings).OK().MustContain(`"fullMask":true`)
		owner.Asks(setDisplay, display("CLEAR")).OK().MustContain(`"lotName":"捷停车智慧停车场"`, `"plate":"粤B12345"`).MustNotContain("万")
		owner.Asks(setDisplay, display("HALF")).OK().MustContain(`"lotName":"捷停车智慧停车场"`, `"plate":"粤B***45"`).MustNotContain("万", "12345")
		owner.Asks(fullMask, servertest.Vars{"on": false}).OK()
		owner.Asks(setDisplay, display(nil)).OK().MustContain(`"lotName":"万象城停车场"`, `"messagesInApp":"CLEAR","messagesPushed":"HALF"`)
	})
}

func TestOnlyWhoHasVerifiedChoosesHowMessagesAreShown(t *testing.T) {
	testkit.Covers(t, "R026")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Anonymous().Asks(setDisplay, display("CLEAR")).MustBeRefused("UNAUTHENTICATED")
		for want, c := range map[string]*servertest.Client{
			`"fact":"VERIFIED","nextStep":"BIND_PLATE"`: h.Driver("APP"), `"fact":"FOLLOWED"`: h.Verified("H5", "粤B11111"), `"fact":"VERIFIED"`: h.Bound("APP", "粤B22222"),
		} {
			c.Asks(setDisplay, display("CLEAR")).MustBeRefused("FACT_REQUIRED").MustContain(want)
			c.Asks(privacySettings).OK().MustContain(`"messagesInApp":"CLEAR","messagesPushed":"HALF"`)
		}

		// A wish for clear messages shows nothing of a vehicle that is not verified.
		owner := h.Verified("APP", "粤B12345")
		owner.Binds("粤B67890")
		owner.Asks(setDisplay, display("CLEAR")).OK()
		h.Gate("WXC").Sees("粤B67890", servertest.Entering, servertest.Morning).OK()
		owner.Asks(told).OK().MustContain(`"ENTERED"`, "粤B***90").MustNotContain("万象城", "67890")
	})
}

func TestMessagesOfAVehicleAreOnUntilSwitchedOff(t *testing.T) {
	testkit.Covers(t, "R013")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		quiet, other := h.Driver("APP"), h.Bound("APP", "粤B12345")
		car := quiet.Binds("粤B12345")
		quiet.Asks(`{ viewer { vehicles { messageSettings { kind on } } } }`).OK().MustContain(allOn)
		quiet.Asks(setMessages, servertest.Vars{"v": car, "k": "EXITED", "on": false}).OK().MustContain(entryOn)
		mustBeTold := func(c *servertest.Client, kinds string) {
			t.Helper()
			c.Asks(`{ viewer { notices { edges { node { kind } } } } }`).OK().MustContain(`"notices":{"edges":[` + kinds + `]}`)
		}
		gate := h.Gate("WXC")
		see := func(direction string) {
			t.Helper()
			gate.Sees("粤B12345", direction, h.Clock.Now()).OK()
			h.Clock.Pass(3 * time.Minute)
		}
		const entered, exited, bound = `{"node":{"kind":"ENTERED"}}`, `{"node":{"kind":"EXITED"}}`, `{"node":{"kind":"BOUND_BY_ANOTHER"}}`
		see(servertest.Entering)
		see(servertest.Leaving)
		mustBeTold(quiet, entered)
		mustBeTold(other, exited+","+entered+","+bound)

		quiet.Asks(setMessages, servertest.Vars{"v": car, "k": "ENTERED", "on": false}).OK()
		see(servertest.Entering)
		h.Bound("APP", "粤B12345")
		mustBeTold(quiet, bound+","+entered) // what concerns the right to the plate is always told
		quiet.Asks(setMessages, servertest.Vars{"v": car, "k": "EXITED", "on": true}).OK()
		see(servertest.Leaving)
		mustBeTold(quiet, exited+","+bound+","+entered)
		if n := len(quiet.Asks(told).OK().At("viewer.sessions.edges").([]any)); n != 2 {
			t.Errorf("of two stays, %d are seen: settings of messages hide none", n)
		}

		for _, c := range []*servertest.Client{other, h.Staff("WXC"), h.Anonymous()} {
			c.Asks(setMessages, servertest.Vars{"v": car, "k": "ENTERED", "on": true}).MustContain(`"setVehicleMessages":null`).MustNotContain(`"on":true`)
		}
		other.Asks(setMessages, servertest.Vars{"v": car, "k": "ENTERED", "on": true}).MustBeRefused("NOT_FOUND")
		quiet.Asks(`{ viewer { vehicles { messageSettings { kind on } } } }`).OK().MustContain(`{"kind":"ENTERED","on":false}`)
		quiet.Asks(setMessages, servertest.Vars{"v": car, "k": "BOUND_BY_ANOTHER", "on": false}).MustBeRefused("GRAPHQL_VALIDATION_FAILED")
	})
}

func TestWithoutTheConsentToTrackingNothingNewIsShownOrTold(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		private, other := h.Driver("APP"), h.Bound("APP", "粤B12345")
		binding := h.Row(private.Binds("粤B12345"))
		gate := h.Gate("WXC")
		gate.Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		err := h.Store.WithTx(h.AsSystem(), func(ctx context.Context, tx *ent.Tx) error {
			return tx.VehicleBinding.Update().Where(vehiclebinding.ID(binding)).SetTracked(false).Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		h.Clock.Pass(3 * time.Minute)
		gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		h.Clock.Pass(3 * time.Minute)
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		for c, want := range map[*servertest.Client]int{private: 1, other: 2} {
			if n := len(c.Asks(told).OK().At("viewer.sessions.edges").([]any)); n != want {
				t.Errorf("%d stays are seen, not %d", n, want)
			}
		}
		private.Asks(told).OK().MustContain(`"ENTERED"`).MustNotContain(`"EXITED"`)
		other.Asks(told).OK().MustContain(`"EXITED"`)
	})
}
