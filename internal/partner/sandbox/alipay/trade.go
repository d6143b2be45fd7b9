package alipay

import (
	"cmp"
	"time"

	"parkbff/internal/money"
	"parkbff/internal/partner/sandbox/recent"
	"parkbff/internal/partner/sandbox/ticket"
)

// States of a trade.
const (
	waiting = "WAIT_BUYER_PAY"
	success = "TRADE_SUCCESS"
	closed  = "TRADE_CLOSED"
)

// tradeOf names a trade: numbers are a seller's.
type tradeOf struct{ seller, number string }

// trade is one payment.
type trade struct {
	order
	app                    App
	id                     string // Alipay's
	fen                    int64
	buyer                  string
	notify                 string
	state                  string
	created, expires, paid time.Time
	refunds                []refunded
}

type refunded struct {
	number string
	fen    int64
	at     time.Time
}

// till is what has been paid.
type till struct {
	trades    recent.Values[tradeOf, *trade]
	all       recent.List[*trade]
	automatic bool
}

// Payment is a trade, or a deduction, as a test counts it. State is Alipay's word.
type Payment struct {
	Number   string `json:"number"`
	State    string `json:"state"`
	Fen      int64  `json:"fen"`
	Refunded int64  `json:"refunded"`
}

// Payments are the last trades, the oldest first.
func (s *Sandbox) Payments() []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Payment
	for _, t := range s.till.all.All() {
		s.expire(t)
		all = append(all, Payment{Number: t.Number, State: t.state, Fen: t.fen, Refunded: t.back()})
	}
	return all
}

// back is how much has gone back.
func (t *trade) back() (fen int64) {
	for _, r := range t.refunds {
		fen += r.fen
	}
	return fen
}

// order is what a trade is made of, whichever way.
type order struct {
	Number  string `json:"out_trade_no"`
	Seller  string `json:"seller_id"`
	Amount  string `json:"total_amount"`
	Subject string `json:"subject"`
	Product string `json:"product_code"`
	Expires string `json:"time_expire"`
	QuitURL string `json:"quit_url"`
	App     string `json:"op_app_id"`
	Buyer   string `json:"buyer_id"`
	OpenID  string `json:"buyer_open_id"`
}

// place makes a trade of an order for a product, or answers the one that was made before of the same.
func (s *Sandbox) place(c call, product string) (*trade, error) {
	var o order
	if err := strictly(c.body, &o); err != nil {
		return nil, err
	}
	fen, err := amount(o.Amount)
	if err != nil {
		return nil, err
	}
	expires, err := instant(o.Expires)
	switch {
	case err != nil:
		return nil, err
	case !number.MatchString(o.Number), o.Subject == "", o.Product != product, c.notify == "":
		return nil, invalidParameter
	case o.Seller != c.app.Seller || o.Seller == "":
		return nil, accessForbidden
	}
	if known, ok := s.till.trades.Get(tradeOf{o.Seller, o.Number}); ok {
		return s.same(known, o, fen)
	}
	if !expires.After(s.clock.Now()) {
		return nil, invalidParameter
	}
	return s.keep(&trade{order: o, app: c.app, fen: fen, buyer: cmp.Or(o.Buyer, o.OpenID), notify: c.notify, expires: expires}), nil
}

// same answers a trade that is made again, if it is the same and can still be paid.
func (s *Sandbox) same(known *trade, o order, fen int64) (*trade, error) {
	s.expire(known)
	switch {
	case known.state == closed:
		return nil, tradeHasClosed
	case known.state != waiting:
		return nil, tradeHasSuccess
	case known.fen != fen, known.Subject != o.Subject, known.Product != o.Product:
		return nil, inconsistent
	case known.buyer != cmp.Or(o.Buyer, o.OpenID):
		return nil, otherBuyer
	}
	return known, nil
}

func (s *Sandbox) keep(t *trade) *trade {
	t.state, t.created = waiting, s.clock.Now()
	t.id = t.created.In(beijing).Format("20060102") + "22001" + ticket.NumberOf(15, "trade", t.Seller, t.Number)
	s.till.trades.Put(tradeOf{t.Seller, t.Number}, t)
	s.till.all.Add(t)
	return t
}

// expire closes a trade that was not paid in time.
func (s *Sandbox) expire(t *trade) {
	if t.state == waiting && !t.expires.IsZero() && !s.clock.Now().Before(t.expires) {
		t.state = closed
	}
}

// create makes a trade for a payer in a mini-program.
func (s *Sandbox) create(c call) (map[string]any, error) {
	var o order
	if err := strictly(c.body, &o); err != nil {
		return nil, err
	}
	switch {
	case o.App != c.app.ID, (o.Buyer == "") == (o.OpenID == ""), o.Buyer != "" && !person.MatchString(o.Buyer):
		return nil, invalidParameter
	case o.Buyer == o.Seller:
		return nil, sameBuyer
	}
	t, err := s.place(c, "JSAPI_PAY")
	if err != nil {
		return nil, err
	}
	return map[string]any{"out_trade_no": t.Number, "trade_no": t.id}, nil
}

// find answers a trade of the app's seller.
func (s *Sandbox) find(c call, paymentNumber string) (*trade, error) {
	if !number.MatchString(paymentNumber) {
		return nil, invalidParameter
	}
	t, ok := s.till.trades.Get(tradeOf{c.app.Seller, paymentNumber})
	if !ok {
		return nil, tradeNotExist
	}
	s.expire(t)
	return t, nil
}

type numbered struct {
	Number string `json:"out_trade_no"`
}

func (s *Sandbox) query(c call) (map[string]any, error) {
	var a numbered
	if err := strictly(c.body, &a); err != nil {
		return nil, err
	}
	t, err := s.find(c, a.Number)
	if err != nil {
		return nil, err
	}
	said := map[string]any{
		"out_trade_no": t.Number, "trade_no": t.id, "trade_status": t.state, "total_amount": money.Yuan(t.fen),
		"buyer_user_id": t.buyer, "buyer_logon_id": "159****5620", "receipt_amount": "0.00", "buyer_pay_amount": "0.00",
	}
	if !t.paid.IsZero() {
		said["send_pay_date"] = written(t.paid)
		said["receipt_amount"], said["buyer_pay_amount"] = money.Yuan(t.fen), money.Yuan(t.fen)
	}
	return said, nil
}

func (s *Sandbox) close(c call) (map[string]any, error) {
	var a numbered
	if err := strictly(c.body, &a); err != nil {
		return nil, err
	}
	t, err := s.find(c, a.Number)
	if err != nil {
		return nil, err
	}
	if t.state != waiting {
		return nil, tradeStatusError
	}
	t.state = closed
	return map[string]any{"out_trade_no": t.Number, "trade_no": t.id}, nil
}
