package server_test

import (
	"fmt"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	quotePlate = `query($at: PlateAtLotInput!) {
		quote(input: {plateAtLot: $at}) { __typename ... on Payable { amount expiresAt } ... on NothingToPay { expiresAt } }
	}`
	quoteLane = `query($lane: String!) { quote(input: {lane: $lane}) { __typename ... on Payable { amount expiresAt } } }`
)

func plateAtLot(plate, lot string) servertest.Vars {
	return servertest.Vars{"at": servertest.Vars{"plate": plate, "lotCode": lot}}
}

func TestAStrangerLearnsNothingButAnAmount(t *testing.T) {
	testkit.Covers(t, "R064")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate := h.Gate("WXC")
		h.Verified("APP", "粤B00004")
		for plate, entered := range map[string]string{"粤B00001": "09:00", "粤B00002": "10:00", "粤B00003": "09:00", "粤B00004": "09:00"} {
			at := servertest.At(entered)
			h.Clock.Set(at)
			stay := idOf(gate.Sees(plate, servertest.Entering, at))
			if plate == "粤B00003" {
				h.Clock.Set(servertest.At("09:59"))
				h.Pays(h.Driver("H5"), stay, 500)
			}
		}
		h.Clock.Set(servertest.At("10:10"))
		ask := func(c *servertest.Client, plate string) *servertest.Answer {
			t.Helper()
			return c.Asks(quotePlate, plateAtLot(plate, "WXC")).OK()
		}
		ask(h.Anonymous(), "粤B00001").MustContain(`{"__typename":"Payable","amount":1000,"expiresAt":"2026-11-21T10:15:00+08:00"}`).
			MustNotContain("00001", "万象", "09:00", "01:00")
		absent := ask(h.Anonymous(), "粤B99999").MustContain(`{"__typename":"NothingToPay","expiresAt":"2026-11-21T10:15:00+08:00"}`)
		stranger := h.Bound("APP", "粤B77777")
		for what, plate := range map[string]string{"free": "粤B00002", "paid": "粤B00003", "protected": "粤B00004"} {
			mustBeEqual(t, what+" asked by nobody", absent, ask(h.Anonymous(), plate))
			mustBeEqual(t, what+" asked by another driver", absent, ask(stranger, plate))
			mustBeEqual(t, what+" asked by another lot's staff", absent, ask(h.Staff("WXT"), plate))
		}
		mustBeEqual(t, "absent, asked by somebody who works at no lot", absent, ask(h.Admin(), "粤B99999"))
		mustBeEqual(t, "another lot", absent, h.Anonymous().Asks(quotePlate, plateAtLot("粤B00001", "WXT")).OK())
	})
}

func TestAskingAboutAPlateIsLimitedWhetherTheCarIsThereOrNot(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner, binder := h.Verified("H5", "粤B00004"), h.Bound("H5", "粤B00001")
		for _, plate := range []string{"粤B00001", "粤B00004"} {
			h.Gate("WXC").Sees(plate, servertest.Entering, servertest.Morning).OK()
		}
		h.Clock.Pass(time.Hour)
		owner, binder = owner.Refreshes(), binder.Refreshes()
		asks := func(c *servertest.Client, plate, lot string) *servertest.Answer {
			return c.Asks(quotePlate, plateAtLot(plate, lot))
		}
		var refused []*servertest.Answer
		for _, plate := range []string{"粤B00001", "粤B99999", "粤B00004"} {
			for range 3 {
				asks(h.Anonymous(), plate, "WXC").OK()
			}
			refused = append(refused, asks(h.Anonymous(), plate, "WXC").MustBeRefused("LANE_CODE_REQUIRED").MustNotContain(plate, "amount"))
		}
		mustBeEqual(t, "there and absent", refused[0], refused[1])
		mustBeEqual(t, "there and protected", refused[0], refused[2])
		asks(h.Driver("APP"), "粤B00001", "WXC").MustBeRefused("LANE_CODE_REQUIRED") // counted by plate, not by who asks
		asks(binder, "粤B00001", "WXC").MustBeRefused("LANE_CODE_REQUIRED")          // else it would tell in which lot the car is
		asks(owner, "粤B00004", "WXC").OK().MustContain(`"amount":500`)              // who sees the stay clear is exempt
		asks(h.Staff("WXC"), "粤B00001", "WXC").OK().MustContain(`"amount":500`)

		h.Clock.Pass(time.Hour + time.Second)
		asks(h.Anonymous(), "粤B00001", "WXC").OK().MustContain(`"amount":1000`)
		for _, lot := range []string{"WXT", "WXH"} {
			asks(h.Anonymous(), "粤B99999", lot).OK()
		}
		h.Clock.Pass(2 * time.Hour)
		asks(h.Anonymous(), "粤B99999", "WXR").MustBeRefused("LANE_CODE_REQUIRED") // the fourth lot of the day
		asks(h.Anonymous(), "粤B99999", "WXT").OK()
	})
}

func TestALaneQuotesOnlyTheCarThatStandsThere(t *testing.T) {
	testkit.Covers(t, "P03")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate := h.Gate("WXC")
		lane := servertest.Vars{"lane": gate.Asks(`{ gate { laneCode } }`).OK().String("gate.laneCode")}
		nobody := func() *servertest.Answer {
			t.Helper()
			return h.Anonymous().Asks(quoteLane, lane).OK()
		}
		nobody().MustContain(`{"__typename":"NothingToPay"}`)
		gate.Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		h.Clock.Set(servertest.At("10:10"))
		nobody().MustContain(`{"__typename":"NothingToPay"}`) // it stands inside, not at the lane
		gate.Sees("粤B12345", servertest.Leaving, servertest.At("10:10")).OK()
		nobody().MustContain(`{"__typename":"Payable","amount":1000,"expiresAt":"2026-11-21T10:15:00+08:00"}`).MustNotContain("12345")
		h.Clock.Set(servertest.At("10:14"))
		nobody().MustContain(`"amount":1000`)
		h.Clock.Set(servertest.At("10:15"))
		mustBeEqual(t, "a lane that is empty and one that is not", nobody(), h.Anonymous().Asks(quoteLane, servertest.Vars{"lane": "NOSUCHLANE"}))
	})
}

func TestAQuoteNeedsExactlyOneSoundQuestion(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for code, at := range map[string]servertest.Vars{
			"UNKNOWN_LOT": plateAtLot("粤B12345", "NOWHERE"), "INVALID_PLATE": plateAtLot("粤O12345", "WXC"),
		} {
			h.Anonymous().Asks(quotePlate, at).MustBeRefused(code).MustNotContain("12345")
		}
		for _, input := range []string{`{}`, `{lane: "A", stay: "B"}`, `{lane: null}`} {
			h.Anonymous().Asks(fmt.Sprintf(`{ quote(input: %s) { __typename } }`, input)).MustBeRefused("GRAPHQL_VALIDATION_FAILED")
		}
	})
}
