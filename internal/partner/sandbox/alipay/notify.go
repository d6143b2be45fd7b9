package alipay

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/smartwalle/nsign"

	"parkbff/internal/money"
	"parkbff/internal/partner/sandbox/ticket"
)

// noticeTimeout is how long the original waits for a reply.
const noticeTimeout = 10 * time.Second

// Automatic makes the stand-in send a notice by itself after each payment that is confirmed. Of refunds it tells
// when DeliverRefund says so.
func (s *Sandbox) Automatic() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.till.automatic = true
}

// Notice is the form that tells how a payment stands, signed. Each call has the time of now, as a new notice.
func (s *Sandbox) Notice(paymentNumber string) (url.Values, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.named(paymentNumber)
	if err != nil {
		return nil, err
	}
	s.expire(t)
	return s.signNotice(t, s.told(t))
}

// RefundNotice is the form that tells of a refund, signed: that of its payment, with what has gone back so far.
func (s *Sandbox) RefundNotice(paymentNumber, refundNumber string) (url.Values, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.named(paymentNumber)
	if err != nil {
		return nil, err
	}
	r := t.refunded(refundNumber)
	if r == nil {
		return nil, errUnknown
	}
	form := s.told(t)
	form.Set("gmt_refund", written(r.at)+".123") // the original has milliseconds here
	form.Set("refund_fee", money.Yuan(t.back()))
	form.Set("out_biz_no", r.number)
	return s.signNotice(t, form)
}

// SignNotice signs any form as a notice to an app.
func (s *Sandbox) SignNotice(appID string, form url.Values) (url.Values, error) {
	app, ok := s.apps[appID]
	if !ok {
		return nil, errUnknown
	}
	return s.signNotice(&trade{app: app}, form)
}

func (s *Sandbox) told(t *trade) url.Values {
	form := url.Values{
		"notify_type": {"trade_status_sync"}, "notify_time": {written(s.clock.Now())}, "charset": {"utf-8"}, "version": {"1.0"},
		"notify_id": {ticket.IDOf("notice", t.id, t.state)}, "app_id": {t.app.ID}, "auth_app_id": {t.app.ID}, "seller_id": {t.Seller},
		"out_trade_no": {t.Number}, "trade_no": {t.id}, "trade_status": {t.state}, "total_amount": {money.Yuan(t.fen)},
		"subject": {t.Subject}, "buyer_id": {t.buyer}, "gmt_create": {written(t.created)},
	}
	if !t.paid.IsZero() {
		form.Set("gmt_payment", written(t.paid))
		form.Set("receipt_amount", money.Yuan(t.fen))
	}
	return form
}

func (s *Sandbox) signNotice(t *trade, form url.Values) (url.Values, error) {
	signature, err := t.app.signer().SignValues(form, nsign.WithIgnore("sign", "sign_type"))
	if err != nil {
		return nil, wrong("sign the notice", err)
	}
	form.Set("sign_type", "RSA2")
	form.Set("sign", base64.StdEncoding.EncodeToString(signature))
	return form, nil
}

// Deliver sends the notice of a payment to where its app wants it. An answer other than success is an error.
func (s *Sandbox) Deliver(paymentNumber string) error {
	form, err := s.Notice(paymentNumber)
	if err != nil {
		return err
	}
	return s.deliver(paymentNumber, form)
}

// DeliverRefund sends the notice of a refund.
func (s *Sandbox) DeliverRefund(paymentNumber, refundNumber string) error {
	form, err := s.RefundNotice(paymentNumber, refundNumber)
	if err != nil {
		return err
	}
	return s.deliver(paymentNumber, form)
}

func (s *Sandbox) deliver(paymentNumber string, form url.Values) error {
	s.mu.Lock()
	t, err := s.named(paymentNumber)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), noticeTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.notify, strings.NewReader(form.Encode()))
	if err != nil {
		return wrong("build the notice", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return wrong("send the notice", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return wrong("read the answer", err)
	}
	if response.StatusCode != http.StatusOK || string(body) != "success" {
		return errors.New("sandbox: the notice was not taken in")
	}
	return nil
}
