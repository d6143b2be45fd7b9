package server_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/linkedaccount"
	"parkbff/ent/riskevent"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	paymentOrder = `query($id: ID!, $proof: String) { paymentOrder(id: $id, payerProof: $proof) {
		id state dueFen paidFen refundedFen channel plate lotName nameVisibility createdAt createdAtPrecision expiresAt paidAt
	} }`
	ownOrders   = `{ viewer { orders(first: 10) { edges { node { id state plate lotName paidAt paidFen } } } } }`
	cancelOrder = `mutation($id: ID!, $proof: String) { cancelOrder(input: {orderId: $id, payerProof: $proof}) { order { state } userErrors { code } } }`
	takeCash    = `mutation($in: TakeCashInput!) { takeCash(input: $in) { order { id state channel } userErrors { code field } } }`
	refundOrder = `mutation($in: RefundOrderInput!) { refundOrder(input: $in) { order { id state refundedFen } userErrors { code field } } }`
)

// wanting is a car that has stayed two hours at the lane of a gate and wants to leave; its id is of the stay.
func wanting(h *servertest.House, plate string) (gate *servertest.Gate, lane, stay string) {
	h.T.Helper()
	gate = h.Gate("WXC")
	gate.Sees(plate, servertest.Entering, h.Clock.Now()).OK()
	h.Clock.Pass(2 * time.Hour)
	gate = h.Gate("WXC")
	out := gate.Sees(plate, servertest.Leaving, h.Clock.Now()).OK().MustContain(`"decision":"HOLD"`)
	return gate, gate.Asks(`{ gate { laneCode } }`).OK().String("gate.laneCode"), idOf(out)
}

func paying(order servertest.Order, channel, way, key string) servertest.Vars {
	return servertest.Vars{"in": servertest.Vars{
		"idempotencyKey": key, "orderId": order.ID, "payerProof": order.Proof, "channel": channel, "way": way,
	}}
}

func TestAStrangerAtTheLanePaysAndTheGateOpensAfterTheLedgerSaysSo(t *testing.T) {
	testkit.Covers(t, "R004", "R005", "R010")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		gate, lane, _ := wanting(h, "粤B12345")
		orders := gate.Watches(commanded)
		stranger := h.Anonymous()
		order := stranger.Orders(stranger.Quotes(servertest.Vars{"lane": lane}))
		number := stranger.Begins(order)
		orders.Quiet(50 * time.Millisecond)

		h.WechatTakes(number)

		orders.Next().MustContain(`"kind":"OPEN"`, `"reason":"已缴费"`)
		shown := servertest.Vars{"id": order.ID, "proof": order.Proof}
		stranger.Asks(paymentOrder, shown).OK().
			MustContain(`"state":"PAID"`, `"paidFen":1000`, `"channel":"WECHAT"`, `"plate":"粤B***45"`, `"lotName":"万***停车场"`,
				`"paidAt":"2026-11-21T06:00:00+08:00"`, `"expiresAt":null`).
			MustNotContain("12345", "万象城", "11:00", "03:00")
		for _, other := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Staff("WXT"), gate.Client} {
			other.Asks(paymentOrder, servertest.Vars{"id": order.ID}).MustBeRefused("NOT_FOUND").MustNotContain("1000")
			other.Asks(paymentOrder, servertest.Vars{"id": order.ID, "proof": "rubbish"}).MustBeRefused("NOT_FOUND")
		}
		h.Staff("WXC").Asks(paymentOrder, servertest.Vars{"id": order.ID}).OK().
			MustContain(`"plate":"粤B12345"`, `"lotName":"万象城停车场"`, `"paidAt":"2026-11-21T11:00:00+08:00"`)
		mustBalance(t, h, 1)
	})
}

func mustBalance(t *testing.T, h *servertest.House, entries int) {
	t.Helper()
	proof, err := h.Billing.Prove(t.Context())
	if err != nil || len(proof.Offences) > 0 || proof.Entries != entries {
		t.Errorf("the ledger has %d entries, not %d; %v, %v", proof.Entries, entries, proof.Offences, err)
	}
}

func TestAPlateIsPaidForByAnybodyWithinItsLotAndLimits(t *testing.T) {
	testkit.Covers(t, "R005", "R010")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK()
		h.Clock.Pass(time.Hour)
		stranger := h.Anonymous()
		at := servertest.Vars{"plate": "粤B12345", "lotCode": "WXC"}
		stranger.Asks(servertest.QuotePayable, servertest.Vars{"in": servertest.Vars{"plateAtLot": servertest.Vars{"plate": "粤B12345", "lotCode": "WXT"}}}).
			OK().MustContain(`"NothingToPay"`)
		order := stranger.Orders(stranger.Quotes(servertest.Vars{"plateAtLot": at}))
		h.WechatTakes(stranger.Begins(order))
		stranger.Asks(servertest.QuotePayable, servertest.Vars{"in": servertest.Vars{"plateAtLot": at}}).OK().MustContain(`"NothingToPay"`)
		stranger.Asks(servertest.QuotePayable, servertest.Vars{"in": servertest.Vars{"plateAtLot": at}}).MustBeRefused("LANE_CODE_REQUIRED")
		mustBalance(t, h, 1)
	})
}

// Every channel is paid over its real client, against a stand-in that signs as the channel does.
func TestEveryChannelTakesAPayment(t *testing.T) {
	testkit.Covers(t, "R107")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		offered := h.Anonymous().Asks(`{ paymentOffers { channel ways } }`).OK()
		for i, channel := range []string{"WECHAT", "ALIPAY", "UNIONPAY", "QUICKPASS", "ABC", "CCB", "JST_WALLET"} {
			offered.MustContain(`"channel":"` + channel + `"`)
			plate := "粤B1000" + string(rune('0'+i))
			_, lane, _ := wanting(h, plate)
			stranger := h.Anonymous()
			order := stranger.Orders(stranger.Quotes(servertest.Vars{"lane": lane}))
			begun := stranger.Asks(servertest.PayOrder, paying(order, channel, "H5", channel)).OK()
			takes(t, h, channel, begun)
			stranger.Asks(paymentOrder, servertest.Vars{"id": order.ID, "proof": order.Proof}).OK().
				MustContain(`"state":"PAID"`, `"channel":"`+channel+`"`)
		}
		mustBalance(t, h, 7)
		if log := h.Logged(); strings.Contains(log, "粤B1000") {
			t.Error("the log names a plate")
		}
	})
}

// takes has somebody go to a channel's page and pay there, and the channel tell us so, twice.
func takes(t *testing.T, h *servertest.House, channel string, begun *servertest.Answer) {
	t.Helper()
	number := begun.String("payOrder.payment.number")
	if channel == "WECHAT" {
		h.WechatTakes(number)
		return
	}
	goes(t, begun)
	form, err := h.Partners.UnionPayMoney.Notice(number)
	if channel == "ALIPAY" {
		form, err = h.Partners.AlipayMoney.Notice(number)
	}
	if err != nil {
		t.Fatalf("%s: %v", channel, err)
	}
	path := map[string]string{
		"ALIPAY": "alipay", "UNIONPAY": "unionpay", "QUICKPASS": "quickpass", "ABC": "abc", "CCB": "ccb", "JST_WALLET": "wallet",
	}[channel]
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	forged := url.Values{}
	for name, values := range form {
		forged[name] = values
	}
	forged.Set(map[bool]string{true: "total_amount", false: "txnAmt"}[channel == "ALIPAY"], "1")
	if status, _ := h.Called("/callback/pay/"+path, header, []byte(forged.Encode())); status != http.StatusForbidden {
		t.Errorf("%s: a forgery is answered %d", channel, status)
	}
	for range 2 {
		if status, said := h.Called("/callback/pay/"+path, header, []byte(form.Encode())); status != http.StatusOK {
			t.Errorf("%s: the call-back is answered %d %s", channel, status, said)
		}
	}
}

// goes opens the page of a launch, as the payer's browser does, and pays there.
func goes(t *testing.T, begun *servertest.Answer) {
	t.Helper()
	page, err := url.Parse(begun.String("payOrder.payment.launch.url"))
	if err != nil {
		t.Fatal(err)
	}
	query := page.Query()
	query.Set("pay", "1")
	page.RawQuery = query.Encode()
	form := url.Values{}
	parameters, _ := servertest.Part(begun.Shown(), "payOrder.payment.launch.parameters").([]any)
	for _, p := range parameters {
		name, _ := servertest.Part(p, "name").(string)
		value, _ := servertest.Part(p, "value").(string)
		form.Set(name, value)
	}
	method := http.MethodGet
	if len(form) > 0 {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, page.String(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode >= http.StatusBadRequest {
		t.Fatalf("the channel's page answers %d, %v", response.StatusCode, err)
	}
}

func TestAForgedCallBackOfWeChatPayBooksNothingAndIsNoted(t *testing.T) {
	testkit.Covers(t, "R107")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		_, lane, _ := wanting(h, "粤B12345")
		stranger := h.Anonymous()
		order := stranger.Orders(stranger.Quotes(servertest.Vars{"lane": lane}))
		number := stranger.Begins(order)
		if err := h.Partners.WechatMoney.Pay(number, "somebody"); err != nil {
			t.Fatal(err)
		}
		header, body, err := h.Partners.WechatMoney.Notice(number)
		if err != nil {
			t.Fatal(err)
		}
		wrong := header.Clone()
		wrong.Set("Wechatpay-Signature", "AAAA")
		for name, status := range map[string]int{
			"another's signature": must(h.Called("/callback/pay/wechat", wrong, body)),
			"another body":        must(h.Called("/callback/pay/wechat", header, append([]byte(" "), body...))),
			"nothing":             must(h.Called("/callback/pay/wechat", http.Header{}, nil)),
			"another channel's":   must(h.Called("/callback/pay/alipay", header, body)),
		} {
			if status != http.StatusForbidden {
				t.Errorf("%s is answered %d", name, status)
			}
		}
		h.Clock.Pass(time.Hour)
		if status, _ := h.Called("/callback/pay/wechat", header, body); status != http.StatusForbidden {
			t.Errorf("a stale call is answered %d", status)
		}
		mustBalance(t, h, 0)
		noted, err := h.Store.Fresh(h.AsSystem()).RiskEvent.Query().Where(riskevent.KindEQ(riskevent.KindCALLBACK_FORGED)).Count(h.AsSystem())
		if err != nil || noted == 0 {
			t.Errorf("%d noted, %v", noted, err)
		}
		if strings.Contains(h.Logged(), number) {
			t.Error("the log names the payment")
		}
	})
}

func must(status int, _ string) int { return status }

func TestWhoHasNoAccountPaysInAMiniProgramAndNothingOfThemIsKept(t *testing.T) {
	testkit.Covers(t, "R059")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for i, platform := range []struct{ channel, in string }{{"WECHAT", "WECHAT_MINI"}, {"ALIPAY", "ALIPAY_MINI"}} {
			_, lane, _ := wanting(h, "粤B1000"+string(rune('0'+i)))
			guest := h.Anonymous()
			order := guest.Orders(guest.Quotes(servertest.Vars{"lane": lane}))
			without := paying(order, platform.channel, "MINI_PROGRAM", "no code")
			guest.Asks(servertest.PayOrder, without).MustBeRefused("INVALID_IDEMPOTENCY_KEY")
			without = paying(order, platform.channel, "MINI_PROGRAM", "no-code")
			guest.Asks(servertest.PayOrder, without).MustBeRefused("CHANNEL_REFUSED")
			with := paying(order, platform.channel, "MINI_PROGRAM", platform.in)
			with["in"].(servertest.Vars)["code"] = h.Proves(platform.in, "guest", "13900000077").Code
			number := guest.Asks(servertest.PayOrder, with).OK().MustContain(`"launch":{"url":null,"parameters":[{"name"`).
				String("payOrder.payment.number")
			takesFrom(t, h, platform.channel, number)
		}
		accounts, err := h.Store.Fresh(h.AsSystem()).Account.Query().Count(h.AsSystem())
		linked, err2 := h.Store.Fresh(h.AsSystem()).LinkedAccount.Query().Count(h.AsSystem())
		if err != nil || err2 != nil || accounts+linked != 0 {
			t.Errorf("%d accounts, %d linked; %v %v", accounts, linked, err, err2)
		}
		mustBalance(t, h, 2)
	})
}

// takesFrom has the one pay who is expected to.
func takesFrom(t *testing.T, h *servertest.House, channel, number string) {
	t.Helper()
	var header http.Header
	var body []byte
	var err error
	path := "wechat"
	if channel == "WECHAT" {
		person, vouched := h.Partners.Platforms()[linkedaccount.ChannelWECHAT_MINI].Person(t.Context(), h.Proves("WECHAT_MINI", "guest", "13900000077").Code)
		if err = errors.Join(vouched, h.Partners.WechatMoney.Pay(number, person.Subject)); err == nil {
			header, body, err = h.Partners.WechatMoney.Notice(number)
		}
	} else {
		path = "alipay"
		if err = h.Partners.AlipayMoney.Pay(number, "guest"); err == nil {
			var form url.Values
			form, err = h.Partners.AlipayMoney.Notice(number)
			header, body = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if status, said := h.Called("/callback/pay/"+path, header, body); status >= 300 {
		t.Errorf("%s: %d %s", channel, status, said)
	}
}

func TestPayingInTheAppNeedsAnAccount(t *testing.T) {
	testkit.Covers(t, "R060")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		_, lane, _ := wanting(h, "粤B12345")
		guest := h.Anonymous()
		order := guest.Orders(guest.Quotes(servertest.Vars{"lane": lane}))
		guest.Asks(servertest.PayOrder, paying(order, "WECHAT", "APP", "a")).MustBeRefused("REGISTRATION_REQUIRED")
		driver := h.Driver("APP")
		own := driver.Orders(driver.Quotes(servertest.Vars{"lane": lane}))
		h.WechatTakes(driver.Asks(servertest.PayOrder, paying(own, "WECHAT", "APP", "a")).OK().String("payOrder.payment.number"))
		mustBalance(t, h, 1)
	})
}

func TestABinderPaysAndIsToldMaskedAndTheVerifiedOwnerClear(t *testing.T) {
	testkit.Covers(t, "R010", "R024", "R025")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		for _, who := range []struct {
			c     *servertest.Client
			plate string
			shown []string
			not   []string
		}{
			{h.Bound("APP", "粤B12345"), "粤B12345", []string{"粤B***45", "万***停车场", "T06:00:00+08:00"}, []string{"12345", "万象城"}},
			{h.Verified("APP", "粤B23456"), "粤B23456", []string{"粤B23456", "万象城停车场"}, []string{"***"}},
		} {
			gate := h.Gate("WXC")
			entered := gate.Sees(who.plate, servertest.Entering, h.Clock.Now()).OK()
			h.Clock.Pass(50 * time.Minute)
			who.c = h.SignIn(who.c.Mobile, "APP")
			told := who.c.Watches(`subscription { noticeReceived { notice { kind lotName plate occurredAt feeFen } } }`)
			order := who.c.Orders(who.c.Quotes(servertest.Vars{"stay": idOf(entered)}))
			h.WechatTakes(who.c.Begins(servertest.Order{ID: order.ID}))
			told.Next().MustContain(`"PAID"`, `"feeFen":500`).MustContain(who.shown...).MustNotContain(who.not...)
			who.c.Asks(ownOrders).OK().MustContain(order.ID, `"state":"PAID"`).MustContain(who.shown...).MustNotContain(who.not...)
		}
		mustBalance(t, h, 2)
	})
}

func TestAManagerGivesMoneyBackWithASecondFactor(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		_, lane, stay := wanting(h, "粤B12345")
		driver := h.Driver("APP")
		order := driver.Orders(driver.Quotes(servertest.Vars{"lane": lane}))
		h.WechatTakes(driver.Begins(order))
		give := func(key string, fen int) servertest.Vars {
			return servertest.Vars{"in": servertest.Vars{"idempotencyKey": key, "orderId": order.ID, "amountFen": fen, "reason": "重复收费"}}
		}
		manager := h.Hires("MANAGER", "WXC", "")
		h.Staff("WXC").Asks(refundOrder, give("a", 300)).MustBeRefused("FORBIDDEN")
		h.Hires("MANAGER", "WXT", "").Asks(refundOrder, give("a", 300)).MustBeRefused("NOT_FOUND")
		driver.Asks(refundOrder, give("a", 300)).MustBeRefused("FORBIDDEN")
		manager.Asks(refundOrder, give("a", 300)).OK().MustContain(`"state":"PAID","refundedFen":300`)
		manager.Asks(refundOrder, give("a", 300)).OK().MustContain(`"refundedFen":300`)
		manager.Asks(refundOrder, give("b", 701)).MustBeRefused("REFUND_TOO_LARGE")
		var refund *ent.Refund
		eventually(t, "the channel has not given it back", func() bool {
			refund = h.Store.Fresh(h.AsSystem()).Refund.Query().OnlyX(h.AsSystem())
			return refund.State == "PENDING" && h.Partners.WechatMoney.Payments()[0].Refunded == 300
		})
		header, body, err := h.Partners.WechatMoney.Notice(refund.Number)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if status, said := h.Called("/callback/pay/wechat", header, body); status != http.StatusNoContent {
				t.Errorf("the call-back is answered %d %s", status, said)
			}
		}
		mustBalance(t, h, 3)
		h.Staff("WXC").Asks(takeCash, servertest.Vars{"in": servertest.Vars{"idempotencyKey": "c", "sessionId": stay, "amountFen": 1}}).
			MustBeRefused("AMOUNT_DIFFERS")
	})
}

func TestAnOrderIsCancelledByWhoeverHoldsIt(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		_, lane, _ := wanting(h, "粤B12345")
		guest := h.Anonymous()
		order := guest.Orders(guest.Quotes(servertest.Vars{"lane": lane}))
		h.Driver("APP").Asks(cancelOrder, servertest.Vars{"id": order.ID}).MustBeRefused("NOT_FOUND")
		guest.Asks(cancelOrder, servertest.Vars{"id": order.ID, "proof": order.Proof}).OK().MustContain(`"CLOSED"`)
		guest.Asks(servertest.PayOrder, paying(order, "WECHAT", "H5", "k")).MustBeRefused("ORDER_CLOSED")
	})
}

func TestADisturbedLedgerIsReported(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		_, lane, _ := wanting(h, "粤B12345")
		guest := h.Anonymous()
		h.WechatTakes(guest.Begins(guest.Orders(guest.Quotes(servertest.Vars{"lane": lane}))))
		err := h.Store.WithTx(h.AsSystem(), func(ctx context.Context, tx *ent.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE ledger_lines SET fen = fen + 1 WHERE fen > 0")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		proof, err := h.Billing.Prove(t.Context())
		if err != nil || len(proof.Offences) == 0 {
			t.Errorf("%v, %v", proof, err)
		}
	})
}

func TestStatementsOfEveryChannelAgreeWithTheLedger(t *testing.T) {
	testkit.Covers(t, "R107", "P12")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		channels := []string{"WECHAT", "ALIPAY", "UNIONPAY", "QUICKPASS", "ABC", "CCB", "JST_WALLET"}
		for i, channel := range channels {
			_, lane, _ := wanting(h, "粤B1000"+string(rune('0'+i)))
			stranger := h.Anonymous()
			order := stranger.Orders(stranger.Quotes(servertest.Vars{"lane": lane}))
			takes(t, h, channel, stranger.Asks(servertest.PayOrder, paying(order, channel, "H5", channel)).OK())
			h.Clock.Set(servertest.Morning)
		}
		const asking = `{ reconciliations(first: 100) { edges { node {
			channel day payments paidFen refunds refundedFen differences { kind refund number channelFen ledgerFen }
		} } } }`
		h.Clock.Set(servertest.Morning.AddDate(0, 0, 1).Add(6 * time.Hour))
		if err := h.Billing.ReconcileDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		said := h.Admin().Asks(asking).OK()
		for _, channel := range channels {
			said.MustContain(`{"channel":"` + channel + `","day":"2026-11-21","payments":1,"paidFen":1000,"refunds":0,"refundedFen":0,"differences":[]}`)
		}
		const one = `query($id: ID!) { node(id: $id) { ... on Reconciliation { paidFen } } }`
		id := servertest.Vars{"id": h.Admin().Asks(`{ reconciliations(first: 1) { edges { node { id } } } }`).OK().String("reconciliations.edges.0.node.id")}
		h.Admin().Asks(one, id).OK().MustContain(`"paidFen":1000`)
		h.Staff("WXC").Asks(one, id).OK().MustContain(`{"node":null}`)
		for _, other := range []*servertest.Client{h.Driver("APP"), h.Staff("WXC"), h.Hires("MANAGER", "WXC", "").Client, h.Officer()} {
			other.Asks(asking).MustBeRefused("FORBIDDEN")
		}
		h.Anonymous().Asks(asking).MustBeRefused("UNAUTHENTICATED")

		const export = `{ ledgerExport(lotCode: "WXC", from: "2026-11-21", to: "2026-11-22") { csv entries earnedFen } }`
		h.Hires("MANAGER", "WXC", "").Asks(export).OK().MustContain(`"entries":7,"earnedFen":7000`, `sum,,,,LOT,,,70.00`, `sum,,,,CHANNEL,,70.00,`)
		h.Staff("WXC").Asks(export).MustBeRefused("FORBIDDEN")
		h.Hires("MANAGER", "WXT", "").Asks(export).MustBeRefused("FORBIDDEN")
		h.Hires("MANAGER", "WXC", "").Asks(strings.ReplaceAll(export, `to: "2026-11-22"`, `to: "2026-11-20"`)).MustBeRefused("INVALID_DAYS")
		mustBalance(t, h, 7)
	})
}

// A stay is its binders' of the moment at which it began. Whoever paid for it sees it, and is told no more of the car
// by binding it afterwards.
func TestWhoPaidAndBoundTheCarLaterIsNotToldThatItLeaves(t *testing.T) {
	testkit.Covers(t, "R024")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		first := h.Bound("APP", "粤B12345")
		stay := idOf(h.Gate("WXC").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK())
		h.Clock.Pass(time.Hour)
		later := h.Driver("APP")
		h.PaysAll(later, stay)
		later.Binds("粤B12345")
		h.Gate("WXC").Sees("粤B12345", servertest.Leaving, h.Clock.Now()).OK().MustContain(`"RELEASE"`)
		h.Clock.Pass(2 * time.Minute) // for the limit of codes
		const notices = `{ viewer { notices(first: 10) { edges { node { kind } } } } }`
		h.SignIn(first.Mobile, "APP").Asks(notices).OK().MustContain(`"EXITED"`)
		h.SignIn(later.Mobile, "APP").Asks(notices).OK().MustContain(`"PAID"`).MustNotContain("EXITED")
	})
}
