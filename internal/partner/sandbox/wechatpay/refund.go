package wechatpay

import (
	"crypto/sha256"
	"net/http"
	"time"
)

// States of refunds.
const (
	processing = "PROCESSING"
	abnormal   = "ABNORMAL"
)

// refund is money on its way back.
type refund struct {
	of          *order
	number      string
	transaction string
	notifyURL   string
	said        [sha256.Size]byte
	fen         int64
	state       string
	madeAt      time.Time
	doneAt      time.Time
}

func (s *Sandbox) refund(r request) answer {
	var body struct {
		Number        string `json:"out_refund_no"`
		PaymentNumber string `json:"out_trade_no"`
		NotifyURL     string `json:"notify_url"`
		Amount        struct {
			Refund   int64  `json:"refund"`
			Total    int64  `json:"total"`
			Currency string `json:"currency"`
		} `json:"amount"`
	}
	if !r.read(&body) || !numberForm.MatchString(body.Number) || body.Amount.Refund <= 0 || body.Amount.Currency != "CNY" || !callable(body.NotifyURL) {
		return badInput
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.orders.Get(id{r.from.ID, body.PaymentNumber})
	if !ok || !o.paid() {
		return refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS")
	}
	said := fingerprint("refund", body)
	if known, ok := s.refunds.Get(id{r.from.ID, body.Number}); ok {
		if known.said != said {
			return badRequest
		}
		return fine(known.told())
	}
	if body.Amount.Total != o.fen || o.back+body.Amount.Refund > o.fen {
		return badRequest
	}
	back := &refund{
		of: o, number: body.Number, transaction: s.next("503"), notifyURL: body.NotifyURL, said: said,
		fen: body.Amount.Refund, state: processing, madeAt: s.clock.Now(),
	}
	o.back += back.fen
	o.state = refunded
	s.refunds.Put(id{r.from.ID, back.number}, back)
	s.refunding.Put(back.number, back)
	s.moves.Add(move{at: back.madeAt, of: o, refund: back})
	taken := back.told()
	if s.automatic {
		if err := s.endRefund(back, success); err != nil {
			return broken
		}
	}
	return fine(taken)
}

func (s *Sandbox) findRefund(r request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	back, ok := s.refunds.Get(id{r.from.ID, r.PathValue("number")})
	if !ok {
		return refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS")
	}
	return fine(back.told())
}

// told is what the platform answers of a refund.
func (b *refund) told() map[string]any {
	said := map[string]any{
		"refund_id": b.transaction, "out_refund_no": b.number, "transaction_id": b.of.transaction, "out_trade_no": b.of.number,
		"channel": "ORIGINAL", "user_received_account": "支付用户零钱", "create_time": written(b.madeAt), "status": b.state,
		"funds_account": "UNSETTLED", "amount": map[string]any{
			"total": b.of.fen, "refund": b.fen, "payer_total": b.of.fen, "payer_refund": b.fen, "settlement_refund": b.fen,
			"settlement_total": b.of.fen, "discount_refund": 0, "currency": "CNY",
		},
	}
	if b.state == success {
		said["success_time"] = written(b.doneAt)
	}
	return said
}

// called is what the platform calls the merchant with.
func (b *refund) called() map[string]any {
	said := map[string]any{
		"mchid": b.of.from.ID, "out_trade_no": b.of.number, "transaction_id": b.of.transaction, "out_refund_no": b.number,
		"refund_id": b.transaction, "refund_status": b.state, "user_received_account": "支付用户零钱",
		"amount": map[string]any{"total": b.of.fen, "refund": b.fen, "payer_total": b.of.fen, "payer_refund": b.fen},
	}
	if b.state == success {
		said["success_time"] = written(b.doneAt)
	}
	return said
}

// endRefund ends a refund well or badly, and lets the merchant be called.
func (s *Sandbox) endRefund(b *refund, state string) error {
	if b.state != processing {
		return errEnded
	}
	b.state = state
	if state == success {
		b.doneAt = s.clock.Now()
	} else {
		b.of.back -= b.fen
	}
	return s.tell(event{from: b.of.from, number: b.number, kind: "REFUND." + state, content: b.called(), address: b.notifyURL})
}
