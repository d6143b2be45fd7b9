package server_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	claimVoucher = `mutation($c: String!) { claimVoucher(input: {code: $c}) {
		voucher { id kind amountFen minutes state lot { code } } userErrors { code field message }
	} }`
	ownVouchers  = `{ viewer { vouchers(first: 5) { edges { node { id kind amountFen minutes state expiresAt } } } } }`
	publishOffer = `mutation($in: PublishVoucherOfferInput!) { publishVoucherOffer(input: $in) {
		offer { id priceFen left lot { code } } userErrors { code field message }
	} }`
	buyVoucher = `mutation($in: BuyVoucherInput!) { buyVoucher(input: $in) {
		order { id kind state dueFen plate lotName } userErrors { code field message }
	} }`
	orderWith = `mutation($in: CreateOrderInput!) { createOrder(input: $in) {
		order { id state feeFen discountFen dueFen } payerProof userErrors { code field message }
	} }`
)

func withVouchers(key, quote string, more servertest.Vars) servertest.Vars {
	in := servertest.Vars{"idempotencyKey": key, "quote": quote}
	for name, value := range more {
		in[name] = value
	}
	return servertest.Vars{"in": in}
}

func TestAStrangerPaysLessByACodeAndNothingByAWaiver(t *testing.T) {
	testkit.Covers(t, "R036")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		amount := h.GrantsVoucher("WXC", servertest.Vars{"kind": "AMOUNT", "amountFen": 300})
		waiver := h.GrantsVoucher("WXC", servertest.Vars{"kind": "WAIVER"})
		_, lane, _ := wanting(h, "粤B12345")
		stranger := h.Anonymous()
		quote := stranger.Quotes(servertest.Vars{"lane": lane})
		part := stranger.Asks(orderWith, withVouchers("a", quote, servertest.Vars{"voucherCodes": []any{amount}})).OK().
			MustContain(`"state":"OPEN","feeFen":1000,"discountFen":300,"dueFen":700`)
		h.WechatTakes(stranger.Begins(servertest.Order{ID: part.String("createOrder.order.id"), Proof: part.String("createOrder.payerProof")}))
		mustBalance(t, h, 2)

		gate, lane, _ := wanting(h, "粤B54321")
		opened := gate.Watches(commanded)
		quote = stranger.Quotes(servertest.Vars{"lane": lane})
		stranger.Asks(orderWith, withVouchers("b", quote, servertest.Vars{"voucherCodes": []any{amount}})).MustBeRefused("VOUCHER_UNUSABLE")
		stranger.Asks(orderWith, withVouchers("b", quote, servertest.Vars{"voucherCodes": []any{waiver}})).OK().
			MustContain(`"state":"PAID","feeFen":1000,"discountFen":1000,"dueFen":0`)
		opened.Next().MustContain(`"kind":"OPEN"`)
		mustBalance(t, h, 3)
	})
}

func TestAVoucherIsItsAccountsAndNobodyElseSeesOrUsesIt(t *testing.T) {
	testkit.Covers(t, "R036")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		code := h.GrantsVoucher("WXC", servertest.Vars{"kind": "TIME", "minutes": 60})
		owner, other := h.Driver("APP"), h.Driver("APP")
		h.Staff("WXC").Asks(claimVoucher, servertest.Vars{"c": code}).MustBeRefused("FORBIDDEN")
		id := owner.Asks(claimVoucher, servertest.Vars{"c": code}).OK().MustContain(`"kind":"TIME","amountFen":null,"minutes":60,"state":"FREE"`).
			String("claimVoucher.voucher.id")
		other.Asks(claimVoucher, servertest.Vars{"c": code}).MustBeRefused("VOUCHER_UNUSABLE")
		owner.Asks(ownVouchers).OK().MustContain(id)
		for _, c := range []*servertest.Client{other, h.Anonymous(), h.Staff("WXC")} {
			c.Asks(ownVouchers).MustNotContain(id, `"TIME"`)
			c.Asks(`query($id: ID!) { node(id: $id) { id } }`, servertest.Vars{"id": id}).OK().MustContain(`"node":null`)
		}
		_, lane, _ := wanting(h, "粤B12345")
		owner, other = h.SignIn(owner.Mobile, "APP"), h.SignIn(other.Mobile, "APP")
		quote := owner.Quotes(servertest.Vars{"lane": lane})
		other.Asks(orderWith, withVouchers("o", quote, servertest.Vars{"voucherIds": []any{id}})).MustBeRefused("VOUCHER_UNUSABLE")
		made := owner.Asks(orderWith, withVouchers("a", quote, servertest.Vars{"voucherIds": []any{id}})).OK().MustContain(`"discountFen":500,"dueFen":500`)
		owner.Asks(ownVouchers).OK().MustContain(`"state":"RESERVED"`)
		owner.Asks(cancelOrder, servertest.Vars{"id": made.String("createOrder.order.id")}).OK()
		owner.Asks(ownVouchers).OK().MustContain(`"state":"FREE"`)
	})
}

func TestTheLastVoucherIsSoldToOneOfManyAndIsUsedOnAStay(t *testing.T) {
	testkit.Covers(t, "R036")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		offer := servertest.Vars{"in": servertest.Vars{
			"idempotencyKey": "offer", "lotCode": "WXC", "terms": servertest.Vars{"kind": "AMOUNT", "amountFen": 1000, "holdsDays": 30},
			"priceFen": 800, "stock": 1, "soldUntil": h.Clock.Now().Add(24 * time.Hour).Format(time.RFC3339),
		}}
		manager := h.Hires("MANAGER", "WXC", "")
		h.Staff("WXC").Asks(publishOffer, offer).MustBeRefused("FORBIDDEN")
		h.Hires("MANAGER", "WXT", "").Asks(publishOffer, offer).MustBeRefused("FORBIDDEN")
		id := manager.Asks(publishOffer, offer).OK().MustContain(`"priceFen":800,"left":1`).String("publishVoucherOffer.offer.id")
		manager.Asks(publishOffer, offer).OK().MustContain(id)
		h.Anonymous().Asks(`{ voucherOffers(lotCode: "WXC", first: 5) { edges { node { id left } } } }`).OK().MustContain(id)
		buying := servertest.Vars{"in": servertest.Vars{"idempotencyKey": "buy", "offerId": id}}
		h.Anonymous().Asks(buyVoucher, buying).MustBeRefused("UNAUTHENTICATED")

		buyers := []*servertest.Client{h.Driver("APP"), h.Driver("APP"), h.Driver("APP"), h.Driver("APP")}
		answers := make([]*servertest.Answer, len(buyers))
		var all sync.WaitGroup
		for i, buyer := range buyers {
			all.Go(func() { answers[i] = buyer.Asks(buyVoucher, buying) })
		}
		all.Wait()
		var lucky *servertest.Client
		var order string
		for i, answer := range answers {
			if slices.Contains(answer.Codes(), "VOUCHERS_SOLD_OUT") {
				continue
			}
			if lucky != nil {
				t.Fatal("the last was ordered twice")
			}
			lucky, order = buyers[i], answer.OK().MustContain(`"kind":"VOUCHER","state":"OPEN","dueFen":800,"plate":null`).String("buyVoucher.order.id")
		}
		lucky.Asks(ownVouchers).OK().MustNotContain(`"AMOUNT"`)
		h.WechatTakes(lucky.Begins(servertest.Order{ID: order}))
		bought := lucky.Asks(ownVouchers).OK().MustContain(`"kind":"AMOUNT","amountFen":1000`).String("viewer.vouchers.edges.0.node.id")
		mustBalance(t, h, 1)
		_, lane, _ := wanting(h, "粤B12345")
		lucky = h.SignIn(lucky.Mobile, "APP")
		lucky.Asks(orderWith, withVouchers("use", lucky.Quotes(servertest.Vars{"lane": lane}), servertest.Vars{"voucherIds": []any{bought}})).OK().
			MustContain(`"state":"PAID"`)
		manager.SignsIn()
		manager.Asks(refundOrder, servertest.Vars{"in": servertest.Vars{"idempotencyKey": "r", "orderId": order, "amountFen": 800, "reason": "x"}}).
			MustBeRefused("VOUCHER_NOT_REFUNDABLE")
		mustBalance(t, h, 2)
	})
}
