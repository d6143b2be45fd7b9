package wechatpay

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"parkbff/internal/clock"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

// Prepare makes a charge that its payer may pay until it expires, and answers what starts the payment: parameters for
// wx.requestPayment (JSAPI; needs the payer's openid), a URL to go to (H5; needs the payer's address), or parameters
// for the app's SDK. The same charge may be prepared again, after a lost answer or for another try; a changed one
// needs another number. Errors: charge.Refused, charge.Declined, charge.AlreadyPaid, fault.RateLimited,
// fault.Unavailable.
// https://pay.weixin.qq.com/doc/v3/merchant/4012791856, …/4012791834, …/4013070176
func (c *Client) Prepare(ctx context.Context, of charge.Charge) (charge.Launch, error) {
	appID := c.appIDs[of.Way]
	if appID == "" {
		return charge.Launch{}, charge.Refused.Because(errors.New("wechatpay: there is no app for this way"))
	}
	switch of.Way {
	case money.MiniProgram:
		return c.prepareMini(ctx, appID, of)
	case money.H5:
		return c.prepareH5(ctx, appID, of)
	case money.App:
		return c.prepareApp(ctx, appID, of)
	}
	return charge.Launch{}, charge.Refused.Because(errors.New("wechatpay: this way is not one of WeChat's"))
}

func (c *Client) prepareMini(ctx context.Context, appID string, of charge.Charge) (charge.Launch, error) {
	orders := jsapi.JsapiApiService{Client: c.sdk}
	_, result, err := orders.Prepay(ctx, jsapi.PrepayRequest{
		Appid: &appID, Mchid: &c.merchant, Description: &of.Description, OutTradeNo: &of.Number,
		TimeExpire: inShanghai(of.ExpiresAt), NotifyUrl: &c.notifyURL,
		Amount: &jsapi.Amount{Total: &of.Fen, Currency: core.String(currency)},
		Payer:  &jsapi.Payer{Openid: &of.Payer},
	})
	prepared, err := c.prepared(ctx, result, err)
	if err != nil {
		return charge.Launch{}, err
	}
	if prepared.PrepayID == "" {
		return charge.Launch{}, errNothing
	}
	stamp, pack := c.stamp(), "prepay_id="+prepared.PrepayID
	nonce, signature, err := c.sign(ctx, appID, stamp, pack)
	if err != nil {
		return charge.Launch{}, err
	}
	return charge.Launch{Parameters: []charge.Parameter{
		{Name: "appId", Value: appID},
		{Name: "timeStamp", Value: stamp},
		{Name: "nonceStr", Value: nonce},
		{Name: "package", Value: pack},
		{Name: "signType", Value: "RSA"},
		{Name: "paySign", Value: signature},
	}}, nil
}

func (c *Client) prepareApp(ctx context.Context, appID string, of charge.Charge) (charge.Launch, error) {
	orders := app.AppApiService{Client: c.sdk}
	_, result, err := orders.Prepay(ctx, app.PrepayRequest{
		Appid: &appID, Mchid: &c.merchant, Description: &of.Description, OutTradeNo: &of.Number,
		TimeExpire: inShanghai(of.ExpiresAt), NotifyUrl: &c.notifyURL,
		Amount: &app.Amount{Total: &of.Fen, Currency: core.String(currency)},
	})
	prepared, err := c.prepared(ctx, result, err)
	if err != nil {
		return charge.Launch{}, err
	}
	if prepared.PrepayID == "" {
		return charge.Launch{}, errNothing
	}
	stamp := c.stamp()
	nonce, signature, err := c.sign(ctx, appID, stamp, prepared.PrepayID)
	if err != nil {
		return charge.Launch{}, err
	}
	return charge.Launch{Parameters: []charge.Parameter{
		{Name: "appid", Value: appID},
		{Name: "partnerid", Value: c.merchant},
		{Name: "prepayid", Value: prepared.PrepayID},
		{Name: "package", Value: "Sign=WXPay"},
		{Name: "noncestr", Value: nonce},
		{Name: "timestamp", Value: stamp},
		{Name: "sign", Value: signature},
	}}, nil
}

func (c *Client) prepareH5(ctx context.Context, appID string, of charge.Charge) (charge.Launch, error) {
	orders := h5.H5ApiService{Client: c.sdk}
	_, result, err := orders.Prepay(ctx, h5.PrepayRequest{
		Appid: &appID, Mchid: &c.merchant, Description: &of.Description, OutTradeNo: &of.Number,
		TimeExpire: inShanghai(of.ExpiresAt), NotifyUrl: &c.notifyURL,
		Amount:    &h5.Amount{Total: &of.Fen, Currency: core.String(currency)},
		SceneInfo: &h5.SceneInfo{PayerClientIp: &of.Address, H5Info: &h5.H5Info{Type: core.String("Wap")}},
	})
	prepared, err := c.prepared(ctx, result, err)
	if err != nil {
		return charge.Launch{}, err
	}
	if prepared.URL == "" {
		return charge.Launch{}, errNothing
	}
	return charge.Launch{URL: prepared.URL}, nil
}

// prepared is what WeChat answers to who prepares a charge.
type prepared struct {
	PrepayID string `json:"prepay_id"`
	URL      string `json:"h5_url"`
}

func (c *Client) prepared(ctx context.Context, result *core.APIResult, err error) (prepared, error) {
	if err != nil {
		return prepared{}, c.refused(ctx, err).fault
	}
	return read[prepared](result)
}

// errNothing is answered where WeChat took a charge and did not say how to pay it.
var errNothing = unavailable(errors.New("wechatpay: nothing to launch"))

func (c *Client) stamp() string { return strconv.FormatInt(c.clock.Now().Unix(), 10) }

// sign signs what a client hands to WeChat's app. It is done here, as the SDK does it: the SDK's own would follow an
// answer that lacks what it needs into a nil pointer.
func (c *Client) sign(ctx context.Context, appID, stamp, what string) (nonce, signature string, err error) {
	if nonce, err = utils.GenerateNonce(); err != nil {
		return "", "", fmt.Errorf("wechatpay: no randomness: %w", err)
	}
	signed, err := c.sdk.Sign(ctx, appID+"\n"+stamp+"\n"+nonce+"\n"+what+"\n")
	if err != nil {
		return "", "", fmt.Errorf("wechatpay: sign: %w", err)
	}
	return nonce, signed.Signature, nil
}

// inShanghai is how WeChat writes times; it takes no fractions of seconds.
func inShanghai(t time.Time) *time.Time {
	there := t.In(clock.Shanghai).Truncate(time.Second)
	return &there
}
