package server_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"parkbff/internal/parking/lotfile"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	ownPermits = `{ viewer { permits(first: 5) { edges { node {
		id state endsAt plates lot { code } plan { title } periods(first: 5) { edges { node { id startsAt endsAt priceFen state } } }
	} } } } }`
	permitPlans   = `{ lot(code: "WXC") { permitPlans(first: 5) { edges { node { id kind title bay priceFen renewal months left } } } } }`
	permitRenewal = `query($id: ID!, $n: Int) { permitRenewal(permitId: $id, periods: $n) { startsAt endsAt amountFen } }`
	renewPermit   = `mutation($in: RenewPermitInput!) { renewPermit(input: $in) { order { id dueFen } userErrors { code field message } } }`
	rentSpace     = `mutation($in: RentSpaceInput!) { rentSpace(input: $in) { order { id dueFen } userErrors { code field message } } }`
	publishPlan   = `mutation($in: PublishPermitPlanInput!) { publishPermitPlan(input: $in) { plan { id } userErrors { code field message } } }`
	setPlates     = `mutation($in: SetPermitPlatesInput!) { setPermitPlates(input: $in) { permit { id plates } userErrors { code field message } } }`
	listPlate     = `mutation($in: ListPlateInput!) { listPlate(input: $in) { right { id kind plate plateColor reason endsAt } userErrors { code field message } } }`
	endRight      = `mutation($id: ID!) { endPlateRight(input: {rightId: $id}) { right { id endsAt } userErrors { code } } }`
	inviteVisitor = `mutation($in: InviteVisitorInput!) { inviteVisitor(input: $in) { right { id kind plate } userErrors { code field message } } }`
	plateRights   = `query($k: PlateRightKind) { plateRights(lotCode: "WXC", kind: $k, first: 5) { edges { node { id plate reason } } } }`
	ownVisitors   = `{ viewer { visitors(first: 5) { edges { node { id plate } } } } }`
	nodeOnly      = `query($id: ID!) { node(id: $id) { id } }`
)

// buysAndPays has a driver buy a permit of a plan for a plate and answers its vehicle's id and its permit's.
func buysAndPays(h *servertest.House, c *servertest.Client, plan, plate string) (car, permit string) {
	car = c.Binds(plate)
	order := c.BuysPermit(plan, car).OK().MustContain(`"kind":"PERMIT","state":"OPEN","dueFen":30000,"plate":null`).
		String("buyPermit.order.id")
	h.WechatTakes(c.Begins(servertest.Order{ID: order}))
	return car, c.Asks(ownPermits).OK().String("viewer.permits.edges.0.node.id")
}

func TestAMonthlyCardIsBoughtAndItsCarLeavesForNothing(t *testing.T) {
	testkit.Covers(t, "R021")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		plan := h.SellsPermits("WXC", 5, nil)
		h.Anonymous().Asks(permitPlans).OK().MustContain(plan, `"kind":"MONTHLY","title":"月卡","bay":null,"priceFen":30000,"renewal":"ROLLING","months":1,"left":5`)
		owner, other := h.Driver("APP"), h.Driver("APP")
		h.Anonymous().BuysPermit(plan, owner.Binds("粤B54321")).MustBeRefused("UNAUTHENTICATED")
		_, permit := buysAndPays(h, owner, plan, "粤B12345")
		owner.Asks(ownPermits).OK().MustContain(`"state":"ACTIVE"`, `"plates":["粤B12345"]`, `"state":"RUNNING"`, `"code":"WXC"`)
		for _, c := range []*servertest.Client{other, h.Anonymous(), h.Staff("WXC")} {
			c.Asks(ownPermits).MustNotContain(permit, "粤B12345")
			c.Asks(nodeOnly, servertest.Vars{"id": permit}).OK().MustContain(`"node":null`)
		}
		other.BuysPermit(plan, other.Binds("粤B67890")).OK()
		gate := h.Gate("WXC")
		gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		h.Clock.Pass(2 * time.Hour)
		h.Gate("WXC").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"decision":"RELEASE"`, `"reason":"NOTHING_DUE"`)
		mustBalance(t, h, 1)
	})
}

func TestAMonthlyCardIsRenewedFromTheLaterOfTodayAndItsEnd(t *testing.T) {
	testkit.Covers(t, "R033", "R021")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Driver("APP")
		_, permit := buysAndPays(h, owner, h.SellsPermits("WXC", 5, nil), "粤B12345")
		ends := owner.Asks(ownPermits).OK().String("viewer.permits.edges.0.node.endsAt")
		term := owner.Asks(permitRenewal, servertest.Vars{"id": permit, "n": 2}).OK().MustContain(`"startsAt":"`+ends+`"`, `"amountFen":60000`).
			String("permitRenewal.endsAt")
		h.Driver("APP").Asks(permitRenewal, servertest.Vars{"id": permit, "n": 2}).MustBeRefused("NOT_FOUND")
		renewing := servertest.Vars{"in": servertest.Vars{"idempotencyKey": "more", "permitId": permit, "periods": 2}}
		h.Driver("APP").Asks(renewPermit, renewing).MustBeRefused("NOT_FOUND")
		order := owner.Asks(renewPermit, renewing).OK().MustContain(`"dueFen":60000`).String("renewPermit.order.id")
		owner.Asks(ownPermits).OK().MustNotContain(`"UNUSED"`)
		h.WechatTakes(owner.Begins(servertest.Order{ID: order}))
		owner.Asks(ownPermits).OK().MustContain(`"endsAt":"`+term+`"`, `"state":"UNUSED"`)

		h.Clock.Pass(120 * 24 * time.Hour)
		owner = h.SignIn(owner.Mobile, "APP")
		today := h.Clock.Now().In(time.FixedZone("", 8*60*60)).Format("2006-01-02") + "T00:00:00+08:00"
		owner.Asks(permitRenewal, servertest.Vars{"id": permit, "n": 1}).OK().MustContain(`"startsAt":"` + today + `"`)
		owner.Asks(ownPermits).OK().MustContain(`"state":"ENDED"`, `"state":"OVER"`)
		mustBalance(t, h, 2)
	})
}

func TestTheLastMonthlyCardIsOrderedByOneOfManyAndABayIsRentedOnce(t *testing.T) {
	testkit.Covers(t, "R021")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		plan, bay := h.SellsPermits("WXC", 1, nil), h.SellsPermits("WXC", 1, servertest.Vars{"bay": "B-012"})
		type buyer struct {
			*servertest.Client
			car string
		}
		var buyers []buyer
		for _, plate := range []string{"粤B11111", "粤B22222", "粤B33333", "粤B44444"} {
			c := h.Driver("APP")
			buyers = append(buyers, buyer{c, c.Binds(plate)})
		}
		for name, order := range map[string]func(b buyer) *servertest.Answer{
			"a permit": func(b buyer) *servertest.Answer { return b.BuysPermit(plan, b.car) },
			"a bay": func(b buyer) *servertest.Answer {
				return b.Asks(rentSpace, servertest.Vars{"in": servertest.Vars{"idempotencyKey": "bay", "planId": bay, "vehicleId": b.car}})
			},
		} {
			answers := make([]*servertest.Answer, len(buyers))
			var all sync.WaitGroup
			for i, b := range buyers {
				all.Go(func() { answers[i] = order(b) })
			}
			all.Wait()
			made := 0
			for _, answer := range answers {
				if !slices.Contains(answer.Codes(), "PERMITS_SOLD_OUT") {
					answer.OK()
					made++
				}
			}
			if made != 1 {
				t.Errorf("%s was ordered %d times", name, made)
			}
		}
		buyers[0].BuysPermit(bay, buyers[0].car).MustBeRefused("PERMITS_SOLD_OUT") // a bay is rented, not bought
	})
}

func TestPermitsAreSoldByManagersOfALotThatOffersThem(t *testing.T) {
	testkit.Covers(t, "R021")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		bare := servertest.Lot("WXB", "万象北停车场")
		bare.Capabilities = nil
		if err := h.Parking.Import(t.Context(), []lotfile.Lot{bare}); err != nil {
			t.Fatal(err)
		}
		plan := func(lot string) servertest.Vars {
			return servertest.Vars{"in": servertest.Vars{
				"idempotencyKey": "plan", "lotCode": lot, "title": "月卡", "priceFen": 1, "rule": servertest.Vars{"renewal": "CALENDAR_MONTH"},
				"stock": 1, "soldUntil": h.Clock.Now().Add(time.Hour).Format(time.RFC3339),
			}}
		}
		h.Staff("WXC").Asks(publishPlan, plan("WXC")).MustBeRefused("FORBIDDEN")
		h.Hires("MANAGER", "WXT", "").Asks(publishPlan, plan("WXC")).MustBeRefused("FORBIDDEN")
		h.Hires("MANAGER", "WXB", "").Asks(publishPlan, plan("WXB")).MustBeRefused("NOT_OFFERED_BY_LOT")
		h.Hires("MANAGER", "WXC", "").Asks(publishPlan, plan("WXC")).OK()
	})
}

func TestNBaysForMPlatesAndTheNextPaysAsAVisitor(t *testing.T) {
	testkit.Covers(t, "P11")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Driver("APP")
		_, permit := buysAndPays(h, owner, h.SellsPermits("WXC", 1, servertest.Vars{"bays": 1, "plates": 2}), "粤B12345")
		plates := servertest.Vars{"in": servertest.Vars{"permitId": permit, "plates": []any{
			servertest.Vars{"plate": "粤B12345"}, servertest.Vars{"plate": "粤B54321"},
		}}}
		h.Driver("APP").Asks(setPlates, plates).MustBeRefused("NOT_FOUND")
		owner.Asks(setPlates, plates).OK().MustContain(`"plates":["粤B12345","粤B54321"]`)
		h.Gate("WXC").Sees("粤B54321", servertest.Entering, h.Clock.Now()).OK()
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		h.Clock.Pass(time.Hour)
		h.Gate("WXC").Sees("粤B54321", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"NOTHING_DUE"`)
		h.Gate("WXC").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"PAYMENT_DUE"`)
	})
}

func TestALotListsExemptAndBlockedCarsAndVisitors(t *testing.T) {
	testkit.Covers(t, "P11")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		manager, staff := h.Hires("MANAGER", "WXC", ""), h.Staff("WXC")
		listing := func(plate, kind string) servertest.Vars {
			return servertest.Vars{"in": servertest.Vars{"lotCode": "WXC", "plate": plate, "kind": kind, "reason": "消防通道"}}
		}
		staff.Asks(listPlate, listing("粤B11111", "BLOCKED")).MustBeRefused("FORBIDDEN")
		manager.Asks(listPlate, listing("粤B11111", "PERMIT")).MustBeRefused("INVALID_PLATE_RIGHT")
		blocked := manager.Asks(listPlate, listing("粤B11111", "BLOCKED")).OK().MustContain(`"plate":"粤B11111"`, "消防通道").String("listPlate.right.id")
		manager.Asks(listPlate, listing("粤B22222", "EXEMPT")).OK()
		staff.Asks(plateRights, servertest.Vars{"k": "BLOCKED"}).OK().MustContain(blocked, "粤B11111").MustNotContain("粤B22222")
		for _, c := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Staff("WXT")} {
			c.Asks(plateRights, servertest.Vars{"k": "BLOCKED"}).MustNotContain(blocked, "粤B11111")
			c.Asks(nodeOnly, servertest.Vars{"id": blocked}).OK().MustContain(`"node":null`)
			c.Asks(endRight, servertest.Vars{"id": blocked}).MustBeRefused("NOT_FOUND")
		}
		gate := h.Gate("WXC")
		gate.Sees("粤B11111", servertest.Entering, h.Clock.Now()).OK().MustContain(`"decision":"HOLD"`, `"reason":"BLOCKED"`)
		gate.Sees("粤B22222", servertest.Entering, h.Clock.Now()).OK().MustContain(`"RELEASE"`)

		visit := servertest.Vars{"in": servertest.Vars{"lotCode": "WXC", "plate": "粤B33333", "until": h.Clock.Now().Add(24 * time.Hour).Format(time.RFC3339)}}
		owner := h.Driver("APP")
		owner.Asks(inviteVisitor, visit).MustBeRefused("FORBIDDEN")
		buysAndPays(h, owner, h.SellsPermits("WXC", 1, nil), "粤B12345")
		invited := owner.Asks(inviteVisitor, visit).OK().MustContain(`"kind":"VISITOR"`).String("inviteVisitor.right.id")
		owner.Asks(ownVisitors).OK().MustContain(invited, "粤B33333").MustNotContain("粤B12345")
		h.Driver("APP").Asks(ownVisitors).OK().MustNotContain(invited)
		gate.Sees("粤B33333", servertest.Entering, h.Clock.Now()).OK()
		h.Clock.Pass(3 * time.Hour)
		for _, plate := range []string{"粤B22222", "粤B33333"} {
			h.Gate("WXC").Sees(plate, servertest.Leaving, h.Clock.Now()).OK().MustContain(`"NOTHING_DUE"`)
		}
		manager.SignsIn()
		manager.Asks(endRight, servertest.Vars{"id": blocked}).OK()
		h.Gate("WXC").Sees("粤B11111", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"PAYMENT_DUE"`)
	})
}
