package servertest

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"time"

	"parkbff/internal/parking"
)

// Operations by which a stay is paid for.
const (
	QuotePayable = `query($in: QuoteInput!) { quote(input: $in) { __typename ... on Payable { amount token expiresAt } } }`
	CreateOrder  = `mutation($in: CreateOrderInput!) { createOrder(input: $in) {
		order { id state dueFen paidFen } payerProof userErrors { code field message }
	} }`
	PayOrder = `mutation($in: PayOrderInput!) { payOrder(input: $in) {
		payment { number channel state amountFen expiresAt launch { url parameters { name value } } } userErrors { code field message }
	} }`
)

// Order is one that somebody has made.
type Order struct{ ID, Proof string }

// Quotes answers the token of what is to be paid.
func (c *Client) Quotes(in Vars) (token string) {
	c.House.T.Helper()
	return c.Asks(QuotePayable, Vars{"in": in}).OK().String("quote.token")
}

// Orders makes an order of a quote.
func (c *Client) Orders(token string) Order {
	c.House.T.Helper()
	made := c.Asks(CreateOrder, Vars{"in": Vars{"idempotencyKey": c.House.key(), "quote": token}}).OK()
	return Order{ID: made.String("createOrder.order.id"), Proof: made.String("createOrder.payerProof")}
}

// Begins begins to pay an order on a page of WeChat Pay, and answers the payment's number.
func (c *Client) Begins(o Order) (number string) {
	c.House.T.Helper()
	return c.Asks(PayOrder, Vars{"in": Vars{
		"idempotencyKey": c.House.key(), "orderId": o.ID, "payerProof": o.Proof, "channel": "WECHAT", "way": "H5",
	}}).OK().String("payOrder.payment.number")
}

// WechatTakes has WeChat Pay take the money of a payment, and tell us so.
func (h *House) WechatTakes(number string) {
	h.T.Helper()
	if err := h.Partners.WechatMoney.Pay(number, "somebody"); err != nil {
		h.T.Fatal(err)
	}
	header, body, err := h.Partners.WechatMoney.Notice(number)
	if err != nil {
		h.T.Fatal(err)
	}
	if status, said := h.Called("/callback/pay/wechat", header, body); status != http.StatusNoContent {
		h.T.Fatalf("the call-back was answered %d %s", status, said)
	}
}

// Called has a partner call us, and answers what it hears.
func (h *House) Called(path string, header http.Header, body []byte) (status int, said string) {
	h.T.Helper()
	r, err := http.NewRequestWithContext(h.T.Context(), http.MethodPost, h.URL+path, bytes.NewReader(body))
	if err != nil {
		h.T.Fatal(err)
	}
	r.Header = header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.T.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(response.Body); err != nil {
		h.T.Fatal(err)
	}
	return response.StatusCode, answer.String()
}

// Pays has somebody pay what a stay costs, which is so much, whether or not they see it: they were given a quote.
func (h *House) Pays(payer *Client, stayID string, fen int64) Order {
	h.T.Helper()
	if owed := h.owed(stayID).Amount; owed != fen {
		h.T.Fatalf("%d fen are to be paid, not %d", owed, fen)
	}
	return h.PaysAll(payer, stayID)
}

// PaysAll is Pays whatever it costs.
func (h *House) PaysAll(payer *Client, stayID string) Order {
	h.T.Helper()
	order := payer.Orders(h.owed(stayID).Token)
	h.WechatTakes(payer.Begins(order))
	return order
}

// Quoted is the token of a quote for a stay.
func (h *House) Quoted(stayID string) string { return h.owed(stayID).Token }

// Owes is what a stay costs.
func (h *House) Owes(stayID string) int64 { return h.owed(stayID).Amount }

func (h *House) owed(stayID string) parking.Payable {
	h.T.Helper()
	quote, err := h.Parking.QuoteStay(h.AsSystem(), h.Row(stayID))
	if err != nil {
		h.T.Fatal(err)
	}
	payable, ok := quote.(parking.Payable)
	if !ok {
		h.T.Fatal("nothing is to be paid")
	}
	return payable
}

func (h *House) key() string {
	h.keys++
	return fmt.Sprint("key-", h.keys)
}

// OpenShift begins a shift.
const OpenShift = `mutation($in: OpenShiftInput!) { openShift(input: $in) {
	shift { id state floatFen expectedFen } userErrors { code field message }
} }`

// OpensShift has the staff of a lot begin a shift with a float, and answers its id.
func (c *Client) OpensShift(lotCode string, float int64) (id string) {
	c.House.T.Helper()
	return c.Asks(OpenShift, Vars{"in": Vars{"idempotencyKey": c.House.key(), "lotCode": lotCode, "floatFen": float}}).
		OK().String("openShift.shift.id")
}

// GrantsVoucher has a manager of a lot give a voucher out, and answers its code.
func (h *House) GrantsVoucher(lotCode string, terms Vars) (code string) {
	h.T.Helper()
	terms["holdsDays"] = 7
	return h.Hires("MANAGER", lotCode, "").Asks(`mutation($in: GrantVoucherInput!) {
		grantVoucher(input: $in) { voucher { id } code userErrors { code field message } }
	}`, Vars{"in": Vars{"idempotencyKey": h.key(), "lotCode": lotCode, "terms": terms}}).OK().String("grantVoucher.code")
}

// BuyPermit orders the first periods of a permit.
const BuyPermit = `mutation($in: BuyPermitInput!) { buyPermit(input: $in) {
	order { id kind state dueFen plate lotName } userErrors { code field message }
} }`

// SellsPermits has a manager of a lot put monthly permits on sale, and answers the plan's id.
func (h *House) SellsPermits(lotCode string, stock int, more Vars) (plan string) {
	h.T.Helper()
	in := Vars{
		"idempotencyKey": h.key(), "lotCode": lotCode, "title": "月卡", "priceFen": 30000, "rule": Vars{"renewal": "ROLLING", "months": 1},
		"stock": stock, "soldUntil": h.Clock.Now().AddDate(1, 0, 0).Format(time.RFC3339),
	}
	maps.Copy(in, more)
	return h.Hires("MANAGER", lotCode, "").Asks(`mutation($in: PublishPermitPlanInput!) {
		publishPermitPlan(input: $in) { plan { id } userErrors { code field message } }
	}`, Vars{"in": in}).OK().String("publishPermitPlan.plan.id")
}

// BuysPermit orders a permit for a vehicle of the client's.
func (c *Client) BuysPermit(plan, car string) *Answer {
	return c.Asks(BuyPermit, Vars{"in": Vars{"idempotencyKey": c.House.key(), "planId": plan, "vehicleId": car}})
}

// ReserveSpace keeps a bay.
const ReserveSpace = `mutation($in: ReserveSpaceInput!) { reserveSpace(input: $in) {
	reservation { id state arrival plate priceFen heldUntil keptUntil } order { id kind state dueFen } userErrors { code field message }
} }`

// OffersBays has a manager of a lot let so many of its bays be reserved, at ten yuan a window.
func (h *House) OffersBays(lotCode string, bays int, more Vars) {
	h.T.Helper()
	in := Vars{
		"lotCode": lotCode, "open": true, "bays": bays, "priceFen": 1000, "aheadMinutes": 10080, "longestMinutes": 1440,
		"earlyMinutes": 15, "graceMinutes": 30, "freeMinutes": 60, "latePercent": 40,
	}
	maps.Copy(in, more)
	h.Hires("MANAGER", lotCode, "").Asks(`mutation($in: SetReservationOfferInput!) {
		setReservationOffer(input: $in) { offer { bays } userErrors { code field message } }
	}`, Vars{"in": in}).OK()
}

// ReservesBay reserves a bay for a vehicle of the client's, from so long after now and for so long.
func (c *Client) ReservesBay(lotCode, car string, after, long time.Duration, more ...Vars) *Answer {
	from := c.House.Clock.Now().Add(after)
	in := Vars{
		"idempotencyKey": c.House.key(), "lotCode": lotCode, "vehicleId": car,
		"from": from.Format(time.RFC3339), "until": from.Add(long).Format(time.RFC3339),
	}
	for _, m := range more {
		maps.Copy(in, m)
	}
	return c.Asks(ReserveSpace, Vars{"in": in})
}
