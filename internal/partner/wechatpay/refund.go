package wechatpay

import (
	"context"
	"errors"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"parkbff/internal/partner/charge"
)

// Refund gives money back, of a payment or of a deduction. WeChat takes it in (charge.Pending) and tells later what
// became of it. The same refund may be asked for again: it is done once. Errors: charge.Refused, charge.Declined
// (our balance does not suffice, or the payer's account cannot take it), fault.RateLimited, fault.Unavailable.
// https://pay.weixin.qq.com/doc/v3/merchant/4012791862
func (c *Client) Refund(ctx context.Context, of charge.Refund) (charge.RefundReceipt, error) {
	refunds := refunddomestic.RefundsApiService{Client: c.sdk}
	_, result, err := refunds.Create(ctx, refunddomestic.CreateRequest{
		OutTradeNo: &of.PaymentNumber, OutRefundNo: &of.Number, NotifyUrl: &c.notifyURL,
		Amount: &refunddomestic.AmountReq{Refund: &of.Fen, Total: &of.PaidFen, Currency: core.String(currency)},
	})
	if err != nil {
		return charge.RefundReceipt{}, c.refused(ctx, err).fault
	}
	r, err := read[refund](result)
	if err != nil {
		return charge.RefundReceipt{}, err
	}
	if r.PaymentNumber != of.PaymentNumber || r.Amount.Refund != of.Fen {
		return charge.RefundReceipt{}, unavailable(errors.New("wechatpay: the reply is of another refund"))
	}
	return refundOf(r, of.Number)
}

// FindRefund asks what became of a refund; of one that WeChat does not know the state is charge.Unknown and the error
// nil. Errors: charge.Refused, fault.RateLimited, fault.Unavailable.
// https://pay.weixin.qq.com/doc/v3/merchant/4012791863
func (c *Client) FindRefund(ctx context.Context, number string) (charge.RefundReceipt, error) {
	refunds := refunddomestic.RefundsApiService{Client: c.sdk}
	_, result, err := refunds.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: &number})
	if err != nil {
		said := c.refused(ctx, err)
		if said.code == resourceNotExists || said.code == orderNotExist {
			return charge.RefundReceipt{Number: number, State: charge.Unknown}, nil
		}
		return charge.RefundReceipt{}, said.fault
	}
	r, err := read[refund](result)
	if err != nil {
		return charge.RefundReceipt{}, err
	}
	return refundOf(r, number)
}
