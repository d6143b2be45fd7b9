package alipay

import (
	"context"

	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

// mostFen is what one trade may be of: a hundred million yuan.
const mostFen = 100_000_000_00

// order is what the three ways of paying are asked alike.
type order struct {
	Number  string `json:"out_trade_no"`
	Seller  string `json:"seller_id"`
	Amount  string `json:"total_amount"`
	Subject string `json:"subject"`
	Product string `json:"product_code"`
	Expires string `json:"time_expire"`
	QuitURL string `json:"quit_url,omitempty"`  // of the page alone
	App     string `json:"op_app_id,omitempty"` // of the mini-program alone, as are the next
	Buyer   string `json:"buyer_id,omitempty"`
	OpenID  string `json:"buyer_open_id,omitempty"`
}

// Prepare makes a charge ready to be paid, and answers what a client hands on:
//
//   - MINI_PROGRAM: tradeNO for my.tradePay (https://opendocs.alipay.com/mini/05x9kv); the payer must be named.
//   - H5: the address of Alipay's page (https://opendocs.alipay.com/open/02ivbs). Where it leads back to proves
//     nothing.
//   - APP: orderString for Alipay's SDK (https://opendocs.alipay.com/open/02e7gq).
//
// Only the first asks Alipay anything; of the others it hears when the payer gets there. The same charge may be
// prepared again. Errors: charge.Refused, charge.AlreadyPaid, charge.Declined, fault.Unavailable.
func (p *Pay) Prepare(ctx context.Context, c charge.Charge) (charge.Launch, error) {
	if err := p.check(c); err != nil {
		return charge.Launch{}, err
	}
	o := order{
		Number: c.Number, Seller: p.config.Seller, Amount: money.Yuan(c.Fen), Subject: c.Description, Expires: written(c.ExpiresAt),
	}
	switch c.Way {
	case money.MiniProgram:
		return p.create(ctx, o, c.Payer)
	case money.H5:
		return p.page(o)
	case money.App:
		return p.orderString(o)
	}
	return charge.Launch{}, invalid("no such way")
}

func (p *Pay) check(c charge.Charge) error {
	switch {
	case !number.MatchString(c.Number):
		return invalid("the number is not one")
	case c.Fen <= 0 || c.Fen > mostFen:
		return invalid("the amount is out of bounds")
	case c.Description == "":
		return invalid("the description is required")
	case !c.ExpiresAt.After(p.clock.Now()):
		return invalid("the charge has expired")
	}
	return nil
}

// create makes a trade for a payer (https://opendocs.alipay.com/mini/05x9kv).
func (p *Pay) create(ctx context.Context, o order, payer string) (charge.Launch, error) {
	if payer == "" {
		return charge.Launch{}, invalid("the payer is required")
	}
	o.Product, o.App = "JSAPI_PAY", p.config.App.AppID
	if userID.MatchString(payer) {
		o.Buyer = payer
	} else {
		o.OpenID = payer
	}
	reply, err := ask[struct {
		Number string `json:"out_trade_no"`
		Trade  string `json:"trade_no"`
	}](ctx, p, call{method: "alipay.trade.create", notify: p.config.NotifyURL, content: o})
	if err != nil {
		return charge.Launch{}, err
	}
	if reply.Number != o.Number || reply.Trade == "" {
		return charge.Launch{}, unreadable("the reply is of another trade")
	}
	return charge.Launch{Parameters: []charge.Parameter{{Name: "tradeNO", Value: reply.Trade}}}, nil
}

func (p *Pay) page(o order) (charge.Launch, error) {
	o.Product, o.QuitURL = "QUICK_WAP_WAY", p.config.ReturnURL
	address, err := p.client.sdk.BuildURL(call{
		method: "alipay.trade.wap.pay", notify: p.config.NotifyURL, back: p.config.ReturnURL, content: o,
	})
	if err != nil {
		return charge.Launch{}, unreadable("the page's address cannot be signed")
	}
	return charge.Launch{URL: address.String()}, nil
}

func (p *Pay) orderString(o order) (charge.Launch, error) {
	o.Product = "QUICK_MSECURITY_PAY"
	signed, err := p.client.sdk.EncodeParam(call{method: "alipay.trade.app.pay", notify: p.config.NotifyURL, content: o})
	if err != nil {
		return charge.Launch{}, unreadable("the order cannot be signed")
	}
	return charge.Launch{Parameters: []charge.Parameter{{Name: "orderString", Value: signed}}}, nil
}
