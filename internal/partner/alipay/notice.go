package alipay

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/smartwalle/nsign"

	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/vouch"
)

// A notice is repeated for 25 hours until it is replied to, eight times in all, as one notice with one id.
// Whether a repetition has the time of the first, Alipay does not say. So that an outage of ours loses none, a
// notice is taken for an hour longer than that; what it tells stays true, and taking it in twice must change
// nothing anyway.
const (
	noticeOld   = 26 * time.Hour
	noticeEarly = vouch.Window
)

// joined finds values that hold a parameter more. What is signed is parameters joined by &, without quotes, so a
// notice with two of them made one would have the same signature.
var joined = regexp.MustCompile(`&[a-z_]+=`)

// Notice reads what Alipay calls the notify URL with, a form by POST (https://opendocs.alipay.com/open/203/105286).
// It is signed by Alipay, to our app, for our seller, and not older than 26 hours.
//
// A refund comes in the form of the payment that it is of, so the payment is not told again: the notice then has
// a refund, without its amount, as Alipay tells only the sum of all refunds of the payment. A refund that was not
// ours to ask for has no number, and the notice then has neither. Times are by Alipay's clock. Error: vouch.Forged.
func (p *Pay) Notice(form url.Values) (*charge.Notice, error) {
	if !p.sent(form) {
		return nil, vouch.Forged
	}
	n := &charge.Notice{Reply: charge.Reply{Status: http.StatusOK, Media: "text/plain; charset=utf-8", Body: []byte("success")}}
	var err error
	switch {
	case form.Get("notify_type") != "trade_status_sync":
	case form.Get("gmt_refund") != "":
		n.Refund, err = toldRefund(form)
	default:
		n.Payment, err = toldPayment(form)
	}
	if err != nil {
		return nil, vouch.Forged.Because(err)
	}
	return n, nil
}

// sent tells whether Alipay sent this to us, just now. Other than in an event, sign_type is not signed.
func (p *Pay) sent(form url.Values) bool {
	for _, values := range form {
		if slices.ContainsFunc(values, joined.MatchString) {
			return false
		}
	}
	signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
	if err != nil || form.Get("sign_type") != "RSA2" {
		return false
	}
	if p.client.alipay.VerifyValues(form, signature, nsign.WithIgnore("sign", "sign_type")) != nil {
		return false
	}
	at, err := instant(form.Get("notify_time"))
	age := p.clock.Now().Sub(at)
	return err == nil && age <= noticeOld && age >= -noticeEarly &&
		form.Get("app_id") == p.config.App.AppID && form.Get("seller_id") == p.config.Seller
}

func toldPayment(form url.Values) (*charge.Receipt, error) {
	told := trade{
		Number: form.Get("out_trade_no"), Trade: form.Get("trade_no"), Status: form.Get("trade_status"),
		Amount: form.Get("total_amount"), Paid: form.Get("gmt_payment"),
	}
	r, err := told.receipt()
	if err != nil {
		return nil, err
	}
	if !number.MatchString(r.Number) || r.State == charge.Done && r.Transaction == "" {
		return nil, unreadable("the notice names no trade")
	}
	return &r, nil
}

// toldRefund answers the refund that a notice is of, or nil if it was none of ours.
func toldRefund(form url.Values) (*charge.RefundReceipt, error) {
	at, err := instant(form.Get("gmt_refund"))
	if err != nil {
		return nil, err
	}
	if _, err := money.ParseYuan(form.Get("refund_fee")); err != nil {
		return nil, err
	}
	refund := form.Get("out_biz_no")
	if !number.MatchString(refund) {
		return nil, nil //nolint:nilnil // none is a good answer
	}
	return &charge.RefundReceipt{Number: refund, Transaction: form.Get("trade_no"), State: charge.Done, At: at}, nil
}
