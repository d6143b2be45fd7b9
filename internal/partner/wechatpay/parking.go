package wechatpay

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	parking "github.com/wechatpay-apiv3/wechatpay-go/services/wexinpayscoreparking"

	"parkbff/internal/cnid"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

const (
	parkingScene = "PARKING"
	// device is demanded. WeChat need not know which gate of ours a car left by.
	device = "gate"

	// WeChat's mini-program in which the service is opened.
	serviceApp  = "wxbcad394b3d99dac9"
	servicePage = "/pages/auth-creditpay/auth-creditpay"
)

// colors are WeChat's names: GREEN is the small new-energy plate's, LIMEGREEN (黄绿色) the large one's.
// https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter8_8_1.shtml
var colors = map[cnid.Color]parking.PlateColor{
	cnid.Blue: parking.PLATECOLOR_BLUE, cnid.Green: parking.PLATECOLOR_GREEN, cnid.Yellow: parking.PLATECOLOR_YELLOW,
	cnid.YellowGreen: parking.PLATECOLOR_LIMEGREEN, cnid.Black: parking.PLATECOLOR_BLACK, cnid.White: parking.PLATECOLOR_WHITE,
}

func colorOf(p charge.Plate) (*parking.PlateColor, error) {
	color, known := colors[cnid.Color(p.Color)]
	if !known {
		return nil, charge.Refused.Because(errors.New("wechatpay: a plate of another colour"))
	}
	return &color, nil
}

// Agreement asks how the parking service stands to a plate for one payer, whom their openid in our mini-program
// names. A paused service is blocked: its user goes to WeChat's page to resume it. Errors: charge.Refused,
// charge.Declined, fault.RateLimited, fault.Unavailable.
// https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter8_8_1.shtml
func (c *Client) Agreement(ctx context.Context, of charge.Plate, payer string) (charge.Agreement, error) {
	color, err := colorOf(of)
	if err != nil {
		return charge.Agreement{}, err
	}
	services := parking.ServicesApiService{Client: c.sdk}
	found, _, err := services.QueryPlateService(ctx, parking.QueryPlateServiceRequest{
		Appid: core.String(c.appIDs[money.MiniProgram]), PlateNumber: &of.Text, PlateColor: color, Openid: &payer,
	})
	if err != nil {
		said := c.refused(ctx, err)
		if said.code == resourceNotExists {
			return charge.Agreement{State: charge.AgreementNone}, nil
		}
		return charge.Agreement{}, said.fault
	}
	if found.ServiceState == nil || found.PlateNumber == nil || *found.PlateNumber != of.Text {
		return charge.Agreement{}, unavailable(errors.New("wechatpay: the reply is of another plate"))
	}
	agreement := charge.Agreement{}
	if found.ServiceOpenTime != nil {
		agreement.OpenedAt = found.ServiceOpenTime.UTC()
	}
	switch *found.ServiceState {
	case "NORMAL":
		agreement.State = charge.AgreementOpen
	case "PAUSE", "OVERDUE":
		agreement.State = charge.AgreementBlocked
	case "OUT_SERVICE":
		return charge.Agreement{State: charge.AgreementNone}, nil
	default:
		return charge.Agreement{}, unavailable(errors.New("wechatpay: a service of no state that is known"))
	}
	return agreement, nil
}

// Opening answers where a payer opens the parking service for a plate, or resumes it: parameters of
// wx.navigateToMiniProgram, and, as URL, the same page with its query, for an app's launch of a mini-program and for
// the open tag of H5. WeChat answers nothing to us; ask Agreement afterwards. Error: charge.Refused.
// https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter8_8_7.shtml
func (c *Client) Opening(of charge.Plate, payer string) (charge.Launch, error) {
	color, err := colorOf(of)
	if err != nil {
		return charge.Launch{}, err
	}
	launch := charge.Launch{Parameters: []charge.Parameter{
		{Name: "appId", Value: serviceApp},
		{Name: "path", Value: servicePage},
	}}
	query := url.Values{}
	for _, p := range []charge.Parameter{
		{Name: "mchid", Value: c.merchant},
		{Name: "openid", Value: payer},
		{Name: "plate_number", Value: of.Text},
		{Name: "plate_color", Value: string(*color)},
		{Name: "trade_scene", Value: parkingScene},
	} {
		launch.Parameters = append(launch.Parameters, p)
		query.Set(p.Name, p.Value)
	}
	launch.URL = servicePage + "?" + query.Encode()
	return launch, nil
}

// Enter tells that a car has come, and answers WeChat's reference of the entry, which the deduction needs. The same
// entry may be told again. A car for which WeChat would not deduct now is charge.Declined, and the reference is
// answered all the same: the payer may open or resume the service until the car leaves. Other errors: charge.Refused,
// fault.RateLimited, fault.Unavailable.
// https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter8_8_2.shtml
func (c *Client) Enter(ctx context.Context, e charge.Entry) (reference string, err error) {
	color, err := colorOf(e.Plate)
	if err != nil {
		return "", err
	}
	entries := parking.ParkingsApiService{Client: c.sdk}
	entered, _, err := entries.CreateParking(ctx, parking.CreateParkingRequest{
		OutParkingNo: &e.Number, PlateNumber: &e.Plate.Text, PlateColor: color, NotifyUrl: &c.notifyURL,
		StartTime: inShanghai(e.EnteredAt), ParkingName: &e.LotName, FreeDuration: seconds(e.Free),
	})
	if err != nil {
		return "", c.refused(ctx, err).fault
	}
	if entered.Id == nil || *entered.Id == "" || entered.OutParkingNo == nil || *entered.OutParkingNo != e.Number {
		return "", unavailable(errors.New("wechatpay: the reply is of another entry"))
	}
	if entered.State == nil || *entered.State != "NORMAL" {
		return *entered.Id, charge.Declined.Because(errors.New("wechatpay: the service is blocked for this car"))
	}
	return *entered.Id, nil
}

// Deduct takes money for a stay whose entry was told. WeChat takes it in (charge.Pending), and the car may leave;
// what became of it comes as a notice, or is found. A deduction that failed at once is answered with its receipt and
// charge.Declined. The same deduction may be asked for again. Errors: charge.Refused, charge.Declined,
// charge.AlreadyPaid, fault.RateLimited, fault.Unavailable.
// https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter8_8_3.shtml
func (c *Client) Deduct(ctx context.Context, d charge.Deduction) (charge.Receipt, error) {
	color, err := colorOf(d.Entry.Plate)
	if err != nil {
		return charge.Receipt{}, err
	}
	deductions := parking.TransactionsApiService{Client: c.sdk}
	_, result, err := deductions.CreateTransaction(ctx, parking.CreateTransactionRequest{
		Appid: core.String(c.appIDs[money.MiniProgram]), Description: &d.Charge.Description, OutTradeNo: &d.Charge.Number,
		TradeScene: core.String(parkingScene), NotifyUrl: &c.notifyURL,
		Amount: &parking.OrderAmount{Total: &d.Charge.Fen, Currency: core.String(currency)},
		ParkingInfo: &parking.ParkingTradeScene{
			ParkingId: &d.EntryReference, PlateNumber: &d.Entry.Plate.Text, PlateColor: color,
			StartTime: inShanghai(d.Entry.EnteredAt), EndTime: inShanghai(d.Left), ParkingName: &d.Entry.LotName,
			ChargingDuration: seconds(d.Left.Sub(d.Entry.EnteredAt)), DeviceId: core.String(device),
		},
	})
	if err != nil {
		return charge.Receipt{}, c.refused(ctx, err).fault
	}
	t, err := read[transaction](result)
	if err != nil {
		return charge.Receipt{}, err
	}
	receipt, err := c.receiptOf(t, d.Charge.Number)
	if err == nil && receipt.State == charge.Closed {
		err = charge.Declined.Because(errors.New("wechatpay: the deduction failed"))
	}
	return receipt, err
}

// FindDeduction is Find for deductions. A failed one is charge.Closed; one that WeChat has paid in advance is Advanced
// until its user has repaid WeChat. Errors: charge.Refused, fault.RateLimited, fault.Unavailable.
// https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter8_8_4.shtml
func (c *Client) FindDeduction(ctx context.Context, number string) (charge.Receipt, error) {
	deductions := parking.TransactionsApiService{Client: c.sdk}
	_, result, err := deductions.QueryTransaction(ctx, parking.QueryTransactionRequest{OutTradeNo: &number})
	return c.found(ctx, number, result, err)
}

func seconds(d time.Duration) *int64 { return core.Int64(int64(d / time.Second)) }
