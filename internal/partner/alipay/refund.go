package alipay

import (
	"context"
	"time"

	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

// Refund gives money back (https://opendocs.alipay.com/open/02ekfk). The same refund may be asked for again: its
// money goes back once. Alipay gives a refund no number of its own, so Transaction is the payment's.
//
// Pending is answered when Alipay took the request in and does not say yet that the money moved: ask FindRefund
// ten seconds later, or Refund again with the same number. Errors: charge.Declined, when the seller has not the
// money now; charge.Refused; fault.Unavailable.
func (p *Pay) Refund(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error) {
	if !number.MatchString(r.Number) || r.Fen <= 0 || r.Fen > r.PaidFen {
		return charge.RefundReceipt{}, invalid("the refund is out of bounds")
	}
	reply, err := ask[struct {
		Number string `json:"out_trade_no"`
		Trade  string `json:"trade_no"`
		Moved  string `json:"fund_change"`
		At     string `json:"gmt_refund_pay"`
	}](ctx, p, call{method: "alipay.trade.refund", content: struct {
		Number  string `json:"out_trade_no"`
		Amount  string `json:"refund_amount"`
		Request string `json:"out_request_no"`
	}{r.PaymentNumber, money.Yuan(r.Fen), r.Number}})
	if err != nil {
		return charge.RefundReceipt{}, err
	}
	if reply.Number != r.PaymentNumber {
		return charge.RefundReceipt{}, unreadable("the reply is of another trade")
	}
	if reply.Moved != "Y" { // it was asked for before, or is under way
		return p.again(ctx, r)
	}
	done := charge.RefundReceipt{Number: r.Number, Transaction: reply.Trade, State: charge.Done, Fen: r.Fen}
	if done.At, err = instant(reply.At); err != nil { // is not always told
		done.At = p.clock.Now().Truncate(time.Second)
	}
	return done, nil
}

// again answers what became of a refund by whose request no money moved.
func (p *Pay) again(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error) {
	found, err := p.FindRefund(ctx, r.PaymentNumber, r.Number)
	if err != nil {
		return charge.RefundReceipt{}, err
	}
	if found.State != charge.Done {
		return charge.RefundReceipt{Number: r.Number, State: charge.Pending, Fen: r.Fen}, nil
	}
	if found.Fen != r.Fen {
		return charge.RefundReceipt{}, invalid("the refund was of another amount")
	}
	return found, nil
}

// FindRefund asks what became of a refund (https://opendocs.alipay.com/open/02ekfl). Alipay says of a refund that
// it is done, or nothing: what it has not heard of, has refused, or is still about is Unknown, and asking for
// it again with the same number is the way on. It wants ten seconds between a refund and the question. Errors:
// charge.Refused, fault.Unavailable.
func (p *Pay) FindRefund(ctx context.Context, paymentNumber, refundNumber string) (charge.RefundReceipt, error) {
	reply, err := ask[struct {
		Number  string `json:"out_trade_no"`
		Request string `json:"out_request_no"`
		Trade   string `json:"trade_no"`
		Status  string `json:"refund_status"`
		Amount  string `json:"refund_amount"`
		At      string `json:"gmt_refund_pay"`
	}](ctx, p, call{method: "alipay.trade.fastpay.refund.query", content: struct {
		Number  string   `json:"out_trade_no"`
		Request string   `json:"out_request_no"`
		Options []string `json:"query_options"`
	}{paymentNumber, refundNumber, []string{"gmt_refund_pay"}}})
	if says(err, notExist) || err == nil && reply.Status == "" {
		return charge.RefundReceipt{Number: refundNumber, State: charge.Unknown}, nil
	}
	if err != nil {
		return charge.RefundReceipt{}, err
	}
	if reply.Number != paymentNumber || reply.Request != refundNumber || reply.Status != "REFUND_SUCCESS" {
		return charge.RefundReceipt{}, unreadable("the reply is of another refund")
	}
	found := charge.RefundReceipt{Number: refundNumber, Transaction: reply.Trade, State: charge.Done}
	if found.Fen, err = money.ParseYuan(reply.Amount); err != nil {
		return charge.RefundReceipt{}, unreadable("the reply has no amount")
	}
	found.At, err = instant(reply.At)
	return found, err
}
