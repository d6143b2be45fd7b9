package alipay

import (
	"context"
	"errors"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

// States of a trade. A trade that was paid and has gone back in full is closed too.
const (
	waiting  = "WAIT_BUYER_PAY"
	success  = "TRADE_SUCCESS"
	finished = "TRADE_FINISHED" // it can no longer be refunded
	closed   = "TRADE_CLOSED"
)

// trade is what Alipay says of one, asked.
type trade struct {
	Number string `json:"out_trade_no"`
	Trade  string `json:"trade_no"`
	Status string `json:"trade_status"`
	Amount string `json:"total_amount"`
	Paid   string `json:"send_pay_date"`
	Credit string `json:"credit_pay_mode"`
}

// tradeOf names a trade by our number.
type tradeOf struct {
	Number string `json:"out_trade_no"`
}

// Find asks what became of a charge or a deduction (https://opendocs.alipay.com/open/02ekfh). A trade that is
// closed was paid, and has gone back in full, if and only if Alipay says when it was paid. Of a charge whose
// payer has not reached Alipay yet it has not heard: that is Unknown, and may still be paid until it expires.
//
// The reply does not tell whether Alipay has paid in advance. Errors: charge.Refused, fault.Unavailable.
func (p *Pay) Find(ctx context.Context, paymentNumber string) (charge.Receipt, error) {
	reply, err := ask[trade](ctx, p, call{method: "alipay.trade.query", content: tradeOf{paymentNumber}})
	if says(err, notExist) {
		return charge.Receipt{Number: paymentNumber, State: charge.Unknown}, nil
	}
	if err != nil {
		return charge.Receipt{}, err
	}
	if reply.Number != paymentNumber {
		return charge.Receipt{}, unreadable("the reply is of another trade")
	}
	return reply.receipt()
}

func (t trade) receipt() (charge.Receipt, error) {
	if t.Credit != "" {
		// Such a trade counts as paid while nobody has paid it. We ask for none; Alipay wants unknown modes failed.
		return charge.Receipt{}, unreadable("the trade is on a credit that we did not ask for")
	}
	fen, err := money.ParseYuan(t.Amount)
	if err != nil {
		return charge.Receipt{}, unreadable("the reply has no amount")
	}
	r := charge.Receipt{Number: t.Number, Fen: fen}
	switch t.Status {
	case waiting:
		r.State = charge.Pending
		return r, nil
	case success, finished, closed:
	default:
		return charge.Receipt{}, unreadable("the trade has an unknown state")
	}
	if t.Status == closed && t.Paid == "" {
		r.State = charge.Closed
		return r, nil
	}
	r.State, r.Transaction = charge.Done, t.Trade
	r.PaidAt, err = instant(t.Paid)
	return r, err
}

// Close makes a charge such that it can no longer be paid (https://opendocs.alipay.com/open/02o6e7). Closing a
// closed one changes nothing. Errors: charge.AlreadyPaid; charge.NotBegun, when the payer has not reached
// Alipay yet and may until the charge expires; charge.Refused; fault.Unavailable.
func (p *Pay) Close(ctx context.Context, paymentNumber string) error {
	reply, err := ask[tradeOf](ctx, p, call{method: "alipay.trade.close", content: tradeOf{paymentNumber}})
	switch {
	case says(err, notExist):
		return charge.NotBegun.Because(errors.Unwrap(err))
	case says(err, statusError, illegal):
		return p.whyNotClosed(ctx, paymentNumber)
	case err == nil && reply.Number != paymentNumber:
		return unreadable("the reply is of another trade")
	}
	return err
}

// whyNotClosed tells of a trade that Alipay does not close because it is not waiting to be paid.
func (p *Pay) whyNotClosed(ctx context.Context, paymentNumber string) error {
	found, err := p.Find(ctx, paymentNumber)
	switch {
	case err != nil:
		return err
	case found.State == charge.Done:
		return charge.AlreadyPaid
	case found.State == charge.Closed:
		return nil
	}
	return fault.Unavailable.Because(errors.New("alipay: the trade is neither closed nor paid"))
}
