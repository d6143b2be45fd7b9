package server_test

import (
	"net/http"
	"testing"
	"time"

	"parkbff/ent/linkedaccount"
	"parkbff/internal/money"
	sandboxalipay "parkbff/internal/partner/sandbox/alipay"
	sandboxwechatpay "parkbff/internal/partner/sandbox/wechatpay"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	openPasswordFree = `mutation($in: OpenPasswordFreeInput!) { openPasswordFree(input: $in) {
		agreement { id channel way state openedAt } launch { url parameters { name value } } userErrors { code field }
	} }`
	closePasswordFree = `mutation($id: ID!) { closePasswordFree(input: {agreementId: $id}) { agreement { state } userErrors { code } } }`
	ownArrears        = `{ viewer { arrears(first: 10) { edges { node { id plate lotName feeFen paidFen } } } vehicles { id passwordFree { id channel way state } } } }`
	ownPaid           = `{ viewer { orders(first: 10) { edges { node { id state channel way deferred paidFen } } }
		notices(first: 10) { edges { node { kind feeFen plate } } } } }`
)

// deducting are the channels that deduct, and how a payer of each agrees there, with what is to become of deductions.
var deducting = map[money.Channel]struct {
	in, way string
	agrees  func(t *testing.T, h *servertest.House, plate string, pays bool)
}{
	money.WeChat: {"WECHAT_MINI", "CREDIT_SCORE", func(t *testing.T, h *servertest.House, plate string, pays bool) {
		outcome := sandboxwechatpay.Pays
		if !pays {
			outcome = sandboxwechatpay.Declines
		}
		agreesAtWechat(t, h, plate, outcome)
	}},
	money.Alipay: {"ALIPAY_MINI", "CREDIT_SCORE", func(_ *testing.T, h *servertest.House, plate string, pays bool) {
		standing := sandboxalipay.Open
		if !pays {
			standing = sandboxalipay.Short
		}
		h.Partners.AlipayMoney.Agree(plate, "guest", standing)
	}},
}

func agreesAtWechat(t *testing.T, h *servertest.House, plate string, outcome sandboxwechatpay.Outcome) {
	t.Helper()
	person, err := h.Partners.Platforms()[linkedaccount.ChannelWECHAT_MINI].Person(t.Context(), h.Proves("WECHAT_MINI", "guest", "13900000077").Code)
	if err == nil {
		err = h.Partners.WechatMoney.SetCar(plate, "BLUE", sandboxwechatpay.Car{
			Payer: person.Subject, Service: sandboxwechatpay.Normal, Outcome: outcome, OpenedAt: h.Clock.Now(),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func opening(h *servertest.House, vehicle string, channel money.Channel) servertest.Vars {
	return servertest.Vars{"in": servertest.Vars{
		"vehicleId": vehicle, "channel": string(channel), "code": h.Proves(deducting[channel].in, "guest", "13900000077").Code,
	}}
}

// agrees has a driver bind a plate and agree to deductions for it.
func agrees(t *testing.T, h *servertest.House, channel money.Channel, plate string) (driver *servertest.Client, agreement string) {
	t.Helper()
	driver = h.Driver("APP")
	vehicle := driver.Binds(plate)
	deducting[channel].agrees(t, h, plate, true)
	return driver, driver.Asks(openPasswordFree, opening(h, vehicle, channel)).OK().
		MustContain(`"state":"OPEN"`, `"launch":null`).String("openPasswordFree.agreement.id")
}

// staysTwoHours has a car stay two hours in a lot and want to leave.
func staysTwoHours(h *servertest.House, plate string) (*servertest.Gate, *servertest.Answer) {
	h.T.Helper()
	h.Gate("WXC").Sees(plate, servertest.Entering, h.Clock.Now()).OK()
	h.Clock.Pass(2 * time.Hour)
	return h.Gate("WXC"), h.Gate("WXC").Sees(plate, servertest.Leaving, h.Clock.Now()).OK()
}

func TestWhatACarOwesIsDeductedAndTheGateOpensOnceItIsInTheLedger(t *testing.T) {
	testkit.Covers(t, "R020")
	for channel, at := range deducting {
		t.Run(string(channel), func(t *testing.T) {
			servertest.Each(t, func(t *testing.T, h *servertest.House) {
				driver := h.Driver("APP")
				vehicle := driver.Binds("粤B12345")
				driver.Asks(openPasswordFree, opening(h, vehicle, channel)).OK().
					MustContain(`"state":"OPENING"`, `"openedAt":null`, `"way":"`+at.way+`"`).MustNotContain(`"launch":null`)
				at.agrees(t, h, "粤B12345", true)
				driver.Asks(openPasswordFree, opening(h, vehicle, channel)).OK().MustContain(`"state":"OPEN"`, `"launch":null`)

				h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
				issues(t, h)
				h.Clock.Pass(2 * time.Hour)
				gate := h.Gate("WXC")
				orders := gate.Watches(commanded)
				gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().
					MustContain(`"decision":"HOLD"`, `"reason":"DEDUCTING"`, "正在扣费 10.00 元，请稍候")
				issues(t, h)

				orders.Next().MustContain(`"kind":"OPEN"`, `"reason":"已缴费"`)
				driver = h.SignIn(driver.Mobile, "APP")
				driver.Asks(ownPaid).OK().MustContain(`"state":"PAID"`, `"way":"`+at.way+`"`, `"deferred":false`, `"paidFen":1000`, `"kind":"PAID"`)
				mustBalance(t, h, 1)
			})
		})
	}
}

func TestWhatAChannelDoesNotDeductIsAskedForAtTheLaneAndByANotice(t *testing.T) {
	testkit.Covers(t, "R020")
	for channel, at := range deducting {
		t.Run(string(channel), func(t *testing.T) {
			servertest.Each(t, func(t *testing.T, h *servertest.House) {
				driver, _ := agrees(t, h, channel, "粤B12345")
				h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
				issues(t, h)
				at.agrees(t, h, "粤B12345", false)
				h.Clock.Pass(2 * time.Hour)
				gate := h.Gate("WXC")
				orders := gate.Watches(commanded)
				gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"reason":"DEDUCTING"`)
				sweeps(t, h)

				orders.Next().MustContain(`"kind":"DISPLAY"`, "请缴费 10.00 元").MustNotContain("12345")
				driver = h.SignIn(driver.Mobile, "APP")
				driver.Asks(ownPaid).OK().MustContain(`"state":"CLOSED"`, `"kind":"DEDUCTION_FAILED","feeFen":1000`).MustNotContain("12345")
				gate.Sees("粤B12345", servertest.Leaving, h.Clock.Now().Add(time.Second)).OK().MustContain(`"reason":"PAYMENT_DUE"`)
				lane := gate.Asks(`{ gate { laneCode } }`).OK().String("gate.laneCode")
				driver.House.WechatTakes(driver.Begins(driver.Orders(driver.Quotes(servertest.Vars{"lane": lane}))))
				orders.Next().MustContain(`"kind":"OPEN"`)
				mustBalance(t, h, 1)
			})
		})
	}
}

// sweeps lets time pass until somebody has been asked to pay.
func sweeps(t *testing.T, h *servertest.House) {
	t.Helper()
	for start := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		asked, err := h.Store.Fresh(h.AsSystem()).GateCommand.Query().Exist(h.AsSystem())
		switch {
		case err != nil:
			t.Fatal(err)
		case asked:
			return
		case time.Since(start) > 30*time.Second:
			t.Fatal("nobody is asked")
		}
		h.Clock.Pass(time.Second)
		if err := h.Outbox.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAChannelThatPaysInAdvanceIsOwedByItsUserUntilTheyRepayIt(t *testing.T) {
	testkit.Covers(t, "R035")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, _ := agrees(t, h, money.WeChat, "粤B12345")
		agreesAtWechat(t, h, "粤B12345", sandboxwechatpay.Advances)
		staysTwoHours(h, "粤B12345")
		issues(t, h)
		driver = h.SignIn(driver.Mobile, "APP")
		driver.Asks(ownPaid).OK().MustContain(`"state":"PAID"`, `"way":"CREDIT_SCORE"`, `"deferred":true`, `"paidFen":1000`)

		number := h.Partners.WechatMoney.Payments()[0].Number
		if err := h.Partners.WechatMoney.Repay(number); err != nil {
			t.Fatal(err)
		}
		header, body, err := h.Partners.WechatMoney.Notice(number)
		if err != nil {
			t.Fatal(err)
		}
		if status, said := h.Called("/callback/pay/wechat", header, body); status != http.StatusNoContent {
			t.Fatalf("%d %s", status, said)
		}
		driver.Asks(ownPaid).OK().MustContain(`"deferred":false`, `"paidFen":1000`)
		mustBalance(t, h, 1)
	})
}

func TestABarrierFreeLotBillsAndWhoOwesItHasNothingDeducted(t *testing.T) {
	testkit.Covers(t, "R042", "P05")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver := h.Driver("APP")
		vehicle := driver.Binds("粤B12345")
		h.Gate("WXR").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		h.Clock.Pass(2 * time.Hour)
		h.Gate("WXR").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().
			MustContain(`"decision":"RELEASE_AND_BILL"`, `"reason":"BILLED"`, "停车费 10.00 元，已记账")
		driver = h.SignIn(driver.Mobile, "APP")
		owed := driver.Asks(ownArrears).OK().MustContain(`"feeFen":1000`, `"paidFen":0`, `"plate":"粤B***45"`).MustNotContain("万象荣")
		h.Anonymous().Asks(ownArrears).OK().MustContain(`"arrears":{"edges":[]}`)
		deducting[money.WeChat].agrees(t, h, "粤B12345", true)
		driver.Asks(openPasswordFree, opening(h, vehicle, money.WeChat)).MustBeRefused("IN_ARREARS")

		stay := owed.String("viewer.arrears.edges.0.node.id")
		h.WechatTakes(driver.Begins(driver.Orders(driver.Quotes(servertest.Vars{"stay": stay}))))
		driver.Asks(ownArrears).OK().MustContain(`"arrears":{"edges":[]}`)
		driver.Asks(openPasswordFree, opening(h, vehicle, money.WeChat)).OK().MustContain(`"state":"OPEN"`)
		driver.Asks(ownArrears).OK().MustContain(`"passwordFree":[{"id"`, `"state":"OPEN"`)
		mustBalance(t, h, 1)
	})
}

func TestABarrierFreeLotsBillIsDeductedOfWhoAgreed(t *testing.T) {
	testkit.Covers(t, "P05")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, _ := agrees(t, h, money.Alipay, "粤B12345")
		h.Gate("WXR").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		h.Clock.Pass(2 * time.Hour)
		h.Gate("WXR").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"decision":"RELEASE_AND_BILL"`)
		issues(t, h)
		driver = h.SignIn(driver.Mobile, "APP")
		driver.Asks(ownArrears).OK().MustContain(`"arrears":{"edges":[]}`)
		mustBalance(t, h, 1)
		visits := h.Partners.AlipayMoney.Visits()
		if len(visits) != 2 || visits[0].Left || !visits[1].Left {
			t.Errorf("Alipay was told %v", visits)
		}
	})
}

func TestAnAgreementHoldsForItsAccountsVehicleUntilEitherEnds(t *testing.T) {
	testkit.Covers(t, "R020")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		driver, agreement := agrees(t, h, money.WeChat, "粤B12345")
		other := h.Driver("APP")
		theirs := other.Binds("粤B12345")
		other.Asks(openPasswordFree, opening(h, theirs, money.WeChat)).MustBeRefused("AGREEMENT_HELD")
		other.Asks(closePasswordFree, servertest.Vars{"id": agreement}).MustBeRefused("NOT_FOUND")
		h.Anonymous().Asks(closePasswordFree, servertest.Vars{"id": agreement}).MustBeRefused("UNAUTHENTICATED")
		other.Asks(`query($id: ID!) { node(id: $id) { id } }`, servertest.Vars{"id": agreement}).OK().MustContain(`"node":null`)
		other.Asks(ownArrears).OK().MustNotContain(`"state"`)
		driver.Asks(`query($id: ID!) { node(id: $id) { ... on PasswordFreeAgreement { state } } }`, servertest.Vars{"id": agreement}).OK().MustContain(`"OPEN"`)
		wrong := opening(h, theirs, money.WeChat)
		wrong["in"].(servertest.Vars)["channel"] = "ABC"
		other.Asks(openPasswordFree, wrong).MustBeRefused("PASSWORD_FREE_NOT_OFFERED")
		driver.Asks(openPasswordFree, opening(h, theirs, money.WeChat)).MustBeRefused("NOT_FOUND")

		driver.Asks(closePasswordFree, servertest.Vars{"id": agreement}).OK().MustContain(`"state":"CLOSED"`)
		_, out := staysTwoHours(h, "粤B12345")
		out.MustContain(`"reason":"PAYMENT_DUE"`)
		if n := len(h.Partners.WechatMoney.Payments()); n != 0 {
			t.Errorf("%d deductions after the end", n)
		}
	})
}
