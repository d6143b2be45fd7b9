package server_test

import (
	"fmt"
	"testing"
	"time"

	"parkbff/ent/staffrole"
	"parkbff/internal/identity/staffing"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	wholeShift = `id lotCode staff state openedAt closedAt closedBy floatFen takenFen refundedFen expectedFen countedFen differenceFen payments note
		movements(first: 5) { edges { node { id refund number amountFen reason bookedAt } } }
		openings(first: 5) { edges { node { kind reason sentAt } } }`
	lotShifts   = `{ lot(code: "WXC") { shifts(first: 10) { edges { node { ` + wholeShift + ` } } } } }`
	shiftNode   = `query($id: ID!) { node(id: $id) { ... on Shift { ` + wholeShift + ` } } }`
	closeShift  = `mutation($in: CloseShiftInput!) { closeShift(input: $in) { shift { ` + wholeShift + ` } userErrors { code field message } } }`
	handOver    = `mutation($in: HandOverShiftInput!) { handOverShift(input: $in) { shift { ` + wholeShift + ` } userErrors { code field message } } }`
	acceptShift = `mutation($id: ID!) { acceptShift(input: {shiftId: $id}) { shift { ` + wholeShift + ` } userErrors { code field message } } }`
	gateOrder   = `mutation($in: SendGateCommandInput!) { sendGateCommand(input: $in) { command { id } userErrors { code } } }`
)

func cashOf(stay string, fen int64) servertest.Vars {
	return servertest.Vars{"in": servertest.Vars{"idempotencyKey": stay[:20], "sessionId": stay, "amountFen": fen}}
}

func countOf(shift string, fen int64) servertest.Vars {
	return servertest.Vars{"idempotencyKey": "count", "shiftId": shift, "countedFen": fen, "note": "少了一张"}
}

func TestAShiftShowsWhatCashCameAndWentAndWhatWasOpenedByHand(t *testing.T) {
	testkit.Covers(t, "P10")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		attendant, manager := h.Hires("ATTENDANT", "WXC", ""), h.Hires("MANAGER", "WXC", "")
		_, _, stay := wanting(h, "粤B12345")
		attendant.Asks(takeCash, cashOf(stay, 1000)).MustBeRefused("SHIFT_REQUIRED")
		also := "WXT"
		_, err := h.House.Staff.Invite(h.AsSystem(), staffing.Appointment{Label: attendant.Label, Post: staffing.Post{
			Role: staffrole.RoleATTENDANT, LotCode: &also,
		}})
		if err != nil {
			t.Fatal(err)
		}
		orders := func(who *servertest.Worker, lot, kind, reason string) {
			in := servertest.Vars{"idempotencyKey": fmt.Sprint(h.Clock.Now().Unix()), "lotCode": lot, "gateCode": "G1", "kind": kind, "reason": reason}
			if kind == "DISPLAY" {
				in["text"] = "请稍候"
			}
			h.Clock.Pass(time.Second)
			who.Asks(gateOrder, servertest.Vars{"in": in}).OK()
		}
		byHand := func(reason string) { orders(attendant, "WXC", "OPEN", reason) }
		byHand("消防演习")
		h.Clock.Pass(time.Minute)
		shift := attendant.OpensShift("WXC", 5000)
		byHand("救护车")
		orders(attendant, "WXC", "DISPLAY", "告知司机")
		orders(attendant, "WXT", "OPEN", "别的车场")
		orders(manager, "WXC", "OPEN", "别人开的")
		order := attendant.Asks(takeCash, cashOf(stay, 1000)).OK().String("takeCash.order.id")
		giveBack := servertest.Vars{"in": servertest.Vars{"idempotencyKey": "b", "orderId": order, "amountFen": 300, "reason": "多收"}}
		manager.StepsUp()
		manager.Asks(refundOrder, giveBack).MustBeRefused("SHIFT_REQUIRED")
		other := manager.OpensShift("WXC", 200)
		manager.Asks(refundOrder, giveBack).MustBeRefused("DRAWER_TOO_LOW")
		manager.Asks(closeShift, servertest.Vars{"in": countOf(other, 200)}).OK().MustContain(`"differenceFen":0`)
		other = manager.OpensShift("WXC", 500)
		manager.Asks(refundOrder, giveBack).OK().MustContain(`"refundedFen":300`)
		manager.Asks(shiftNode, servertest.Vars{"id": other}).OK().
			MustContain(`"expectedFen":200`, `"payments":0`, `"refund":true`, `"amountFen":300,"reason":"多收"`)

		whole := []string{
			`"lotCode":"WXC","staff":"` + attendant.Label + `","state":"OPEN"`, `"floatFen":5000,"takenFen":1000,"refundedFen":0,"expectedFen":6000,"countedFen":null`,
			`"payments":1`, `"refund":false`, `"amountFen":1000,"reason":null`, `{"kind":"OPEN","reason":"救护车","sentAt":`,
		}
		attendant.Asks(lotShifts).OK().MustContain(whole...).MustNotContain("消防演习", "告知司机", "别的车场", "别人开的", manager.Label)
		attendant.Asks(shiftNode, servertest.Vars{"id": shift}).OK().MustContain(whole...)
		manager.Asks(lotShifts).OK().MustContain(whole...).MustContain(manager.Label)

		h.Clock.Pass(time.Minute)
		attendant.Asks(closeShift, servertest.Vars{"in": countOf(shift, 5990)}).OK().
			MustContain(`"state":"CLOSED"`, `"closedBy":"`+attendant.Label+`"`, `"countedFen":5990,"differenceFen":-10`, `"note":"少了一张"`)
		byHand("救护车又来")
		attendant.Asks(closeShift, servertest.Vars{"in": countOf(shift, 5990)}).OK().MustContain(`"differenceFen":-10`).MustNotContain("又来")
		_, _, stay = wanting(h, "粤B54321")
		attendant.Asks(takeCash, cashOf(stay, 1000)).MustBeRefused("SHIFT_REQUIRED")
		mustBalance(t, h, 8)
	})
}

func TestAShiftIsHandedOverToWhoAcceptsIt(t *testing.T) {
	testkit.Covers(t, "P10")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		early, late := h.Hires("ATTENDANT", "WXC", ""), h.Hires("ATTENDANT", "WXC", "")
		elsewhere := h.Hires("ATTENDANT", "WXT", "")
		shift := early.OpensShift("WXC", 1000)
		in := countOf(shift, 990)
		in["successor"] = elsewhere.Label
		early.Asks(handOver, servertest.Vars{"in": in}).MustBeRefused("UNKNOWN_SUCCESSOR")
		in["successor"] = late.Label
		late.Asks(handOver, servertest.Vars{"in": in}).MustBeRefused("NOT_FOUND")
		for range 2 {
			early.Asks(handOver, servertest.Vars{"in": in}).OK().MustContain(`"state":"CLOSED"`, `"differenceFen":-10`)
		}
		given := late.Asks(lotShifts).OK().MustContain(`"state":"OFFERED"`, `"openedAt":null`, `"floatFen":990`).MustNotContain(shift).
			String("lot.shifts.edges.0.node.id")
		_, _, stay := wanting(h, "粤B12345")
		late.Asks(takeCash, cashOf(stay, 1000)).MustBeRefused("SHIFT_REQUIRED")
		early.Asks(acceptShift, servertest.Vars{"id": given}).MustBeRefused("NOT_FOUND")
		elsewhere.Asks(acceptShift, servertest.Vars{"id": given}).MustBeRefused("NOT_FOUND")
		h.Hires("MANAGER", "WXC", "").Asks(acceptShift, servertest.Vars{"id": given}).MustBeRefused("FORBIDDEN")
		late.Asks(acceptShift, servertest.Vars{"id": given}).OK().MustContain(`"state":"OPEN"`)
		late.Asks(takeCash, cashOf(stay, 1000)).OK()
		late.Asks(shiftNode, servertest.Vars{"id": given}).OK().MustContain(`"expectedFen":1990`)
		h.Hires("MANAGER", "WXC", "").Asks(closeShift, servertest.Vars{"in": countOf(given, 1990)}).OK().MustContain(`"differenceFen":0`)
		mustBalance(t, h, 5)
	})
}

func TestNobodyButItsStaffAndTheLotsManagersSeesOrClosesAShift(t *testing.T) {
	testkit.Covers(t, "P10")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		mine := h.Hires("ATTENDANT", "WXC", "")
		shift := mine.OpensShift("WXC", 1000)
		_, _, stay := wanting(h, "粤B12345")
		mine.Asks(takeCash, cashOf(stay, 1000)).OK()
		moved := mine.Asks(lotShifts).OK().String("lot.shifts.edges.0.node.movements.edges.0.node.id")
		const movement = `query($id: ID!) { node(id: $id) { ... on CashMovement { amountFen number } } }`
		mine.Asks(movement, servertest.Vars{"id": moved}).OK().MustContain(`"amountFen":1000`)
		h.Hires("MANAGER", "WXC", "").Asks(movement, servertest.Vars{"id": moved}).OK().MustContain(`"amountFen":1000`)
		for name, who := range map[string]struct {
			client       *servertest.Client
			closes, list string
		}{
			"colleague":        {h.Hires("ATTENDANT", "WXC", "").Client, "NOT_FOUND", `"edges":[]`},
			"foreign staff":    {h.Hires("ATTENDANT", "WXT", "").Client, "NOT_FOUND", "FACT_REQUIRED"},
			"foreign manager":  {h.Hires("MANAGER", "WXT", "").Client, "NOT_FOUND", "FACT_REQUIRED"},
			"administrator":    {h.Admin(), "NOT_FOUND", "FACT_REQUIRED"},
			"gate":             {h.Gate("WXC").Client, "FORBIDDEN", "FORBIDDEN"},
			"driver":           {h.Verified("APP", "粤B54321"), "FORBIDDEN", "FACT_REQUIRED"},
			"anonymous driver": {h.Anonymous(), "UNAUTHENTICATED", "FACT_REQUIRED"},
		} {
			t.Log(name)
			who.client.Asks(closeShift, servertest.Vars{"in": countOf(shift, 0)}).MustBeRefused(who.closes)
			who.client.Asks(acceptShift, servertest.Vars{"id": shift}).MustBeRefused(who.closes)
			who.client.Asks(shiftNode, servertest.Vars{"id": shift}).MustContain(`"node":null`)
			who.client.Asks(movement, servertest.Vars{"id": moved}).MustContain(`"node":null`)
			who.client.Asks(lotShifts).MustContain(who.list).MustNotContain(shift, mine.Label)
		}
		open := servertest.Vars{"in": servertest.Vars{"idempotencyKey": "x", "lotCode": "WXC", "floatFen": 0}}
		for want, who := range map[string]*servertest.Client{
			"UNAUTHENTICATED": h.Anonymous(), "FORBIDDEN": h.Hires("MANAGER", "WXT", "").Client, "SHIFT_OPEN": mine.Client,
		} {
			who.Asks(servertest.OpenShift, open).MustBeRefused(want)
		}
	})
}

func TestTheExportSumsToTheLedgerWithDrawers(t *testing.T) {
	testkit.Covers(t, "P10", "P12")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		manager := h.Hires("MANAGER", "WXC", "")
		shift := manager.OpensShift("WXC", 5000)
		_, _, stay := wanting(h, "粤B12345")
		manager.Asks(takeCash, cashOf(stay, 1000)).OK()
		const export = `{ ledgerExport(lotCode: "WXC", from: "2026-11-21", to: "2026-11-22") { csv entries earnedFen } }`
		manager.Asks(export).OK().MustContain(`"entries":2,"earnedFen":1000`, `sum,,,,DRAWER,,60.00,`, `sum,,,,LOT,,,10.00`, `sum,,,,SAFE,,,50.00`)
		manager.Asks(closeShift, servertest.Vars{"in": countOf(shift, 5900)}).OK()
		manager.Asks(export).OK().MustContain(`"entries":3,"earnedFen":1000`, `SHIFT_CLOSED,,DRAWER,,,60.00`,
			`sum,,,,CASH_DIFFERENCE,,1.00,`, `sum,,,,DRAWER,,0.00,`, `sum,,,,LOT,,,10.00`, `sum,,,,SAFE,,9.00,`)
		mustBalance(t, h, 3)
	})
}
