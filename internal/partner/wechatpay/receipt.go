package wechatpay

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"parkbff/internal/partner/charge"
)

// advancedBy is the "bank" of a deduction that WeChat has paid in advance.
const advancedBy = "BPA"

// transaction is what WeChat tells of a payment, of a deduction for parking too: when it is asked, and when it calls.
type transaction struct {
	AppID       string    `json:"appid"`
	MchID       string    `json:"mchid"`
	SpMchID     string    `json:"sp_mchid"` // how the parking service calls the merchant
	Number      string    `json:"out_trade_no"`
	Transaction string    `json:"transaction_id"`
	State       string    `json:"trade_state"`
	Bank        string    `json:"bank_type"`
	Repaid      string    `json:"user_repaid"`
	PaidAt      time.Time `json:"success_time"`
	Amount      struct {
		Total int64 `json:"total"`
	} `json:"amount"`
}

// ours holds for a transaction of this merchant, in one of its apps.
func (c *Client) ours(t transaction) bool {
	ids := slices.Collect(maps.Values(c.appIDs))
	return cmp.Or(t.MchID, t.SpMchID) == c.merchant && slices.Contains(ids, t.AppID)
}

// receiptOf reads a reply that is to be of one payment. A reply's signature does not say what was asked, so an old
// one could be shown again.
func (c *Client) receiptOf(t transaction, number string) (charge.Receipt, error) {
	if t.Number != number || !c.ours(t) {
		return charge.Receipt{}, unavailable(errors.New("wechatpay: the reply is of another payment"))
	}
	receipt, err := t.receipt()
	if err != nil {
		return charge.Receipt{}, unavailable(err)
	}
	return receipt, nil
}

// states of payments and deductions. REFUND is a paid one of which something went back, PAY_BACK one that WeChat had
// paid in advance and its user has repaid.
var states = map[string]charge.State{
	"SUCCESS": charge.Done, "REFUND": charge.Done, "PAY_BACK": charge.Done,
	"NOTPAY": charge.Pending, "USERPAYING": charge.Pending, "ACCEPTED": charge.Pending, "ACCEPT": charge.Pending,
	"CLOSED": charge.Closed, "REVOKED": charge.Closed, "PAYERROR": charge.Closed, "PAY_FAIL": charge.Closed,
}

func (t transaction) receipt() (charge.Receipt, error) {
	state, known := states[t.State]
	if !known || t.Number == "" {
		return charge.Receipt{}, errors.New("wechatpay: a payment of no state that is known")
	}
	r := charge.Receipt{Number: t.Number, State: state, Fen: t.Amount.Total}
	if state != charge.Done {
		return r, nil
	}
	// WeChat's own example of a repayment names no transaction.
	unnamed := t.Transaction == "" && t.State != "PAY_BACK"
	if r.Fen <= 0 || t.PaidAt.IsZero() || unnamed {
		return charge.Receipt{}, errors.New("wechatpay: a payment without amount, time or transaction")
	}
	r.Transaction, r.PaidAt = t.Transaction, t.PaidAt.UTC()
	r.Repaid = t.Repaid == "Y" || t.State == "PAY_BACK"
	r.Advanced = t.Bank == advancedBy && !r.Repaid
	return r, nil
}

// refund is what WeChat tells of a refund: when it is asked, and, by other names, when it calls.
type refund struct {
	MchID         string    `json:"mchid"` // in calls
	Number        string    `json:"out_refund_no"`
	PaymentNumber string    `json:"out_trade_no"`
	Transaction   string    `json:"refund_id"`
	Status        string    `json:"status"`
	StatusCalled  string    `json:"refund_status"`
	At            time.Time `json:"success_time"`
	CreatedAt     time.Time `json:"create_time"`
	Amount        struct {
		Refund int64 `json:"refund"`
	} `json:"amount"`
}

// refundStates: an ABNORMAL refund has failed at the payer's bank, and WeChat tries it no more.
var refundStates = map[string]charge.State{
	"SUCCESS": charge.Done, "PROCESSING": charge.Pending, "ABNORMAL": charge.Closed, "CLOSED": charge.Closed,
}

// refundOf reads a reply that is to be of one refund.
func refundOf(r refund, number string) (charge.RefundReceipt, error) {
	if r.Number != number {
		return charge.RefundReceipt{}, unavailable(errors.New("wechatpay: the reply is of another refund"))
	}
	receipt, err := r.receipt()
	if err != nil {
		return charge.RefundReceipt{}, unavailable(err)
	}
	return receipt, nil
}

func (r refund) receipt() (charge.RefundReceipt, error) {
	state, known := refundStates[cmp.Or(r.Status, r.StatusCalled)]
	if !known || slices.Contains([]string{r.Number, r.PaymentNumber, r.Transaction}, "") || r.Amount.Refund <= 0 {
		return charge.RefundReceipt{}, errors.New("wechatpay: a refund that cannot be understood")
	}
	at := r.At
	if at.IsZero() {
		at = r.CreatedAt
	}
	return charge.RefundReceipt{Number: r.Number, Transaction: r.Transaction, State: state, Fen: r.Amount.Refund, At: at.UTC()}, nil
}
