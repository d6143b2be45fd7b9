package server_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	disputeCharge = `mutation($in: DisputeChargeInput!) { disputeCharge(input: $in) {
		dispute { id state instant paidFen owedFen returnedFen writtenOffFen dueAt words session { id plate } } userErrors { code field }
	} }`
	decideCharge = `mutation($in: DecideChargeDisputeInput!) { decideChargeDispute(input: $in) {
		dispute { id state returnedFen writtenOffFen dueAt answer } userErrors { code field }
	} }`
	ownCharges = `query($after: String) { viewer { chargeDisputes(first: 1, after: $after) {
		edges { node { id state answer session { plate lotName enteredAt } } } pageInfo { hasNextPage endCursor }
	} } }`
	lotCharges = `query($state: ChargeDisputeState) { lot(code: "WXC") { chargeDisputes(state: $state, first: 10) {
		edges { node { id state words paidFen session { plate } } }
	} } }`
	chargeByID = `query($id: ID!) { node(id: $id) { ... on ChargeDispute { id state } } }`
)

// disputing is input that is refused for nothing, but for what more says.
func disputing(key, stay string, more servertest.Vars) servertest.Vars {
	in := servertest.Vars{"idempotencyKey": key, "sessionId": stay, "reason": "WRONG_TIMES", "words": "车早就开走了"}
	for name, value := range more {
		in[name] = value
	}
	return servertest.Vars{"in": in}
}

func deciding(dispute string, inFavour bool, more servertest.Vars) servertest.Vars {
	in := servertest.Vars{"disputeId": dispute, "inFavour": inFavour, "answer": "已核对进出场照片"}
	for name, value := range more {
		in[name] = value
	}
	return servertest.Vars{"in": in}
}

// paidStay is a stay of two hours, which costs 10 yuan, that its driver has paid for and left.
func paidStay(h *servertest.House, driver *servertest.Client, plate string) (_ *servertest.Client, stay string) {
	h.T.Helper()
	_, _, stay = wanting(h, plate)
	driver = h.SignIn(driver.Mobile, "APP")
	h.Pays(driver, stay, 1000)
	h.Gate("WXC").Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
	return driver, stay
}

func givenBack(h *servertest.House) (fen int64) {
	for _, p := range h.Partners.WechatMoney.Payments() {
		fen += p.Refunded
	}
	return fen
}

func TestALittleChargeGoesBackAtOnceAndTheNextOneIsLookedAt(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		_, first := paidStay(h, driver, "粤B12345")
		driver, second := paidStay(h, driver, "粤B12345")

		made := driver.Asks(disputeCharge, disputing("a", first, nil)).OK().
			MustContain(`"state":"UPHELD","instant":true,"paidFen":1000,"owedFen":0,"returnedFen":1000,"writtenOffFen":0,"dueAt":null`,
				"车早就开走了", `"plate":"粤B***45"`).
			MustNotContain("12345")
		eventually(t, "the channel has not given it back", func() bool { return givenBack(h) == 1000 })
		driver.Asks(disputeCharge, disputing("a", first, nil)).OK().MustContain(made.String("disputeCharge.dispute.id"))
		driver.Asks(disputeCharge, disputing("a", second, nil)).MustBeRefused("IDEMPOTENCY_KEY_REUSED")
		driver.Asks(disputeCharge, disputing("b", first, nil)).MustBeRefused("ALREADY_DISPUTED")

		// 2026-11-21 is a Saturday: the fifth working day after it is the Friday.
		driver.Asks(disputeCharge, disputing("c", second, nil)).OK().
			MustContain(`"state":"OPEN","instant":false,"paidFen":1000,"owedFen":0,"returnedFen":0`, `"dueAt":"2026-11-28T00:00:00+08:00"`)
		if fen := givenBack(h); fen != 1000 {
			t.Errorf("%d fen went back", fen)
		}
		h.Clock.Pass(91 * 24 * time.Hour)
		driver, third := paidStay(h, driver, "粤B12345")
		driver.Asks(disputeCharge, disputing("d", third, nil)).OK().MustContain(`"instant":true`)
		mustBalance(t, h, 5)
	})
}

func TestOfTwoChargesDisputedAtOnceOneGoesBack(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		var stays [3]string
		for i := range stays {
			driver, stays[i] = paidStay(h, driver, "粤B12345")
		}
		said := make([]string, len(stays))
		var all sync.WaitGroup
		for i, stay := range stays {
			all.Go(func() { said[i] = driver.Asks(disputeCharge, disputing(stay[:20], stay, nil)).OK().Text })
		}
		all.Wait()
		if n := strings.Count(strings.Join(said, ""), `"instant":true`); n != 1 {
			t.Errorf("%d went back at once: %q", n, said)
		}
		eventually(t, "nothing went back", func() bool { return givenBack(h) == 1000 })
		mustBalance(t, h, 4)
	})
}

func TestWhatIsNotLittleOrNotSaidWaitsForTheLot(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		driver, stay := paidStay(h, driver, "粤B12345")
		told := driver.Watches(`subscription { noticeReceived { notice { kind feeFen lotName plate } } }`)
		id := driver.Asks(disputeCharge, disputing("a", stay, servertest.Vars{"reason": "OTHER"})).OK().
			MustContain(`"state":"OPEN"`).String("disputeCharge.dispute.id")

		manager := h.Hires("MANAGER", "WXC", "")
		manager.Asks(lotCharges).OK().MustContain(id, "车早就开走了", `"paidFen":1000`, `"plate":"粤B12345"`).MustNotContain(driver.Mobile)
		manager.Asks(lotCharges, servertest.Vars{"state": "REJECTED"}).OK().MustContain(`"edges":[]`)
		for _, other := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Hires("MANAGER", "WXT", "").Client, h.Officer()} {
			other.Asks(chargeByID, servertest.Vars{"id": id}).MustContain(`"node":null`).MustNotContain("OPEN")
			other.Asks(lotCharges).MustNotContain(id)
		}
		h.Hires("MANAGER", "WXT", "").Asks(decideCharge, deciding(id, true, nil)).MustBeRefused("NOT_FOUND")
		h.Staff("WXC").Asks(decideCharge, deciding(id, true, nil)).MustBeRefused("FORBIDDEN")
		driver.Asks(decideCharge, deciding(id, true, nil)).MustBeRefused("FORBIDDEN")
		h.Anonymous().Asks(decideCharge, deciding(id, true, nil)).MustBeRefused("UNAUTHENTICATED")
		manager.Asks(decideCharge, deciding(id, true, servertest.Vars{"returnFen": 1001})).MustBeRefused("REFUND_TOO_LARGE")
		manager.Asks(decideCharge, deciding(id, true, servertest.Vars{"answer": " "})).MustBeRefused("INVALID_WORDS")

		manager.Asks(decideCharge, deciding(id, true, servertest.Vars{"returnFen": 600})).OK().
			MustContain(`"state":"UPHELD","returnedFen":600,"writtenOffFen":0,"dueAt":null,"answer":"已核对进出场照片"`)
		hears(t, told, `"kind":"CHARGE_DECIDED"`).MustContain(`"feeFen":600`, "粤B***45").MustNotContain("12345", "万象城")
		eventually(t, "the channel has not given it back", func() bool { return givenBack(h) == 600 })
		manager.Asks(decideCharge, deciding(id, false, nil)).MustBeRefused("ALREADY_DECIDED")
		driver.Asks(ownCharges).OK().MustContain(`"state":"UPHELD"`, "已核对进出场照片", "粤B***45", `T06:00:00+08:00`).MustNotContain("12345", "万象城")
		mustBalance(t, h, 2)
	})
}

// hears waits for an event that says something; others may come before.
func hears(t *testing.T, told *servertest.Watch, says string) *servertest.Answer {
	t.Helper()
	for range 10 {
		if event := told.Next(); strings.Contains(event.Text, says) {
			return event
		}
	}
	t.Fatalf("nothing says %s", says)
	return nil
}

func TestAChargeThatStandsTakesNothingBack(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		driver, stay := paidStay(h, driver, "粤B12345")
		id := driver.Asks(disputeCharge, disputing("a", stay, servertest.Vars{"reason": "OTHER"})).OK().String("disputeCharge.dispute.id")
		h.Hires("MANAGER", "WXC", "").Asks(decideCharge, deciding(id, false, nil)).OK().MustContain(`"state":"REJECTED","returnedFen":0`)
		driver.Asks(disputeCharge, disputing("b", stay, nil)).MustBeRefused("ALREADY_DISPUTED")
		mustBalance(t, h, 1)
	})
}

func TestWhatIsOwedForAStayIsWrittenOffAndPaidNoMore(t *testing.T) {
	testkit.Covers(t, "R042")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		gate := h.Gate("WXR")
		stay := idOf(gate.Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK())
		driver.Asks(disputeCharge, disputing("a", stay, nil)).MustBeRefused("STAY_NOT_OVER")
		h.Clock.Pass(2 * time.Hour)
		h.Gate("WXR").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK()
		driver = h.SignIn(driver.Mobile, "APP")
		driver.Asks(ownArrears).OK().MustContain(stay)
		order := driver.Orders(driver.Quotes(servertest.Vars{"stay": stay}))
		number := driver.Begins(servertest.Order{ID: order.ID})

		id := driver.Asks(disputeCharge, disputing("a", stay, nil)).OK().
			MustContain(`"state":"OPEN","instant":false,"paidFen":0,"owedFen":1000`).String("disputeCharge.dispute.id")
		h.Hires("MANAGER", "WXR", "").Asks(decideCharge, deciding(id, true, nil)).OK().
			MustContain(`"state":"UPHELD","returnedFen":0,"writtenOffFen":1000`)

		driver.Asks(ownArrears).OK().MustContain(`"arrears":{"edges":[]}`)
		h.WechatTakes(number)
		eventually(t, "what nobody owed has not gone back", func() bool { return givenBack(h) == 1000 })
	})
}

func TestAChargeIsDisputedByThoseItIsOf(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Bound("APP", "粤B12345")
		driver, stay := paidStay(h, driver, "粤B12345")
		h.Anonymous().Asks(disputeCharge, disputing("a", stay, nil)).MustBeRefused("UNAUTHENTICATED")
		h.Driver("APP").Asks(disputeCharge, disputing("a", stay, nil)).MustBeRefused("NOT_FOUND").MustContain(`"disputeCharge":null`)
		h.Staff("WXC").Asks(disputeCharge, disputing("a", stay, nil)).MustBeRefused("FORBIDDEN")
		driver.Asks(disputeCharge, disputing("", stay, nil)).MustBeRefused("INVALID_IDEMPOTENCY_KEY")
		for _, words := range []string{"", "  ", strings.Repeat("字", 501), "a\x00b"} {
			driver.Asks(disputeCharge, disputing("a", stay, servertest.Vars{"words": words})).MustBeRefused("INVALID_WORDS")
		}
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		h.Clock.Pass(time.Minute)
		free := idOf(h.Gate("WXC").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK())
		h.SignIn(driver.Mobile, "APP").Asks(disputeCharge, disputing("a", free, nil)).MustBeRefused("NOTHING_CHARGED")
		if log := h.Logged(); strings.Contains(log, "开走") || strings.Contains(log, "12345") {
			t.Error("the log repeats what a person says")
		}
	})
}
