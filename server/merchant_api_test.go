package server_test

import (
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	addContingent = `mutation($in: AddMerchantContingentInput!) { addMerchantContingent(input: $in) {
		contingent { id left mostPerStay mostPerDay lot { code } } userErrors { code field message }
	} }`
	grantDiscount = `mutation($in: GrantMerchantDiscountInput!) { grantMerchantDiscount(input: $in) {
		code expiresAt userErrors { code field message }
	} }`
	giveDiscount = `mutation($in: GiveMerchantDiscountInput!) { giveMerchantDiscount(input: $in) {
		taken userErrors { code field message }
	} }`
	applyDiscount = `mutation($s: ID!, $c: String!) { applyMerchantDiscount(input: {sessionId: $s, code: $c}) {
		voucher { id kind amountFen state } userErrors { code field message }
	} }`
	merchantOf = `{ merchant(storeCode: "MER1") { code contingents(first: 5) { edges { node { id left kind amountFen } } }
		statement(month: "2026-11-21") { month owedFen lots { lotCode discounts owedFen } } } }`
)

// letsGive has a manager of a lot let a new store give discounts, and answers the contingent and a clerk of the store.
func letsGive(h *servertest.House, terms servertest.Vars, pieces int) (manager, clerk *servertest.Worker, contingent string) {
	h.T.Helper()
	if err := h.House.Staff.AddStore(h.AsSystem(), "MER1", "咖啡店"); err != nil {
		h.T.Fatal(err)
	}
	manager, clerk = h.Hires("MANAGER", "WXC", ""), h.Hires("CLERK", "", "MER1")
	added := manager.Asks(addContingent, letting(h, terms, pieces)).OK()
	return manager, clerk, added.String("addMerchantContingent.contingent.id")
}

func letting(h *servertest.House, terms servertest.Vars, pieces int) servertest.Vars {
	return servertest.Vars{"in": servertest.Vars{
		"idempotencyKey": "let", "lotCode": "WXC", "storeCode": "MER1", "terms": terms, "pieces": pieces,
		"endsAt": h.Clock.Now().Add(30 * 24 * time.Hour).Format(time.RFC3339),
	}}
}

func discountFrom(key, contingent string, more servertest.Vars) servertest.Vars {
	in := servertest.Vars{"idempotencyKey": key, "contingentId": contingent}
	for name, value := range more {
		in[name] = value
	}
	return servertest.Vars{"in": in}
}

func TestShoppingEarnsADiscountByTheMerchantsCodeAndTheMerchantOwesIt(t *testing.T) {
	testkit.Covers(t, "R034")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		owner := h.Verified("APP", "粤B12345")
		_, _, stay := wanting(h, "粤B12345")
		manager, clerk, contingent := letsGive(h, servertest.Vars{"kind": "AMOUNT", "amountFen": 300}, 2)
		given := clerk.Asks(grantDiscount, discountFrom("one", contingent, nil)).OK()
		code := given.String("grantMerchantDiscount.code")
		clerk.Asks(grantDiscount, discountFrom("one", contingent, nil)).OK().MustContain(code)

		owner = h.SignIn(owner.Mobile, "APP")
		h.Anonymous().Asks(applyDiscount, servertest.Vars{"s": stay, "c": code}).MustBeRefused("UNAUTHENTICATED")
		h.Driver("APP").Asks(applyDiscount, servertest.Vars{"s": stay, "c": code}).MustBeRefused("NOT_FOUND")
		clerk.Asks(applyDiscount, servertest.Vars{"s": stay, "c": code}).MustBeRefused("FORBIDDEN")
		owner.Asks(applyDiscount, servertest.Vars{"s": stay, "c": "ABCDEFGHJKMNPQRS"}).MustBeRefused("VOUCHER_UNUSABLE")
		applied := owner.Asks(applyDiscount, servertest.Vars{"s": stay, "c": code}).OK().
			MustContain(`"kind":"AMOUNT","amountFen":300,"state":"FREE"`).String("applyMerchantDiscount.voucher.id")
		owner.Asks(ownVouchers).OK().MustContain(applied)

		quote := owner.Quotes(servertest.Vars{"stay": stay})
		made := owner.Asks(orderWith, withVouchers("a", quote, nil)).OK().MustContain(`"feeFen":1000,"discountFen":300,"dueFen":700`)
		h.WechatTakes(owner.Begins(servertest.Order{ID: made.String("createOrder.order.id")}))
		owner.Asks(ownVouchers).OK().MustContain(`"state":"USED"`)
		mustBalance(t, h, 2)

		owed := `"owedFen":300,"lots":[{"lotCode":"WXC","discounts":1,"owedFen":300}]`
		for _, who := range []*servertest.Client{manager.Client, clerk.Client} {
			who.Asks(merchantOf).OK().MustContain(contingent, `"left":1`, `"month":"2026-11-01"`, owed)
		}
		for _, who := range []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Staff("WXC"), h.Hires("MANAGER", "WXT", "").Client} {
			who.Asks(merchantOf).OK().MustContain(`"merchant":null`)
			who.Asks(`query($id: ID!) { node(id: $id) { ... on MerchantContingent { left } } }`, servertest.Vars{"id": contingent}).OK()
		}
		h.Anonymous().Asks(`query($id: ID!) { node(id: $id) { id } }`, servertest.Vars{"id": contingent}).OK().MustContain(`"node":null`)
		h.Hires("MANAGER", "WXT", "").Asks(`query($id: ID!) { node(id: $id) { id } }`, servertest.Vars{"id": contingent}).OK().MustContain(`"node":null`)
	})
}

func TestAMerchantGivesByThePlateAndLearnsOnlyWhetherItWasTaken(t *testing.T) {
	testkit.Covers(t, "R034")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		h.Verified("APP", "粤B54321")
		h.Gate("WXC").Sees("粤B54321", servertest.Entering, h.Clock.Now()).OK()
		gate, lane, _ := wanting(h, "粤B12345")
		_, clerk, contingent := letsGive(h, servertest.Vars{"kind": "WAIVER"}, 2)
		plate := func(p string) servertest.Vars { return servertest.Vars{"plate": p} }
		for who, c := range map[string]*servertest.Client{
			"UNAUTHENTICATED": h.Anonymous(), "FORBIDDEN": h.Staff("WXC"),
		} {
			c.Asks(giveDiscount, discountFrom("x", contingent, plate("粤B12345"))).MustBeRefused(who)
			c.Asks(grantDiscount, discountFrom("x", contingent, nil)).MustBeRefused(who)
		}
		if err := h.House.Staff.AddStore(h.AsSystem(), "MER2", "书店"); err != nil {
			t.Fatal(err)
		}
		h.Hires("CLERK", "", "MER2").Asks(grantDiscount, discountFrom("x", contingent, nil)).MustBeRefused("NOT_FOUND")

		absent := clerk.Asks(giveDiscount, discountFrom("a", contingent, plate("粤B99999"))).OK().MustContain(`"taken":false`)
		protected := clerk.Asks(giveDiscount, discountFrom("b", contingent, plate("粤B54321"))).OK()
		if absent.Text != protected.Text {
			t.Errorf("%s\nis not\n%s", absent.Text, protected.Text)
		}
		for range 2 {
			clerk.Asks(giveDiscount, discountFrom("c", contingent, plate("粤B12345"))).OK().MustContain(`"taken":true`)
		}
		clerk.Asks(merchantOf).OK().MustContain(`"left":1`)
		opened := gate.Watches(commanded)
		stranger := h.Anonymous()
		stranger.Asks(orderWith, withVouchers("o", stranger.Quotes(servertest.Vars{"lane": lane}), nil)).OK().
			MustContain(`"state":"PAID","feeFen":1000,"discountFen":1000,"dueFen":0`)
		opened.Next().MustContain(`"kind":"OPEN"`)
		mustBalance(t, h, 1)
	})
}

func TestAContingentIsItsLotsManagersToAddAndIsNotOverdrawn(t *testing.T) {
	testkit.Covers(t, "R034")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		manager, clerk, contingent := letsGive(h, servertest.Vars{"kind": "TIME", "minutes": 60}, 1)
		same := letting(h, servertest.Vars{"kind": "TIME", "minutes": 60}, 1)
		manager.Asks(addContingent, same).OK().MustContain(contingent)
		h.Staff("WXC").Asks(addContingent, same).MustBeRefused("FORBIDDEN")
		h.Hires("MANAGER", "WXT", "").Asks(addContingent, same).MustBeRefused("FORBIDDEN")
		clerk.Asks(addContingent, same).MustBeRefused("FORBIDDEN")
		manager.Asks(addContingent, letting(h, servertest.Vars{"kind": "WAIVER"}, 1)).MustBeRefused("IDEMPOTENCY_KEY_REUSED")
		manager.Asks(addContingent, letting(h, servertest.Vars{"kind": "TIME"}, 1)).MustBeRefused("INVALID_MERCHANT_CONTINGENT")
		unknown := letting(h, servertest.Vars{"kind": "WAIVER"}, 1)
		unknown["in"].(servertest.Vars)["storeCode"] = "NONE"
		manager.Asks(addContingent, unknown).MustBeRefused("UNKNOWN_STORE")

		clerk.Asks(grantDiscount, discountFrom("one", contingent, nil)).OK()
		clerk.Asks(grantDiscount, discountFrom("two", contingent, nil)).MustBeRefused("MERCHANT_CONTINGENT_EXHAUSTED")
		for _, plate := range []string{"粤B12345", "粤B99999"} {
			clerk.Asks(giveDiscount, discountFrom("p", contingent, servertest.Vars{"plate": plate})).MustBeRefused("MERCHANT_CONTINGENT_EXHAUSTED")
		}
		h.Clock.Pass(11 * time.Minute)
		if err := h.Discounts.ReturnLapsed(t.Context()); err != nil {
			t.Fatal(err)
		}
		clerk.Asks(grantDiscount, discountFrom("two", contingent, nil)).OK()
	})
}

func TestCodesOfMerchantsDoNotTellWhereACarIs(t *testing.T) {
	testkit.Covers(t, "R034")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		binder := h.Bound("APP", "粤B12345")
		_, clerk, contingent := letsGive(h, servertest.Vars{"kind": "AMOUNT", "amountFen": 100}, 9)
		stay := idOf(h.Gate("WXT").Sees("粤B12345", servertest.Entering, h.Clock.Now()).OK())
		try := func(key string) *servertest.Answer {
			code := clerk.Asks(grantDiscount, discountFrom(key, contingent, nil)).OK().String("grantMerchantDiscount.code")
			return binder.Asks(applyDiscount, servertest.Vars{"s": stay, "c": code})
		}
		for _, key := range []string{"a", "b", "c"} {
			try(key).MustBeRefused("VOUCHER_UNUSABLE")
		}
		try("d").MustBeRefused("RATE_LIMITED")
	})
}
