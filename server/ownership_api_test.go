package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	inviteCoDriver = `mutation($id: ID!) {
		inviteCoDriver(input: {vehicleId: $id}) { code expiresAt userErrors { code field message } }
	}`
	acceptInvitation = `mutation($c: String!, $t: Boolean! = true) {
		acceptCoDriverInvitation(input: {code: $c, trackConsent: $t}) {
			vehicle { id plate verified coDriven coDrivers { id } } viewer { tier } userErrors { code field message }
		}
	}`
	removeCoDriver = `mutation($id: ID!) {
		removeCoDriver(input: {coDriverId: $id}) { vehicle { id coDrivers { id } } userErrors { code } }
	}`
	sharedWith = `{ viewer { vehicles { id coDriven coDrivers { id mobile boundAt } } } }`
	// allOfStay is every way to a stay that is known by its id, and to all that an account has of its cars.
	allOfStay = `query($stay: ID!) {
		node(id: $stay) { id }
		viewer {
			vehicles { id plate } sessions { edges { node { id } } } openSessions { edges { node { id } } }
			notices { edges { node { kind } } }
		}
	}`
	quoteStay = `query($stay: ID!) { quote(input: {stay: $stay}) { __typename } }`
)

// invites answers the code of an invitation to a vehicle.
func invites(owner *servertest.Client, car string) string {
	return owner.Asks(inviteCoDriver, servertest.Vars{"id": car}).OK().String("inviteCoDriver.code")
}

// knowsNothing fails the test unless the client, its subscription included, sees nothing of a car whose
// stay it may have seen, while that car leaves and comes back.
func knowsNothing(t *testing.T, h *servertest.House, c *servertest.Client, open *servertest.Watch, stay, plate string) {
	t.Helper()
	gate := h.Gate("WXC")
	h.Clock.Pass(2 * time.Minute)
	gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
	h.Clock.Pass(2 * time.Minute)
	gate.Sees(plate, servertest.Entering, h.Clock.Now()).OK()
	open.Quiet(300 * time.Millisecond)
	c.Asks(allOfStay, servertest.Vars{"stay": stay}).OK().
		MustContain(`"node":null`, `"vehicles":[]`, `"sessions":{"edges":[]}`, `"openSessions":{"edges":[]}`).
		MustNotContain(`"ENTERED"`, `"EXITED"`, plate)
	c.Asks(quoteStay, servertest.Vars{"stay": stay}).MustBeRefused("NOT_FOUND").MustNotContain("Payable", plate)
	c.Asks(`query($id: ID!) { nodes(ids: [$id]) { id } }`, servertest.Vars{"id": stay}).OK().MustContain(`{"nodes":[null]}`)
}

func TestAnEvictedBinderSeesNothingOfTheCarFromThatMoment(t *testing.T) {
	testkit.Covers(t, "R064")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		early := h.Bound("APP", plate)
		stay := h.Gate("WXC").Sees(plate, servertest.Entering, servertest.Morning).OK().String("recordObservation.session.id")
		early.Asks(allOfStay, servertest.Vars{"stay": stay}).OK().MustContain(stay, `"ENTERED"`) // before
		open := early.Watches(noticed)
		owner := h.Driver("APP")
		car := owner.Binds(plate)
		open.Next().MustContain(`"BOUND_BY_ANOTHER"`)
		told := owner.Watches(noticed)
		owner.Verifies(car, plate)
		open.Next().MustContain(`"EVICTED"`, "粤B***45").MustNotContain(plate, owner.Mobile)
		knowsNothing(t, h, early, open, stay, plate)
		told.Next().MustContain(`"kind":"ENTERED"`, plate, `"lotName":"万象城停车场"`) // the owner's stay began after binding
	})
}

func TestACoDriverSeesStaysMaskedAndLosesTheCarAtOnce(t *testing.T) {
	testkit.Covers(t, "P17")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const plate = "粤B12345"
		owner, guest, gate := h.Verified("APP", plate), h.Driver("APP"), h.Gate("WXC")
		car := owner.Asks(vehicles).OK().String("viewer.vehicles.0.id")
		before := gate.Sees(plate, servertest.Entering, servertest.Morning).OK().String("recordObservation.session.id")
		h.Clock.Pass(3 * time.Minute)
		gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK()

		made := owner.Asks(inviteCoDriver, servertest.Vars{"id": car}).OK().MustContain(`"expiresAt":"2026-11-22T09:03:00+08:00"`)
		code := made.String("inviteCoDriver.code")
		shared := guest.Asks(acceptInvitation, servertest.Vars{"c": code}).OK().
			MustContain(`"plate":"粤B12345","verified":false,"coDriven":true,"coDrivers":[]`, `"tier":"FOLLOWED"`)
		sharedID := shared.String("acceptCoDriverInvitation.vehicle.id")
		guest.Asks(inviteCoDriver, servertest.Vars{"id": sharedID}).MustBeRefused("FACT_REQUIRED").MustContain(`"fact":"VERIFIED"`, `{"inviteCoDriver":null}`)
		guest.Shows(sharedID, servertest.PapersFor(plate)).MustBeRefused("PLATE_PROTECTED")

		open := guest.Watches(noticed)
		h.Clock.Pass(time.Minute)
		stay := gate.Sees(plate, servertest.Entering, h.Clock.Now()).OK().String("recordObservation.session.id")
		open.Next().MustContain(`"ENTERED"`, "粤B***45", `"occurredAt":"2026-11-21T06:00:00+08:00"`).MustNotContain(plate, "万象城", "09:04")
		guest.Asks(`{ viewer { sessions { edges { node { id plate lotName lot { id } enteredAt } } } } }`).OK().
			MustContain(stay, "粤B***45", `"lot":null`).MustNotContain(before, "万象城", plate, "09:04")

		listed := owner.Asks(sharedWith).OK().MustContain(`"mobile":"139****`, `"boundAt":"2026-11-21T09:03:00+08:00"`).MustNotContain(guest.Mobile)
		guestID := listed.String("viewer.vehicles.0.coDrivers.0.id")
		owner.Asks(removeCoDriver, servertest.Vars{"id": guestID}).OK().MustContain(`"coDrivers":[]`)
		open.Next().MustContain(`"CO_DRIVER_REMOVED"`, "粤B***45").MustNotContain(plate, owner.Mobile)
		knowsNothing(t, h, guest, open, stay, plate)
		guest.Asks(bindPlate, binding(plate, "", true)).MustBeRefused("PLATE_PROTECTED")
		guest.Asks(acceptInvitation, servertest.Vars{"c": code}).MustBeRefused("INVITATION_INVALID")
		mustNotBeKept(t, h, strings.ReplaceAll(code, "-", ""), code)
	})
}

func TestCoDriversAreTheOwnersToSee(t *testing.T) {
	testkit.Covers(t, "P17")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner, guest, stranger := h.Verified("APP", "粤B12345"), h.Driver("APP"), h.Verified("APP", "粤B54321")
		car := owner.Asks(vehicles).OK().String("viewer.vehicles.0.id")
		for _, c := range []*servertest.Client{guest, stranger} {
			c.Asks(inviteCoDriver, servertest.Vars{"id": car}).MustBeRefused("NOT_FOUND").MustContain(`{"inviteCoDriver":null}`)
		}
		code := invites(owner, car)
		h.Anonymous().Asks(acceptInvitation, servertest.Vars{"c": code}).MustBeRefused("UNAUTHENTICATED").MustNotContain("12345")
		guest.Asks(acceptInvitation, servertest.Vars{"c": code, "t": false}).
			MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"MOVEMENT_TRACK"`).MustNotContain("12345")
		owner.Asks(acceptInvitation, servertest.Vars{"c": code}).MustBeRefused("INVITATION_INVALID").MustContain(`"field":"code"`)
		guest.Asks(acceptInvitation, servertest.Vars{"c": code}).OK()

		id := owner.Asks(sharedWith).OK().String("viewer.vehicles.0.coDrivers.0.id")
		byID := `query($id: ID!) { node(id: $id) { ... on CoDriver { mobile } } }`
		owner.Asks(byID, servertest.Vars{"id": id}).OK().MustContain(`"mobile":"139****`)
		for _, other := range []*servertest.Client{guest, stranger, h.Anonymous(), h.Staff("WXC"), h.Gate("WXC").Client} {
			other.Asks(byID, servertest.Vars{"id": id}).OK().MustContain(`{"node":null}`)
			other.Asks(removeCoDriver, servertest.Vars{"id": id}).MustContain(`{"removeCoDriver":null}`)
		}
		guest.Asks(sharedWith).OK().MustContain(`"coDriven":true,"coDrivers":[]`)

		open := invites(owner, car)
		told := guest.Watches(noticed)
		owner.Asks(unbindPlate, servertest.Vars{"id": car}).OK()
		told.Next().MustContain(`"CO_DRIVER_REMOVED"`)
		guest.Asks(`{ viewer { vehicles { id } } }`).OK().MustContain(`"vehicles":[]`)
		guest.Asks(acceptInvitation, servertest.Vars{"c": open}).MustBeRefused("INVITATION_INVALID")
	})
}

func TestAVerifiedOwnerSeesTheFullNameAndHidesSingleRecords(t *testing.T) {
	testkit.Covers(t, "R065")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner, gate := h.Verified("APP", "粤B12345"), h.Gate("WXC")
		first := gate.Sees("粤B12345", servertest.Entering, servertest.Morning).OK().String("recordObservation.session.id")
		h.Clock.Pass(2 * time.Minute)
		gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		h.Clock.Pass(2 * time.Minute)
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		const names = `{ viewer { sessions { edges { node { lotName } } } notices { edges { node { lotName } } } } }`
		if n := strings.Count(owner.Asks(names).OK().Text, "万象城停车场"); n != 5 {
			t.Errorf("the name stands %d times, not 5", n)
		}
		owner.Asks(`mutation($id: ID!) { setSessionHidden(input: {sessionId: $id, hidden: true}) { session { lotName } userErrors { code } } }`,
			servertest.Vars{"id": first}).OK().MustNotContain("万象城")
		if n := strings.Count(owner.Asks(names).OK().Text, "万象城停车场"); n != 2 {
			t.Errorf("the name stands %d times, not 2", n)
		}
	})
}
