package unionpay

import (
	"context"
	"errors"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay/acp"
)

// Refund gives money back, to the card that paid (https://open.unionpay.com/tjweb/acproduct/APIList?acpAPIId=756&apiservId=448).
// UnionPay takes refunds for 330 days, and knows one by its number and the second of its CreatedAt: asked again it
// answers what became of it. It only ever takes a refund in, so the answer is PENDING; a notice or FindRefund tells
// the rest. Errors: charge.Refused, fault.Unavailable.
func (c *Client) Refund(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error) {
	if r.Fen <= 0 || r.Fen > r.PaidFen || r.Transaction == "" {
		return charge.RefundReceipt{}, charge.Refused.Because(errors.New("unionpay: no amount, too much, or no transaction"))
	}
	m := c.trade(refund, "00", r.Number, r.CreatedAt, r.Fen)
	m["origQryId"] = r.Transaction
	reply, err := c.ask(ctx, c.config.Gateway+backPath, m, maxReply)
	if err != nil {
		return charge.RefundReceipt{}, err
	}
	answer := reply["respCode"]
	switch {
	case answer == twice:
		return c.FindRefund(ctx, r)
	case succeeded(answer), answer != "" && undecided(answer):
		return charge.RefundReceipt{Number: r.Number, Transaction: reply["queryId"], State: charge.Pending, Fen: r.Fen}, nil
	case payers[answer]: // a card cannot be given money, and never could by this order
		return charge.RefundReceipt{}, charge.Refused.Because(refused(answer))
	}
	return charge.RefundReceipt{}, refused(answer)
}

// FindRefund answers what has become of a refund, by its number and CreatedAt. UNKNOWN says that UnionPay has not
// heard of it. Error: fault.Unavailable.
func (c *Client) FindRefund(ctx context.Context, r charge.Refund) (charge.RefundReceipt, error) {
	reply, err := c.query(ctx, r.Number, r.CreatedAt)
	if err != nil {
		return charge.RefundReceipt{}, err
	}
	if reply["respCode"] == noSuchOrder {
		return charge.RefundReceipt{Number: r.Number, State: charge.Unknown}, nil
	}
	receipt, err := refunded(reply, reply["origRespCode"])
	if err != nil {
		return charge.RefundReceipt{}, fault.Unavailable.Because(err)
	}
	return *receipt, nil
}

// refunded reads what a query or a notice says of a refund that ended in some way.
func refunded(m acp.Message, outcome string) (*charge.RefundReceipt, error) {
	receipt := &charge.RefundReceipt{Number: m["orderId"], Transaction: m["queryId"]}
	switch {
	case undecided(outcome):
		receipt.State = charge.Pending
	case !succeeded(outcome):
		receipt.State = charge.Closed
	default:
		fen, at, err := moved(m, refund)
		if err != nil {
			return nil, err
		}
		receipt.State, receipt.Fen, receipt.At = charge.Done, fen, at
	}
	return receipt, nil
}
