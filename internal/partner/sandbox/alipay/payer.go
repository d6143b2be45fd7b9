package alipay

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"

	"parkbff/internal/partner/sandbox/ticket"
)

// Pay is a payer's confirming a payment that Alipay has heard of: one of a mini-program at once, others when the
// payer has got there, see Open and the page. A payer named by a user id of Alipay's, or by a name. If notices are
// sent by themselves, the error is also that of sending this one; the payment stays paid.
func (s *Sandbox) Pay(paymentNumber, payer string) error {
	s.mu.Lock()
	t, err := s.named(paymentNumber)
	if err == nil {
		err = s.confirm(t, payer)
	}
	automatic := s.till.automatic
	s.mu.Unlock()
	if err != nil || !automatic {
		return err
	}
	return s.Deliver(paymentNumber)
}

func (s *Sandbox) confirm(t *trade, payer string) error {
	if !person.MatchString(payer) {
		payer = s.UserID(payer)
	}
	s.expire(t)
	switch {
	case t.state != waiting:
		return errors.New("sandbox: the payment is " + t.state)
	case t.buyer != "" && person.MatchString(t.buyer) && t.buyer != payer:
		return errors.New("sandbox: the payment is another person's")
	}
	t.state, t.paid, t.buyer = success, s.clock.Now(), payer
	return nil
}

// named answers the newest trade with a number, whosever it is.
func (s *Sandbox) named(paymentNumber string) (*trade, error) {
	all := s.till.all.All()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Number == paymentNumber {
			return all[i], nil
		}
	}
	return nil, errUnknown
}

// Open is what Alipay's app does with an order string that ours hands to it: the trade is there from then on.
func (s *Sandbox) Open(orderString string) error {
	form, err := url.ParseQuery(orderString)
	if err != nil {
		return wrong("read the order string", err)
	}
	_, err = s.open(form, "alipay.trade.app.pay", "QUICK_MSECURITY_PAY")
	return err
}

func (s *Sandbox) open(form url.Values, method, product string) (*trade, error) {
	app, ok := s.apps[form.Get("app_id")]
	if !ok || form.Get("method") != method || !s.office.IsLenient() && !app.signed(form) {
		return nil, failure("isv.invalid-signature")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place(call{app: app, notify: form.Get("notify_url"), body: []byte(form.Get("biz_content"))}, product)
}

// page is Alipay's page of a payment. With pay=1 added to its address the person that person= names pays at once,
// and is led back.
func (s *Sandbox) page(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	pays, payer := form.Get("pay") == "1", ticket.Someone(form)
	form.Del("pay")
	form.Del("person")
	t, err := s.open(form, "alipay.trade.wap.pay", "QUICK_WAP_WAY")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !pays {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>支付宝</title><p>%s ¥%s<p><a href="?%s&amp;pay=1">付款</a>`,
			html.EscapeString(t.Subject), t.Amount, html.EscapeString(r.URL.RawQuery))
		return
	}
	if err := s.Pay(t.Number, payer); err != nil && !s.isPaid(t) {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	if back := form.Get("return_url"); back != "" {
		http.Redirect(w, r, back, http.StatusFound)
	}
}

func (s *Sandbox) isPaid(t *trade) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return t.state == success
}
