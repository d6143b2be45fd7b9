package matrix_test

import (
	"fmt"
	"time"

	"parkbff/server/servertest"
)

// ordered is an order of a stay, or of a voucher for the closed lot, and by whom it was made and perhaps paid.
type ordered struct {
	id, by, stay string
	paid         bool
}

// pay lets those who have bound a car and one who has not pay for stays, one think better of it, and staff take cash
// and give some of it back.
func (m *matrix) pay() {
	for _, who := range []struct {
		who   string
		stays []string
	}{
		{payer, []string{strangeCar + closed, strangeCar + open}},
		{followed, []string{sharedCar + closed}},
		{owner, []string{ownedCar + closed}},
		{masking, []string{maskingCar + closed}},
		{hiding, []string{hidingCar + closed, hidingCar + open}},
		{fullyMasked, []string{fullCar + closed}},
	} {
		for _, stay := range who.stays {
			order := m.order(who.who, stay)
			m.WechatTakes(m.clients[who.who].Begins(order))
			m.orders = append(m.orders, ordered{order.ID, who.who, stay, true})
			if stay == who.stays[0] {
				m.invoice(who.who, order.ID)
				m.dispute(who.who, stay)
			}
		}
	}
	dropped := m.order(bound, sharedCar+open)
	m.orders = append(m.orders, ordered{dropped.ID, bound, sharedCar + open, false})
	m.sends(bound, "cancelOrder", servertest.Vars{"orderId": dropped.ID}, "order { id }")
	m.takeCash()
	m.giveAndSellVouchers()
	m.letMerchantsGive()
	m.sellPermits()
	m.reserveBays()
	m.sellItems()
	m.listPlates()
}

// giveAndSellVouchers has the manager of the lot give one out, which the owner claims, and sell one, which the owner buys.
func (m *matrix) giveAndSellVouchers() {
	terms := map[string]any{"kind": "AMOUNT", "amountFen": 100, "holdsDays": 7}
	code := m.sends(manager, "grantVoucher", servertest.Vars{"idempotencyKey": "give", "lotCode": closedLot, "terms": terms}, "code").
		String("grantVoucher.code")
	m.sends(owner, "claimVoucher", servertest.Vars{"code": code}, "voucher { id }")
	offer := m.sends(manager, "publishVoucherOffer", servertest.Vars{
		"idempotencyKey": "sell", "lotCode": closedLot, "terms": terms, "priceFen": 90, "stock": 3,
		"soldUntil": m.Clock.Now().Add(72 * time.Hour).Format(time.RFC3339),
	}, "offer { id }").String("publishVoucherOffer.offer.id")
	bought := m.sends(owner, "buyVoucher", servertest.Vars{"idempotencyKey": "buy", "offerId": offer}, "order { id }").String("buyVoucher.order.id")
	m.WechatTakes(m.clients[owner].Begins(servertest.Order{ID: bought}))
	m.orders = append(m.orders, ordered{bought, owner, "", true})
}

// invoice has an invoice issued for an order.
func (m *matrix) invoice(who, order string) {
	asked := m.sends(who, "requestInvoice", servertest.Vars{
		"idempotencyKey": fmt.Sprint("invoice-", order), "orderIds": []any{order}, "title": servertest.Vars{"typed": servertest.Vars{"kind": "PERSON", "name": "张三"}},
	}, "invoice { id }").String("requestInvoice.invoice.id")
	m.invoices = append(m.invoices, invoiced{asked, who})
}

// sellPermits has the manager of the lot sell a permit and let a bay. The owner orders both, pays the bay, has it be for
// a plate that parks nowhere, so that no stay costs less by it, and orders more of it.
func (m *matrix) sellPermits() {
	car := m.clients[owner].Asks(`{ viewer { vehicles { id } } }`).OK().String("viewer.vehicles.0.id")
	wants := func(name, key, bay string) string {
		plan := m.sends(manager, "publishPermitPlan", servertest.Vars{
			"idempotencyKey": key, "lotCode": closedLot, "title": "月卡", "bay": bay, "priceFen": 300, "stock": 1,
			"rule": map[string]any{"renewal": "ROLLING", "months": 1}, "soldUntil": m.Clock.Now().AddDate(1, 0, 0).Format(time.RFC3339),
		}, "plan { id }").String("publishPermitPlan.plan.id")
		return m.sends(owner, name, servertest.Vars{"idempotencyKey": key, "planId": plan, "vehicleId": car}, "order { id }").String(name + ".order.id")
	}
	m.orders = append(m.orders, ordered{wants("buyPermit", "permit", ""), owner, "", false})
	rented := wants("rentSpace", "bay", "B-012")
	m.WechatTakes(m.clients[owner].Begins(servertest.Order{ID: rented}))
	m.orders = append(m.orders, ordered{rented, owner, "", true})
	m.permit = m.clients[owner].Asks(`{ viewer { permits(first: 1) { edges { node { id } } } } }`).OK().String("viewer.permits.edges.0.node.id")
	m.clients[owner].Asks(`mutation($id: ID!, $p: Plate!) {
		setPermitPlates(input: {permitId: $id, plates: [{plate: $p}]}) { userErrors { code } }
	}`, servertest.Vars{"id": m.permit, "p": parksNowhere}).OK()
	more := m.sends(owner, "renewPermit", servertest.Vars{"idempotencyKey": "more", "permitId": m.permit, "periods": 1}, "order { id }")
	m.orders = append(m.orders, ordered{more.String("renewPermit.order.id"), owner, "", false})
}

const merchantCode = "MER1"

// letMerchantsGive has the manager of the lot let a store give discounts.
func (m *matrix) letMerchantsGive() {
	if err := m.House.House.Staff.AddStore(m.AsSystem(), merchantCode, "咖啡店"); err != nil {
		m.T.Fatal(err)
	}
	m.sends(manager, "addMerchantContingent", servertest.Vars{
		"idempotencyKey": "let", "lotCode": closedLot, "storeCode": merchantCode, "terms": map[string]any{"kind": "AMOUNT", "amountFen": 100},
		"pieces": 5, "endsAt": m.Clock.Now().AddDate(0, 1, 0).Format(time.RFC3339),
	}, "contingent { id }")
}

// reserveBays has the manager of the lot let bays be reserved, and the owner, who has verified the car, reserve one. One who
// has not verified theirs reserves two, pays the one and gives the other up.
func (m *matrix) reserveBays() {
	m.OffersBays(closedLot, 3, nil)
	m.reserve(owner, ownedCar, 3*time.Hour, true)
	m.reserve(followed, sharedCar, 3*time.Hour, true)
	dropped := m.reserve(followed, sharedCar, 6*time.Hour, false)
	m.sends(followed, "cancelReservation", servertest.Vars{"reservationId": dropped}, "reservation { id }")
}

// sellItems has the manager of the lot put an item on sale, which the owner buys.
func (m *matrix) sellItems() {
	item := m.clients[manager].Asks(`mutation($in: SetMallItemInput!) { setMallItem(input: $in) { item { id } userErrors { code } } }`, servertest.Vars{"in": servertest.Vars{
		"lotCode": closedLot, "code": "M1", "name": "咖啡", "storeCode": merchantCode, "priceFen": 500, "stock": 3, "holdsDays": 7,
		"soldUntil": m.Clock.Now().AddDate(0, 1, 0).Format(time.RFC3339),
	}}).OK().String("setMallItem.item.id")
	bought := m.sends(owner, "placeMallOrder", servertest.Vars{"idempotencyKey": "item", "itemId": item}, "order { id }").String("placeMallOrder.order.id")
	m.WechatTakes(m.clients[owner].Begins(servertest.Order{ID: bought}))
	m.orders = append(m.orders, ordered{bought, owner, "", true})
}

func (m *matrix) reserve(who, plate string, after time.Duration, pays bool) (id string) {
	car := m.clients[who].Asks(`{ viewer { vehicles { id } } }`).OK().String("viewer.vehicles.0.id")
	from := m.Clock.Now().Add(after)
	made := m.sends(who, "reserveSpace", servertest.Vars{
		"idempotencyKey": fmt.Sprint("reserve-", len(m.reserved)), "lotCode": closedLot, "vehicleId": car,
		"from": from.Format(time.RFC3339), "until": from.Add(time.Hour).Format(time.RFC3339),
	}, "reservation { id } order { id }")
	id, order := made.String("reserveSpace.reservation.id"), made.String("reserveSpace.order.id")
	if pays {
		m.WechatTakes(m.clients[who].Begins(servertest.Order{ID: order}))
	}
	m.orders = append(m.orders, ordered{order, who, "", pays})
	m.reserved = append(m.reserved, reserved{id, who, plate, pays})
	return id
}

const parksNowhere = "粤B99998"

// dispute has somebody find a charge wrong in a way that the lot must look at.
func (m *matrix) dispute(who, stay string) {
	made := m.sends(who, "disputeCharge", servertest.Vars{
		"idempotencyKey": fmt.Sprint("dispute-", len(m.disputes)), "sessionId": m.stays[stay], "reason": "OTHER", "words": "费用不对",
	}, "dispute { id }").String("disputeCharge.dispute.id")
	m.disputes = append(m.disputes, disputed{made, who, stay})
}

// listPlates has the manager of the lot list a plate.
func (m *matrix) listPlates() {
	m.sends(manager, "listPlate", servertest.Vars{"lotCode": closedLot, "plate": parksNowhere, "kind": "BLOCKED", "reason": "消防"}, "right { id }")
}

// takeCash has the staff of the lot take cash, and its manager give some of it back.
func (m *matrix) takeCash() {
	m.clients[attendant].OpensShift(closedLot, 0)
	taken := m.sends(attendant, "takeCash", servertest.Vars{
		"idempotencyKey": "cash", "sessionId": m.stays[otherCar+closed], "amountFen": m.Owes(m.stays[otherCar+closed]),
	}, "order { id }").String("takeCash.order.id")
	m.orders = append(m.orders, ordered{taken, "", otherCar + closed, true})
	m.clients[manager], m.facts[manager] = m.Hires("MANAGER", closedLot, "").Client, facts{worksAt: closedLot}
	m.clients[manager].OpensShift(closedLot, 1)
	m.sends(manager, "refundOrder", servertest.Vars{"idempotencyKey": "back", "orderId": taken, "amountFen": 1, "reason": "找零"}, "order { id }")
}

// order makes an order, which the same key makes once.
func (m *matrix) order(who, stay string) servertest.Order {
	made := m.sends(who, "createOrder", servertest.Vars{"idempotencyKey": fmt.Sprint("order-", len(m.orders)), "quote": m.Quoted(m.stays[stay])}, "order { id } payerProof")
	return servertest.Order{ID: made.String("createOrder.order.id"), Proof: made.String("createOrder.payerProof")}
}

// sends sends a mutation, and notes that it may be sent again.
func (m *matrix) sends(who, name string, input servertest.Vars, selection string) *servertest.Answer {
	if m.again[who] == nil {
		m.again[who] = map[string][]any{}
	}
	m.again[who][name] = append(m.again[who][name], map[string]any(input))
	title := m.schema.Mutation.Fields.ForName(name).Arguments[0].Type.String()
	return m.clients[who].Asks("mutation($in: "+title+") { "+name+"(input: $in) { "+selection+" userErrors { code field message } } }",
		servertest.Vars{"in": input}).OK()
}

// invoiced is an invoice, and who asked for it.
type invoiced struct{ id, by string }

// disputed is a dispute, who made it and of which stay.
type disputed struct{ id, by, stay string }

// reserved is a reservation, who made it for which car, and whether it is paid; else it is given up.
type reserved struct {
	id, by, plate string
	paid          bool
}

// recordOrders tells the truth about orders and invoices.
func (m *matrix) recordOrders() {
	for _, r := range m.reserved {
		truth := map[string]any{"arrival": nil}
		if r.paid {
			truth["arrival"] = "AWAITED"
		}
		m.records[r.id] = &record{typ: "Reservation", whose: r.by, plate: r.plate, lot: closedLot, truth: truth}
	}
	for _, i := range m.invoices {
		m.records[i.id] = &record{typ: "Invoice", whose: i.by}
	}
	for _, d := range m.disputes {
		m.records[d.id] = &record{typ: "ChargeDispute", whose: d.by, lot: m.records[m.stays[d.stay]].lot}
	}
	for _, order := range m.orders {
		stay := m.records[m.stays[order.stay]]
		var plate any
		if order.stay == "" {
			stay = &record{lot: closedLot, truth: map[string]any{"lotName": lotNames[closedLot]}}
		} else {
			plate = stay.plate
		}
		truth := map[string]any{
			"plate": plate, "lotName": stay.truth["lotName"], "nameVisibility": "CLEAR",
			"createdAt": asked, "createdAtPrecision": "EXACT", "paidAt": nil, "paidAtPrecision": "EXACT",
		}
		if order.paid {
			truth["paidAt"] = asked
		}
		m.records[order.id] = &record{
			typ: "PaymentOrder", whose: order.by, plate: stay.plate, lot: stay.lot, stay: stay.stay, truth: truth,
		}
	}
}
