package server_test

import (
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	ownMembership = `{ viewer { membership { level points owedPoints expiringPoints nextLevelPoints
		ledger(first: 5) { edges { node { id kind points balance day expiresAt orderId } } pageInfo { hasNextPage } } } } }`
)

// joins has a client take part in membership.
func joins(c *servertest.Client) *servertest.Client {
	c.House.T.Helper()
	c.Asks(grantConsent, agreeing("MEMBERSHIP", firstVersion, "")).OK()
	return c
}

// parksAndPays has a client pay ten yuan for two hours of a car in WXC, and answers the order.
func parksAndPays(c *servertest.Client, plate string) servertest.Order {
	c.House.T.Helper()
	gate := c.House.Gate("WXC")
	stay := idOf(gate.Sees(plate, servertest.Entering, c.House.Clock.Now().Add(-2*time.Hour)).OK())
	order := c.House.PaysAll(c, stay)
	gate.Sees(plate, servertest.Leaving, c.House.Clock.Now()).OK()
	return order
}

func TestPayingForParkingEarnsPointsOnceOneHasAskedForIt(t *testing.T) {
	testkit.Covers(t, "R018", "R038")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Anonymous().Asks(ownMembership).OK().MustContain(`"membership":null`)
		h.Staff("WXC").Asks(ownMembership).OK().MustContain(`"membership":null`)
		payer := h.Driver("APP")
		payer.Asks(ownMembership).MustBeRefused("CONSENT_REQUIRED").MustContain(`"purpose":"MEMBERSHIP"`)
		parksAndPays(payer, "粤B11111") // before
		joins(payer).Asks(ownMembership).OK().MustContain(`"level":"ORDINARY","points":0`, `"nextLevelPoints":500`, `"edges":[]`)

		order := parksAndPays(payer, "粤B22222")
		got := payer.Asks(ownMembership).OK().MustContain(`"points":10,"owedPoints":0,"expiringPoints":0,"nextLevelPoints":490`,
			`"kind":"EARNED","points":10,"balance":10,"day":"2026-11-21","expiresAt":"2027-12-01T00:00:00+08:00","orderId":"`+order.ID+`"`)
		entry := got.String("viewer.membership.ledger.edges.0.node.id")
		payer.Asks(nodeOnly, servertest.Vars{"id": entry}).OK().MustContain(entry)
		other := joins(h.Driver("APP"))
		other.Asks(ownMembership).OK().MustContain(`"points":0`).MustNotContain(entry, order.ID)
		for _, c := range []*servertest.Client{other, h.Anonymous(), h.Staff("WXC")} {
			c.Asks(nodeOnly, servertest.Vars{"id": entry}).OK().MustContain(`"node":null`)
		}

		payer.Asks(withdrawConsent, agreeing("MEMBERSHIP", "", "")).OK()
		payer.Asks(ownMembership).MustBeRefused("CONSENT_REQUIRED")
		parksAndPays(payer, "粤B33333") // after
		joins(payer).Asks(ownMembership).OK().MustContain(`"points":10`)
		mustAgree(t, h)
	})
}

func TestAnEntryTellsTheDayAndNotTheMinuteOfAStay(t *testing.T) {
	testkit.Covers(t, "R018")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		payer := joins(h.Bound("APP", "粤B12345"))
		parksAndPays(payer, "粤B12345")
		payer.Asks(ownMembership).OK().MustContain(`"points":10`).MustNotContain(
			"万象", "WXC", "12345", h.Clock.Now().In(time.FixedZone("", 8*60*60)).Format("15:04"), h.Clock.Now().UTC().Format("15:04"))
	})
}

func TestPointsOfWhatWentBackGoAndOthersLapse(t *testing.T) {
	testkit.Covers(t, "R018")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		payer := joins(h.Driver("APP"))
		order := parksAndPays(payer, "粤B22222")
		manager := h.Hires("MANAGER", "WXC", "")
		manager.Asks(refundOrder, servertest.Vars{"in": servertest.Vars{
			"idempotencyKey": "part", "orderId": order.ID, "amountFen": 350, "reason": "x",
		}}).OK()
		payer.Asks(ownMembership).OK().MustContain(`"points":6`, `"kind":"TAKEN_BACK","points":-4,"balance":6,"day":"2026-11-21","expiresAt":null,"orderId":"`+order.ID+`"`)
		h.Clock.Set(time.Date(2027, 11, 30, 16, 0, 0, 0, time.UTC))
		if err := h.Loyalty.Lapse(t.Context()); err != nil {
			t.Fatal(err)
		}
		h.SignIn(payer.Mobile, "APP").Asks(ownMembership).OK().MustContain(`"points":0`, `"kind":"EXPIRED","points":-6,"balance":0`)
		mustAgree(t, h)
	})
}

// mustAgree fails when memberships have other points than their entries say.
func mustAgree(t *testing.T, h *servertest.House) {
	t.Helper()
	offences, err := h.Loyalty.Prove(t.Context())
	if err != nil || len(offences) > 0 {
		t.Error(offences, err)
	}
}
