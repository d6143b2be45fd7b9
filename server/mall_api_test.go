package server_test

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

const (
	setMallItem = `mutation($in: SetMallItemInput!) { setMallItem(input: $in) {
		item { id lotCode code name storeCode storeName priceFen points left holdsDays } userErrors { code field message }
	} }`
	placeMallOrder = `mutation($k: String!, $i: ID!) { placeMallOrder(input: {idempotencyKey: $k, itemId: $i}) {
		order { id kind state dueFen } userErrors { code field message }
	} }`
	redeemPoints = `mutation($k: String!, $i: ID!) { redeemPoints(input: {idempotencyKey: $k, itemId: $i}) {
		order { id state points priceFen itemName code } userErrors { code field message }
	} }`
	cancelMallOrder = `mutation($id: ID!) { cancelMallOrder(input: {orderId: $id}) {
		order { id state code } userErrors { code field message }
	} }`
	handOverItem = `mutation($c: String!) { handOverMallOrder(input: {code: $c}) {
		itemName handedOverAt userErrors { code field message }
	} }`
	mallOfLot     = `{ lot(code: "WXC") { mallItems(first: 5) { edges { node { id name priceFen points left } } } } }`
	ownMallOrders = `{ viewer { mallOrders(first: 5) { edges { node { id state itemName storeName priceFen points code collectBy handedOverAt } } } } }`
)

// sellsItem has a manager of WXC put an item on sale that the store MER1 hands over, and answers its id and a clerk.
func sellsItem(h *servertest.House, more servertest.Vars) (item string, clerk *servertest.Worker) {
	h.T.Helper()
	if err := h.House.Staff.AddStore(h.AsSystem(), "MER1", "咖啡店"); err != nil {
		h.T.Fatal(err)
	}
	return setsItem(h, more), h.Hires("CLERK", "", "MER1")
}

func setsItem(h *servertest.House, more servertest.Vars) string {
	h.T.Helper()
	in := servertest.Vars{
		"lotCode": "WXC", "code": "M1", "name": "拿铁咖啡", "storeCode": "MER1", "stock": 2, "holdsDays": 7,
		"soldUntil": h.Clock.Now().AddDate(0, 1, 0).Format(time.RFC3339),
	}
	maps.Copy(in, more)
	return h.Hires("MANAGER", "WXC", "").Asks(setMallItem, servertest.Vars{"in": in}).OK().String("setMallItem.item.id")
}

func ordering(key, item string) servertest.Vars { return servertest.Vars{"k": key, "i": item} }

func TestAnItemOfTheMallIsBoughtAndCollectedByItsCode(t *testing.T) {
	testkit.Covers(t, "R017")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		item, clerk := sellsItem(h, servertest.Vars{"priceFen": 1800})
		h.Anonymous().Asks(mallOfLot).OK().MustContain(`"name":"拿铁咖啡","priceFen":1800,"points":null,"left":2`)
		buyer, other := h.Driver("APP"), h.Driver("APP")
		h.Anonymous().Asks(placeMallOrder, ordering("a", item)).MustBeRefused("UNAUTHENTICATED")
		clerk.Asks(placeMallOrder, ordering("a", item)).MustBeRefused("FORBIDDEN")
		made := buyer.Asks(placeMallOrder, ordering("a", item)).OK().MustContain(`"kind":"MALL","state":"OPEN","dueFen":1800`)
		order := made.String("placeMallOrder.order.id")
		buyer.Asks(placeMallOrder, ordering("a", item)).OK().MustContain(order)
		h.Anonymous().Asks(mallOfLot).OK().MustContain(`"left":1`)
		buyer.Asks(ownMallOrders).OK().MustContain(`"edges":[]`)
		h.WechatTakes(buyer.Begins(servertest.Order{ID: order}))

		had := buyer.Asks(ownMallOrders).OK().MustContain(`"state":"PAID","itemName":"拿铁咖啡","storeName":"咖啡店","priceFen":1800,"points":null`)
		id, code := had.String("viewer.mallOrders.edges.0.node.id"), had.String("viewer.mallOrders.edges.0.node.code")
		for _, c := range []*servertest.Client{other, h.Anonymous(), clerk.Client, h.Staff("WXC")} {
			c.Asks(ownMallOrders).OK().MustNotContain(id, code)
			c.Asks(nodeOnly, servertest.Vars{"id": id}).OK().MustContain(`"node":null`)
		}
		if err := h.House.Staff.AddStore(h.AsSystem(), "MER2", "书店"); err != nil {
			t.Fatal(err)
		}
		h.Hires("CLERK", "", "MER2").Asks(handOverItem, servertest.Vars{"c": code}).MustBeRefused("MALL_CODE_UNUSABLE")
		h.Anonymous().Asks(handOverItem, servertest.Vars{"c": code}).MustBeRefused("UNAUTHENTICATED")
		buyer.Asks(handOverItem, servertest.Vars{"c": code}).MustBeRefused("FORBIDDEN")
		clerk.Asks(handOverItem, servertest.Vars{"c": code}).OK().MustContain(`"itemName":"拿铁咖啡"`).MustNotContain(buyer.Mobile)
		clerk.Asks(handOverItem, servertest.Vars{"c": code}).MustBeRefused("MALL_ORDER_HANDED_OVER")
		buyer.Asks(ownMallOrders).OK().MustContain(`"state":"HANDED_OVER"`, `"code":null`).MustNotContain(code)
		buyer.Asks(cancelMallOrder, servertest.Vars{"id": id}).MustBeRefused("MALL_ORDER_HANDED_OVER")
		mustBalance(t, h, 1)
	})
}

func TestPointsAreExchangedForItemsAndNeverOverdrawn(t *testing.T) {
	testkit.Covers(t, "R017", "R018")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		item, clerk := sellsItem(h, servertest.Vars{"points": 4, "stock": 9})
		owner := h.Driver("APP")
		h.Anonymous().Asks(redeemPoints, ordering("a", item)).MustBeRefused("UNAUTHENTICATED")
		clerk.Asks(redeemPoints, ordering("a", item)).MustBeRefused("FORBIDDEN")
		owner.Asks(redeemPoints, ordering("a", item)).MustBeRefused("CONSENT_REQUIRED")
		joins(owner).Asks(redeemPoints, ordering("a", item)).MustBeRefused("NOT_ENOUGH_POINTS")
		parksAndPays(owner, "粤B22222")
		owner.Asks(redeemPoints, ordering("a", h.ID("MallItem", 1<<40))).MustBeRefused("MALL_ITEM_SOLD_OUT")
		owner.Asks(placeMallOrder, ordering("a", item)).MustBeRefused("MALL_ITEM_SOLD_OUT") // not for money

		keys := []string{"a", "b", "c", "d"}
		answers := make([]*servertest.Answer, len(keys))
		var all sync.WaitGroup
		for i, key := range keys {
			all.Go(func() { answers[i] = owner.Asks(redeemPoints, ordering(key, item)) })
		}
		all.Wait()
		had := []string{}
		for i, answer := range answers {
			if !slices.Contains(answer.Codes(), "NOT_ENOUGH_POINTS") {
				had = append(had, answer.OK().MustContain(`"state":"PAID","points":4,"priceFen":null`).String("redeemPoints.order.id"))
				owner.Asks(redeemPoints, ordering(keys[i], item)).OK().MustContain(had[len(had)-1])
			}
		}
		if len(had) != 2 {
			t.Fatalf("had %d times", len(had))
		}
		owner.Asks(ownMembership).OK().MustContain(`"points":2`, `"kind":"SPENT","points":-4,"balance":2`, `"kind":"SPENT","points":-4,"balance":6`)
		h.Driver("APP").Asks(cancelMallOrder, servertest.Vars{"id": had[0]}).MustBeRefused("NOT_FOUND")
		for range 2 {
			owner.Asks(cancelMallOrder, servertest.Vars{"id": had[0]}).OK().MustContain(`"state":"CANCELLED","code":null`)
		}
		owner.Asks(ownMembership).OK().MustContain(`"points":6`, `"kind":"RETURNED","points":4,"balance":6`)
		h.Clock.Pass(7 * 24 * time.Hour)
		if err := h.Billing.EndMallOrders(t.Context()); err != nil {
			t.Fatal(err)
		}
		owner = h.SignIn(owner.Mobile, "APP")
		owner.Asks(ownMembership).OK().MustContain(`"points":10`)
		owner.Asks(ownMallOrders).OK().MustNotContain(`"PAID"`)
		mustAgree(t, h)
		mustBalance(t, h, 1)
	})
}

func TestAParkingVoucherOfTheMallIsForPointsAlone(t *testing.T) {
	testkit.Covers(t, "R017")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		manager := h.Hires("MANAGER", "WXC", "")
		offer := manager.Asks(publishOffer, servertest.Vars{"in": servertest.Vars{
			"idempotencyKey": "o", "lotCode": "WXC", "terms": servertest.Vars{"kind": "AMOUNT", "amountFen": 300, "holdsDays": 7},
			"priceFen": 200, "stock": 5, "soldUntil": h.Clock.Now().AddDate(0, 1, 0).Format(time.RFC3339),
		}}).OK().String("publishVoucherOffer.offer.id")
		in := servertest.Vars{
			"lotCode": "WXC", "code": "V1", "name": "停车券", "voucherOfferId": offer, "points": 8, "priceFen": 100, "stock": 2, "holdsDays": 7,
			"soldUntil": h.Clock.Now().AddDate(0, 1, 0).Format(time.RFC3339),
		}
		manager.Asks(setMallItem, servertest.Vars{"in": in}).MustBeRefused("INVALID_MALL_ITEM")
		delete(in, "priceFen")
		item := manager.Asks(setMallItem, servertest.Vars{"in": in}).OK().MustContain(`"storeCode":null`).String("setMallItem.item.id")
		for _, c := range []*servertest.Client{h.Staff("WXC"), h.Hires("MANAGER", "WXT", "").Client, h.Driver("APP")} {
			c.Asks(setMallItem, servertest.Vars{"in": in}).MustBeRefused("FORBIDDEN")
		}
		owner := joins(h.Driver("APP"))
		parksAndPays(owner, "粤B22222")
		owner.Asks(redeemPoints, ordering("a", item)).OK().MustContain(`"state":"HANDED_OVER"`, `"code":null`)
		owner.Asks(ownVouchers).OK().MustContain(`"amountFen":300`, `"state":"FREE"`)
		owner.Asks(ownMembership).OK().MustContain(`"points":2`)
		owner.Asks(redeemPoints, ordering("b", item)).MustBeRefused("NOT_ENOUGH_POINTS")
		mustAgree(t, h)
	})
}
