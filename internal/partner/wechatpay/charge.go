package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"

	"parkbff/internal/partner/charge"
)

const currency = "CNY"

// Find asks how far a payment has come; of one that WeChat does not know the state is charge.Unknown and the error
// nil. Errors: charge.Refused, fault.RateLimited, fault.Unavailable.
// https://pay.weixin.qq.com/doc/v3/merchant/4012791859
func (c *Client) Find(ctx context.Context, number string) (charge.Receipt, error) {
	orders := jsapi.JsapiApiService{Client: c.sdk}
	_, result, err := orders.QueryOrderByOutTradeNo(ctx, jsapi.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String(number), Mchid: core.String(c.merchant),
	})
	return c.found(ctx, number, result, err)
}

// found reads what WeChat answered to who asked for a payment.
func (c *Client) found(ctx context.Context, number string, result *core.APIResult, err error) (charge.Receipt, error) {
	if err != nil {
		said := c.refused(ctx, err)
		if said.code == orderNotExist || said.code == resourceNotExists {
			return charge.Receipt{Number: number, State: charge.Unknown}, nil
		}
		return charge.Receipt{}, said.fault
	}
	t, err := read[transaction](result)
	if err != nil {
		return charge.Receipt{}, err
	}
	return c.receiptOf(t, number)
}

// Close makes a charge one that nobody can pay any more, and may be called again. WeChat answers to an unknown number
// that it is closed, and has been seen to take no charge of that number from then on; whoever closes what may not have
// been prepared yet uses another number afterwards. Errors: charge.AlreadyPaid, fault.RateLimited,
// fault.Unavailable; the last also while the payer is being asked for the password.
// https://pay.weixin.qq.com/doc/v3/merchant/4012791860
func (c *Client) Close(ctx context.Context, number string) error {
	orders := jsapi.JsapiApiService{Client: c.sdk}
	result, err := orders.CloseOrder(ctx, jsapi.CloseOrderRequest{OutTradeNo: core.String(number), Mchid: core.String(c.merchant)})
	if err != nil {
		said := c.refused(ctx, err)
		if said.code == orderClosed || said.code == orderNotExist {
			return nil
		}
		return said.fault
	}
	switch result.Response.StatusCode {
	case http.StatusNoContent, http.StatusOK:
		return nil
	case http.StatusAccepted: // USER_PAYING
		return unavailable(errors.New("wechatpay: the payer is paying"))
	}
	return unavailable(fmt.Errorf("wechatpay: closed with status %d", result.Response.StatusCode))
}
