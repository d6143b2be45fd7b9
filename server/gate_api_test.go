package server_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	sendCommand = `mutation($in: SendGateCommandInput!) {
		sendGateCommand(input: $in) { command { id kind text reason expiresAt acknowledgedAt outcome } userErrors { code field } }
	}`
	acknowledge = `mutation($id: ID!, $o: GateCommandOutcome!) {
		acknowledgeGateCommand(input: {commandId: $id, outcome: $o}) { command { id outcome acknowledgedAt } userErrors { code } }
	}`
	commanded   = `subscription { gateCommanded { id kind text reason expiresAt } }`
	commandNode = `query($id: ID!) { node(id: $id) { ... on GateCommand { id kind outcome acknowledgedAt } } }`
)

func command(key, kind, text string) servertest.Vars {
	in := servertest.Vars{"idempotencyKey": key, "lotCode": "WXC", "gateCode": "G1", "kind": kind, "reason": "设备故障"}
	if text != "" {
		in["text"] = text
	}
	return servertest.Vars{"in": in}
}

func TestStaffOpenAGateAndSeeWhatBecameOfIt(t *testing.T) {
	testkit.Covers(t, "P03")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, staff := h.Gate("WXC"), h.Staff("WXC")
		orders, elsewhere := gate.Watches(commanded), h.Gate("WXT").Watches(commanded)
		sent := staff.Asks(sendCommand, command("k1", "OPEN", "")).OK().
			MustContain(`"kind":"OPEN","text":null,"reason":"设备故障","expiresAt":"2026-11-21T09:00:30+08:00","acknowledgedAt":null,"outcome":null`)
		id := sent.String("sendGateCommand.command.id")
		mustBeEqual(t, "the same key again", sent, staff.Asks(sendCommand, command("k1", "OPEN", "")))
		orders.Next().MustContain(`{"id":"` + id + `","kind":"OPEN","text":null,"reason":"设备故障","expiresAt":"2026-11-21T09:00:30+08:00"}`)
		staff.Asks(sendCommand, command("k1", "DISPLAY", "请稍候")).MustBeRefused("IDEMPOTENCY_KEY_REUSED")
		staff.Asks(sendCommand, command("k2", "DISPLAY", "请稍候")).OK()
		orders.Next().MustContain(`"kind":"DISPLAY","text":"请稍候"`).MustNotContain(id) // the second order, and the first once only
		elsewhere.Quiet(50 * time.Millisecond)

		staff.Asks(commandNode, servertest.Vars{"id": id}).OK().MustContain(`"outcome":null,"acknowledgedAt":null`)
		h.Clock.Pass(2 * time.Second)
		done := servertest.Vars{"id": id, "o": "DONE"}
		h.Gate("WXT").Asks(acknowledge, done).MustBeRefused("NOT_FOUND").MustNotContain("DONE")
		gate.Asks(acknowledge, done).OK().MustContain(`"outcome":"DONE","acknowledgedAt":"2026-11-21T09:00:02+08:00"`)
		gate.Asks(acknowledge, servertest.Vars{"id": id, "o": "FAILED"}).OK().MustContain(`"outcome":"DONE"`) // the first word holds
		staff.Asks(commandNode, servertest.Vars{"id": id}).OK().MustContain(`"outcome":"DONE","acknowledgedAt":"2026-11-21T09:00:02+08:00"`)
		for _, other := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Staff("WXT"), h.Gate("WXT").Client} {
			other.Asks(commandNode, servertest.Vars{"id": id}).OK().MustContain(`{"node":null}`)
		}
	})
}

func TestAnOrderThatWaitedTooLongIsNeverDelivered(t *testing.T) {
	testkit.Covers(t, "P03")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, staff := h.Gate("WXC"), h.Staff("WXC")
		staff.Asks(sendCommand, command("late", "OPEN", "")).OK()
		h.Clock.Pass(20 * time.Second)
		staff.Asks(sendCommand, command("waiting", "DISPLAY", "请稍候")).OK()
		h.Clock.Pass(11 * time.Second)
		orders := gate.Watches(commanded) // the gate was away meanwhile
		orders.Next().MustContain(`"DISPLAY"`).MustNotContain(`"OPEN"`)
		h.Clock.Pass(time.Minute)
		gate.Watches(commanded).Quiet(100 * time.Millisecond)
	})
}

func TestOnlyStaffOfTheLotOrderAGateAndOnlyWhatItCanDo(t *testing.T) {
	testkit.Covers(t, "P03")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		open := command("k", "OPEN", "")
		h.Anonymous().Asks(sendCommand, open).MustBeRefused("UNAUTHENTICATED")
		for _, other := range []*servertest.Client{h.Bound("APP", "粤B12345"), h.Staff("WXT"), h.Gate("WXC").Client} {
			other.Asks(sendCommand, open).MustBeRefused("FORBIDDEN").MustNotContain("设备故障")
		}
		staff := h.Staff("WXC")
		for field, wrong := range map[string]servertest.Vars{
			"idempotencyKey": {"idempotencyKey": ""}, "reason": {"reason": strings.Repeat("长", 201)}, "text": {"text": "OPEN shows nothing"},
		} {
			in := command("k", "OPEN", "")["in"].(servertest.Vars)
			in[field] = wrong[field]
			staff.Asks(sendCommand, servertest.Vars{"in": in}).MustBeRefused("INVALID_COMMAND").MustContain(`"command":null`, `"field":"`+field+`"`)
		}
		staff.Asks(sendCommand, command("k", "DISPLAY", "")).MustBeRefused("INVALID_COMMAND")
		staff.Asks(sendCommand, command("k", "DISPLAY", strings.Repeat("长", 41))).MustBeRefused("INVALID_COMMAND")
		for code, change := range map[string]servertest.Vars{"UNKNOWN_LOT": {"lotCode": "NOWHERE"}, "UNKNOWN_GATE": {"gateCode": "G9"}} {
			in := command("k", "OPEN", "")["in"].(servertest.Vars)
			for field, value := range change {
				in[field] = value
			}
			staff.Asks(sendCommand, servertest.Vars{"in": in}).MustBeRefused(code).MustContain(`"command":null`)
		}
		for _, c := range []*servertest.Client{h.Driver("APP"), staff} {
			c.Watches(commanded).Refused().MustBeRefused("FORBIDDEN")
		}
		h.Anonymous().Watches(commanded).Refused().MustBeRefused("UNAUTHENTICATED")
	})
}

func TestAGateKnowsWhatToDoWhileItCannotReachThePlatform(t *testing.T) {
	testkit.Covers(t, "P03")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const asking = `{ gate { code direction offlinePolicy laneCode } }`
		lane := h.Gate("WXC").Asks(asking).OK().MustContain(`"code":"G1","direction":"BOTH","offlinePolicy":"OPEN_AND_UPLOAD"`).String("gate.laneCode")
		h.Gate("WXT").Asks(asking).OK().MustNotContain(lane)
		h.Staff("WXC").Asks(`{ lot(code: "WXC") { gates { code offlinePolicy laneCode } } }`).OK().MustContain(lane)
		for _, other := range []*servertest.Client{h.Anonymous(), h.Verified("APP", "粤B12345"), h.Staff("WXT")} {
			other.Asks(asking).OK().MustContain(`{"gate":null}`)
			other.Asks(`{ lot(code: "WXC") { gates { laneCode } } }`).MustBeRefused("FACT_REQUIRED").MustContain(`"fact":"LOT_STAFF"`).MustNotContain(lane)
		}
	})
}
