package unionpay

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay/acp"
)

// settles is how long after its end UnionPay may still be finding out what became of an order.
const settles = 5 * time.Minute

// mostOfDescription is how many characters UnionPay shows.
const mostOfDescription = 32

// Types of trade.
const (
	asking  = "00"
	buying  = "01"
	refund  = "04"
	filing  = "76"
	yuan    = "156" // currencyCode
	general = "000000"
)

// Prepare makes a charge payable. H5 answers a form for the payer's browser to post to UnionPay's page
// (https://open.unionpay.com/tjweb/acproduct/APIList?acpAPIId=754&apiservId=448), and asks UnionPay nothing; APP and
// MINI_PROGRAM answer one parameter, tn, for UnionPay's SDK or upsdk.pay
// (https://open.unionpay.com/tjweb/acproduct/APIList?apiservId=3021&acpAPIId=961). Payer and Address are not told.
// The charge may be prepared again as long as nothing of it has changed.
//
// Errors: charge.AlreadyPaid; charge.Refused, also of a way that the product does not offer and of a charge whose
// time is over; charge.Declined; fault.Unavailable.
func (c *Client) Prepare(ctx context.Context, ch charge.Charge) (charge.Launch, error) {
	if !slices.Contains(c.config.Product.Ways, ch.Way) {
		return charge.Launch{}, charge.Refused.Because(errors.New("unionpay: the product does not offer that way"))
	}
	if ch.Fen <= 0 || !c.clock.Now().Before(ch.ExpiresAt) {
		return charge.Launch{}, charge.Refused.Because(errors.New("unionpay: no amount, or no time left"))
	}
	if ch.Way == money.H5 {
		return c.form(ch)
	}
	reply, err := c.ask(ctx, c.config.Gateway+appPath, c.order(ch), maxReply)
	switch {
	case err != nil:
		return charge.Launch{}, err
	case reply["respCode"] == twice:
		return charge.Launch{}, c.againstTwice(ctx, ch.Named())
	case reply["respCode"] != accepted:
		return charge.Launch{}, refused(reply["respCode"])
	case reply["tn"] == "":
		return charge.Launch{}, fault.Unavailable.Because(errors.New("unionpay: the reply has no tn"))
	}
	return charge.Launch{Parameters: []charge.Parameter{{Name: "tn", Value: reply["tn"]}}}, nil
}

func (c *Client) form(ch charge.Charge) (charge.Launch, error) {
	order := c.order(ch)
	order["frontUrl"] = c.config.ReturnURL
	if err := c.sign(order); err != nil {
		return charge.Launch{}, err
	}
	launch := charge.Launch{URL: c.config.Gateway + frontPath}
	for _, name := range slices.Sorted(maps.Keys(order)) {
		launch.Parameters = append(launch.Parameters, charge.Parameter{Name: name, Value: order[name]})
	}
	return launch, nil
}

func (c *Client) order(ch charge.Charge) acp.Message {
	m := c.trade(buying, c.config.Product.SubType, ch.Number, ch.CreatedAt, ch.Fen)
	m["payTimeout"] = acp.Time(ch.ExpiresAt)
	for name, value := range map[string]string{
		"orderDesc": plain(ch.Description), "issInsCode": c.config.Product.Bank, "reserved": c.config.Product.Reserved,
	} {
		if value != "" {
			m[name] = value
		}
	}
	return m
}

// trade is what orders and refunds say alike.
func (c *Client) trade(kind, subKind, number string, at time.Time, fen int64) acp.Message {
	return acp.Message{
		"txnType": kind, "txnSubType": subKind, "bizType": c.config.Product.BizType, "channelType": c.config.Product.ChannelType,
		"orderId": number, "txnTime": acp.Time(at), "txnAmt": strconv.FormatInt(fen, 10), "currencyCode": yuan,
		"backUrl": c.config.NoticeURL,
	}
}

// plain is a description without the characters that UnionPay's messages are made of.
func plain(text string) string {
	runes := []rune(strings.TrimSpace(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`&={}[]"'<>`, r) || r < ' ' {
			return ' '
		}
		return r
	}, text)))
	return string(runes[:min(len(runes), mostOfDescription)])
}

// againstTwice tells why UnionPay has an order already.
func (c *Client) againstTwice(ctx context.Context, n charge.Named) error {
	receipt, err := c.Find(ctx, n)
	switch {
	case err != nil:
		return err
	case receipt.State == charge.Done:
		return charge.AlreadyPaid
	}
	return refused(twice)
}

// Find answers what has become of a charge (https://open.unionpay.com/tjweb/acproduct/APIList?acpAPIId=757&apiservId=448).
// UnionPay knows an order by its number and the second of CreatedAt.
//
// UNKNOWN says that UnionPay has not heard of the order: nobody has opened the form or the page. A card that was
// declined leaves the order PENDING, for its payer may take another; CLOSED is answered from five minutes after
// ExpiresAt on, when whatever is not paid cannot be any more: UnionPay takes nothing after it, and gives back on its
// own what a bank's page brings later. Error: fault.Unavailable.
func (c *Client) Find(ctx context.Context, n charge.Named) (charge.Receipt, error) {
	reply, err := c.query(ctx, n.Number, n.CreatedAt)
	if err != nil {
		return charge.Receipt{}, err
	}
	if reply["respCode"] == noSuchOrder {
		return charge.Receipt{Number: n.Number, State: charge.Unknown}, nil
	}
	outcome := reply["origRespCode"]
	if succeeded(outcome) {
		receipt, err := paid(reply)
		if err != nil {
			return charge.Receipt{}, fault.Unavailable.Because(err)
		}
		return *receipt, nil
	}
	receipt := charge.Receipt{Number: n.Number, State: charge.Pending}
	if !n.ExpiresAt.IsZero() && !c.clock.Now().Before(n.ExpiresAt.Add(settles)) {
		receipt.State = charge.Closed
	}
	return receipt, nil
}

// query answers a reply that says what became of an order, or that there is none.
func (c *Client) query(ctx context.Context, number string, at time.Time) (acp.Message, error) {
	reply, err := c.ask(ctx, c.config.Gateway+queryPath, acp.Message{
		"txnType": asking, "txnSubType": "00", "bizType": general, "orderId": number, "txnTime": acp.Time(at),
	}, maxReply)
	if err != nil {
		return nil, err
	}
	if answer := reply["respCode"]; answer != accepted && answer != noSuchOrder {
		return nil, fault.Unavailable.Because(refused(answer))
	}
	return reply, nil
}

// paid reads what a query or a notice says of a payment that was made.
func paid(m acp.Message) (*charge.Receipt, error) {
	fen, at, err := moved(m, buying)
	if err != nil {
		return nil, err
	}
	return &charge.Receipt{Number: m["orderId"], Transaction: m["queryId"], State: charge.Done, Fen: fen, PaidAt: at}, nil
}

// moved reads how much money moved, and when.
func moved(m acp.Message, kind string) (fen int64, at time.Time, err error) {
	if m["txnType"] != kind || m["orderId"] == "" || m["queryId"] == "" {
		return 0, time.Time{}, errors.New("unionpay: the order is of another kind, or has no number")
	}
	amount, err := strconv.ParseUint(m["txnAmt"], 10, 62)
	if err != nil || amount == 0 || m["currencyCode"] != "" && m["currencyCode"] != yuan {
		return 0, time.Time{}, errors.New("unionpay: the order's amount is none in fen")
	}
	sent, err := acp.ParseTime(m["txnTime"])
	if err != nil {
		return 0, time.Time{}, errors.New("unionpay: the order's time is none")
	}
	if at, err = acp.NearTime(m["traceTime"], sent); err != nil {
		return 0, time.Time{}, errors.New("unionpay: the order's time is none")
	}
	return int64(amount), at, nil
}

// Close sees that a charge is not taken for closed when it has been paid. UnionPay has nothing to close orders by:
// one that is not paid stays payable until its ExpiresAt, and money that comes for a charge which the house has
// closed meanwhile is for the house to refund. Errors: charge.AlreadyPaid, fault.Unavailable.
func (c *Client) Close(ctx context.Context, n charge.Named) error {
	receipt, err := c.Find(ctx, n)
	if err == nil && receipt.State == charge.Done {
		return charge.AlreadyPaid
	}
	return err
}
