package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	stayNode = `query($id: ID!) { node(id: $id) { ... on ParkingSession {
		id plate lotName enteredAt exitedAt durationMinutes feeFen paidFen state match review
	} } }`
	openStays = `{ viewer { openSessions { edges { node { id plate feeFen } } } } }`
	reviewing = `{ lot(code: "WXC") { sessions(review: PENDING) { edges { node { id plate match review state } } } } }`
	review    = `mutation($id: ID!, $right: Boolean!) {
		reviewMatch(input: {sessionId: $id, right: $right}) { session { id state match review exitedAt feeFen } userErrors { code field message } }
	}`
)

func idOf(a *servertest.Answer) string { return a.OK().String("recordObservation.session.id") }

func TestACarIsRecognisedPricedAndLetGoOnceItHasPaid(t *testing.T) {
	testkit.Covers(t, "R004", "R031")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, owner := h.Gate("WXC"), h.Verified("APP", "粤B12345")
		h.Clock.Set(servertest.At("11:30"))
		stay := idOf(gate.Sees("粤B12345", servertest.Entering, servertest.At("09:03")).
			MustContain(`"barrier":{"decision":"RELEASE","reason":"WELCOME","displayText":"欢迎光临"}`, `"state":"OPEN"`))
		gate.Sees("粤B12345", servertest.Leaving, servertest.At("11:10")).OK().
			MustContain(`"barrier":{"decision":"HOLD","reason":"PAYMENT_DUE","displayText":"请缴费 15.00 元"}`, stay, `"feeFen":1500,"durationMinutes":127`)
		owner = owner.Refreshes()
		h.Pays(owner, stay, 1500)
		gate.Sees("粤B12345", servertest.Leaving, servertest.At("11:29")).OK().
			MustContain(`"barrier":{"decision":"RELEASE","reason":"NOTHING_DUE","displayText":"一路平安"}`, `"state":"CLOSED"`, stay)
		owner.Asks(stayNode, servertest.Vars{"id": stay}).MustContain(
			`"plate":"粤B12345","lotName":"万象城停车场","enteredAt":"2026-11-21T09:03:00+08:00","exitedAt":"2026-11-21T11:29:00+08:00"`,
			`"durationMinutes":146,"feeFen":1500,"paidFen":1500,"state":"CLOSED"`)

		gate.Sees("粤B67890", servertest.Entering, servertest.At("11:00")).OK()
		free := gate.Sees("粤B67890", servertest.Leaving, servertest.At("11:15"))
		free.OK().MustContain(`"decision":"RELEASE","reason":"NOTHING_DUE"`, `"feeFen":0`)
	})
}

func TestACarThatWasBoundIsPaidForWithoutTypingItsPlate(t *testing.T) {
	testkit.Covers(t, "R019")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, other := h.Bound("H5", "粤B12345"), h.Bound("H5", "粤B67890")
		stay := idOf(h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning))
		h.Clock.Set(servertest.At("10:10"))
		driver, other = driver.Refreshes(), other.Refreshes()
		open := driver.Asks(openStays).OK().MustContain(stay, `"plate":"粤B***45","feeFen":1000`).MustNotContain("粤B12345")
		quote := `query($id: ID!) { quote(input: {stay: $id}) { __typename ... on Payable { amount expiresAt } } }`
		driver.Asks(quote, servertest.Vars{"id": open.String("viewer.openSessions.edges.0.node.id")}).OK().
			MustContain(`{"__typename":"Payable","amount":1000,"expiresAt":"2026-11-21T10:15:00+08:00"}`)
		h.Pays(driver, stay, 1000)
		driver.Asks(quote, servertest.Vars{"id": stay}).OK().MustContain(`{"__typename":"NothingToPay"}`)
		other.Asks(openStays).OK().MustNotContain(stay)
		other.Asks(quote, servertest.Vars{"id": stay}).MustBeRefused("NOT_FOUND").MustNotContain("Payable")
		h.Anonymous().Asks(openStays).OK().MustContain(`"edges":[]`)
	})
}

func TestThreeMonthsCanBeBrowsedAndWhatIsOlderIsStillThere(t *testing.T) {
	testkit.Covers(t, "R015")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, mobile := h.Gate("WXC"), h.Bound("APP", "粤B12345").Mobile
		h.Clock.Pass(time.Minute)
		oldest := idOf(gate.Sees("粤B12345", servertest.Entering, servertest.Morning))
		gate.Sees("粤B12345", servertest.Leaving, servertest.Morning.Add(time.Minute)).OK()
		h.Clock.Set(time.Date(2026, 11, 21, 16, 1, 0, 0, time.UTC)) // 00:01 of the next day in Shanghai
		older := idOf(gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()))

		h.Clock.Set(time.Date(2027, 2, 22, 1, 0, 0, 0, time.UTC)) // three months and a day after the first
		driver := h.SignIn(mobile, "APP")
		newest := idOf(gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()))
		const browse = `query($m: Int) { viewer { sessions(months: $m) { edges { node { id } } } } }`
		for months, listed := range map[any][]string{nil: {newest, older}, 3: {newest, older}, 2: {newest}, 1: {newest}} {
			got := driver.Asks(browse, servertest.Vars{"m": months}).OK().MustContain(listed...)
			if n := strings.Count(got.Text, `"id"`); n != len(listed) {
				t.Errorf("%v months list %d stays: %s", months, n, got.Text)
			}
		}
		driver.Asks(stayNode, servertest.Vars{"id": oldest}).MustContain(oldest, `"state":"CLOSED"`)
		for _, months := range []int{4, 0, -1, 1200} {
			driver.Asks(browse, servertest.Vars{"m": months}).MustBeRefused("OUT_OF_WINDOW").MustNotContain(newest, oldest)
		}
	})
}

func TestAnExitOneCharacterOffFindsTheStayAndWaitsForReview(t *testing.T) {
	testkit.Covers(t, "P04")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, staff, owner := h.Gate("WXC"), h.Staff("WXC"), h.Verified("APP", "粤B12345")
		wrong := idOf(gate.Sees("粤B12345", servertest.Entering, servertest.At("09:00")))
		right := idOf(gate.Sees("粤BH7777", servertest.Entering, servertest.At("09:00")))
		h.Clock.Set(servertest.At("09:50"))
		owner = owner.Refreshes()
		if got := idOf(gate.Sees("粤B12845", servertest.Leaving, servertest.At("09:40")).MustContain(`"state":"CLOSED"`, `"decision":"HOLD"`)); got != wrong {
			t.Error("the reading 3 for 8 did not find the stay")
		}
		if got := idOf(gate.Sees("粤BH7177", servertest.Leaving, servertest.At("09:41"))); got != right {
			t.Error("the reading 1 for 7 did not find the stay")
		}
		staff.Asks(reviewing).OK().MustContain(wrong, right, `"match":"NEAR_PLATE","review":"PENDING","state":"CLOSED"`)
		owner.Asks(`{ lot(code: "WXC") { sessions(review: PENDING) { edges { node { plate } } } } }`).
			MustBeRefused("FACT_REQUIRED").MustNotContain("粤B")

		staff.Asks(review, servertest.Vars{"id": right, "right": true}).OK().MustContain(`"state":"CLOSED","match":"NEAR_PLATE","review":"CONFIRMED"`)
		staff.Asks(review, servertest.Vars{"id": right, "right": false}).MustBeRefused("NOTHING_TO_REVIEW").MustContain(`"field":"sessionId"`)
		staff.Asks(review, servertest.Vars{"id": wrong, "right": false}).OK().
			MustContain(`"state":"OPEN","match":"EXACT","review":"REJECTED","exitedAt":null,"feeFen":500`)
		owner.Asks(openStays).OK().MustContain(wrong)
		staff.Asks(reviewing).OK().MustContain(`"edges":[]`)
		if got := idOf(gate.Sees("粤B12345", servertest.Leaving, servertest.At("09:49"))); got != wrong {
			t.Error("the car's own exit did not find the stay that was opened again")
		}
		staff.Asks(stayNode, servertest.Vars{"id": wrong}).OK().MustContain(`"state":"CLOSED","match":"EXACT"`)
	})
}

func TestAMatchThatWasPaidForIsNotUndone(t *testing.T) {
	testkit.Covers(t, "P04")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, staff := h.Gate("WXC"), h.Staff("WXC")
		stay := idOf(gate.Sees("粤B12345", servertest.Entering, servertest.At("09:00")))
		h.Clock.Set(servertest.At("09:50"))
		idOf(gate.Sees("粤B12845", servertest.Leaving, servertest.At("09:40")))
		h.Pays(h.Driver("H5"), stay, 500)
		staff.Asks(review, servertest.Vars{"id": stay, "right": false}).MustBeRefused("SESSION_PAID").MustContain(`"session":null`)
		staff.Asks(stayNode, servertest.Vars{"id": stay}).OK().MustContain(`"state":"CLOSED","match":"NEAR_PLATE","review":"PENDING"`)
	})
}

func TestALotWithoutABarrierLetsGoAndBills(t *testing.T) {
	testkit.Covers(t, "P05")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, owner := h.Gate("WXR"), h.Bound("APP", "粤B12345")
		stay := idOf(gate.Sees("粤B12345", servertest.Entering, servertest.At("09:00")))
		h.Clock.Set(servertest.At("10:30"))
		gate.Sees("粤B12345", servertest.Leaving, servertest.At("10:20")).OK().
			MustContain(`"barrier":{"decision":"RELEASE_AND_BILL","reason":"BILLED","displayText":"停车费 10.00 元，已记账"}`, `"feeFen":1000`)
		owner = owner.Refreshes()
		owner.Asks(`query($id: ID!) { quote(input: {stay: $id}) { ... on Payable { amount } } }`, servertest.Vars{"id": stay}).
			OK().MustContain(`"amount":1000`)
		owner.Asks(`{ viewer { notices { edges { node { kind feeFen } } } } }`).OK().MustContain(`"kind":"EXITED","feeFen":1000`)
		gate.Sees("粤B67890", servertest.Entering, servertest.At("10:20")).OK()
		gate.Sees("粤B67890", servertest.Leaving, servertest.At("10:25")).OK().MustContain(`"decision":"RELEASE","reason":"NOTHING_DUE"`)
	})
}

func TestAnEventSentAgainChangesNothing(t *testing.T) {
	testkit.Covers(t, "R004")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, owner := h.Gate("WXC"), h.Bound("APP", "粤B12345")
		first := gate.Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		again := gate.Sees("粤B12345", servertest.Entering, servertest.Morning).OK().MustContain(`"duplicate":true`)
		if strings.Replace(again.Text, `"duplicate":true`, `"duplicate":false`, 1) != first.Text {
			t.Errorf("answered %s and then %s", first.Text, again.Text)
		}
		other := gate.Report("粤B67890", servertest.Entering, servertest.Morning)
		other["eventId"] = gate.Report("粤B12345", servertest.Entering, servertest.Morning)["eventId"]
		gate.Asks(servertest.RecordObservation, servertest.Vars{"in": other}).MustBeRefused("EVENT_ID_REUSED").
			MustContain(`"field":"eventId"`).MustNotContain("12345", "67890")
		stays := owner.Asks(`{ viewer { sessions { edges { node { id } } } notices { edges { node { id } } } } }`).OK()
		if n := strings.Count(stays.Text, `"id"`); n != 2 {
			t.Errorf("the account has not one stay and one notice: %s", stays.Text)
		}
	})
}

func TestWhatAGateCannotHaveSeenIsRefusedByCode(t *testing.T) {
	testkit.Covers(t, "R004")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate := h.Gate("WXC")
		now := h.Clock.Now()
		for code, wrong := range map[string]servertest.Vars{
			"UNKNOWN_LOT": {"lotCode": "NOWHERE"}, "FOREIGN_LOT": {"lotCode": "WXT"}, "UNKNOWN_GATE": {"gateCode": "G9"},
			"INVALID_EVENT_ID": {"eventId": strings.Repeat("x", 65)}, "INVALID_CONFIDENCE": {"confidence": 1.01},
			"OBSERVED_IN_FUTURE": {"observedAt": now.Add(3 * time.Minute)}, "INVALID_PLATE": {"plate": "粤O12345"},
			"OBSERVED_TOO_LONG_AGO": {"observedAt": now.AddDate(-20, 0, 0)},
		} {
			in := gate.Report("粤B12345", servertest.Entering, now)
			var field string
			for field = range wrong {
				in[field] = wrong[field]
			}
			want := fmt.Sprintf(`{"session":null,"barrier":null,"duplicate":false,"userErrors":[{"code":%q,"field":%q,`, code, field)
			gate.Asks(servertest.RecordObservation, servertest.Vars{"in": in}).MustBeRefused(code).MustContain(want).MustNotContain("12345")
		}
		in := servertest.Vars{"in": gate.Report("粤B12345", servertest.Entering, now)}
		h.Anonymous().Asks(servertest.RecordObservation, in).MustBeRefused("UNAUTHENTICATED")
		for _, other := range []*servertest.Client{h.Driver("APP"), h.Staff("WXC")} {
			other.Asks(servertest.RecordObservation, in).MustBeRefused("FORBIDDEN").MustNotContain("12345")
		}
		gate.Sees("粤B12345", servertest.Leaving, now).MustBeRefused("ENTRY_NOT_FOUND").
			MustContain(`"session":null,"barrier":{"decision":"HOLD","reason":"NO_ENTRY","displayText":"未找到入场记录，请联系管理员"}`)
	})
}

func TestABatchAnswersEachObservationByItself(t *testing.T) {
	testkit.Covers(t, "R004")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const batch = `mutation($in: [RecordObservationInput!]!) { recordObservations(inputs: $in) {
			results { session { plate state } barrier { decision } duplicate userErrors { code field } } userErrors { code field }
		} }`
		gate, now := h.Gate("WXC"), h.Clock.Now()
		bad := gate.Report("粤B11111", servertest.Entering, now)
		bad["gateCode"] = "G9"
		in := []any{
			gate.Report("粤B12345", servertest.Entering, now.Add(-time.Hour)), bad,
			gate.Report("粤B12345", servertest.Entering, now.Add(-time.Hour)),
			gate.Report("粤B12345", servertest.Leaving, now.Add(-55*time.Minute)),
		}
		gate.Asks(batch, servertest.Vars{"in": in}).MustContain(`{"results":[` +
			`{"session":{"plate":"粤B12345","state":"OPEN"},"barrier":{"decision":"RELEASE"},"duplicate":false,"userErrors":[]},` +
			`{"session":null,"barrier":null,"duplicate":false,"userErrors":[{"code":"UNKNOWN_GATE","field":"gateCode"}]},` +
			`{"session":{"plate":"粤B12345","state":"OPEN"},"barrier":{"decision":"RELEASE"},"duplicate":true,"userErrors":[]},` +
			`{"session":{"plate":"粤B12345","state":"CLOSED"},"barrier":{"decision":"RELEASE"},"duplicate":false,"userErrors":[]}],"userErrors":[]}`)
		many := make([]any, 501)
		for i := range many {
			many[i] = in[0]
		}
		for _, wrong := range [][]any{{}, many} {
			gate.Asks(batch, servertest.Vars{"in": wrong}).MustBeRefused("TOO_MANY_OBSERVATIONS").MustContain(`"results":[]`)
		}
	})
}
