package unionpay

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay/acp"
)

// Kinds of orders.
const (
	buying    = "01"
	refunding = "04"
	paying    = "12"
	asking    = "00"
)

// order is a payment or a refund.
type order struct {
	said     acp.Message // what the merchant said
	kind     string
	number   string
	fen      int64
	expires  time.Time
	tn       string
	query    string // queryId
	trace    string // traceNo
	code     string // what became of it
	movedAt  time.Time
	payer    string
	refunded int64
	original *order // of a refund
}

// Payment is a payment that a merchant has asked for.
type Payment struct {
	Merchant, Number string
	State            charge.State
	Fen, Refunded    int64
}

// Payments answers the payments that are remembered, in the order in which they were asked for.
func (s *Sandbox) Payments() []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Payment
	for _, o := range s.all.All() {
		if o.kind == buying {
			all = append(all, Payment{o.said["merId"], o.number, s.state(o), o.fen, o.refunded})
		}
	}
	return all
}

// state tells how far an order has come. It holds the lock.
func (s *Sandbox) state(o *order) charge.State {
	switch {
	case o.code == succeeded:
		return charge.Done
	case o.kind == refunding && o.code != pending, o.kind == buying && !s.clock.Now().Before(o.expires):
		return charge.Closed
	}
	return charge.Pending
}

// Faults of the handles.
var (
	errNoOrder = errors.New("sandbox: there is no such order")
	errNotOpen = errors.New("sandbox: the order cannot be paid, or not any more")
)

// Pay pays an order as somebody, whose card's last digits are made of their name. With Automatic the notice is posted
// before Pay returns; an error of posting leaves the order paid.
func (s *Sandbox) Pay(ctx context.Context, number, payer string) error {
	if err := s.pay(number, payer); err != nil {
		return err
	}
	return s.tell(ctx, number)
}

func (s *Sandbox) pay(number, payer string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known := s.orders.Get(number)
	if !known {
		return errNoOrder
	}
	if o.kind != buying || o.code == succeeded || !s.clock.Now().Before(o.expires) {
		return errNotOpen
	}
	o.payer = payer
	if err := s.move(o); err != nil {
		return err
	}
	s.paid.Put(o.query, o)
	return nil
}

// move lets an order's money move. It holds the lock.
func (s *Sandbox) move(o *order) (err error) {
	if o.query, err = s.digits(21); err != nil {
		return err
	}
	if o.trace, err = s.digits(6); err != nil {
		return err
	}
	o.code, o.movedAt = succeeded, s.clock.Now()
	return nil
}

// Fail makes an order end with an answer such as 64, the card has too little: a payment, which may be tried again, or
// a refund, whose money stays.
func (s *Sandbox) Fail(number, answer string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known := s.orders.Get(number)
	if !known {
		return errNoOrder
	}
	if o.kind == refunding && o.code == succeeded && answer != succeeded {
		o.original.refunded -= o.fen
	}
	o.code = answer
	return nil
}

var (
	orderID   = regexp.MustCompile(`^[0-9A-Za-z]{8,40}$`)
	bracketed = regexp.MustCompile(`^\{.*\}$`)
	channels  = map[string]bool{"07": true, "08": true}
)

// ordered checks an order or a refund as the original does.
func (s *Sandbox) ordered(said acp.Message, kind string) (refusal string) {
	for _, name := range []string{"txnType", "txnSubType", "bizType", "channelType", "orderId", "txnAmt", "backUrl"} {
		if said[name] == "" {
			return incomplete
		}
	}
	merchant := s.merchants[said["merId"]]
	back, err := url.Parse(said["backUrl"])
	switch {
	case said["txnType"] != kind, !orderID.MatchString(said["orderId"]), fenOf(said["txnAmt"]) == 0, said["currencyCode"] != "156",
		!channels[said["channelType"]], err != nil || back.Host == "":
		return malformed
	case said["reserved"] != "" && !bracketed.MatchString(said["reserved"]):
		return malformed
	case said["bizType"] != merchant.BizType, said["issInsCode"] != "" && said["issInsCode"] != merchant.Bank:
		return noRight
	}
	return ""
}

// open takes an order in, or answers the one that it has.
func (s *Sandbox) open(said acp.Message) (*order, string) {
	if refusal := s.ordered(said, buying); refusal != "" {
		return nil, refusal
	}
	expires, err := acp.ParseTime(said["payTimeout"])
	if err != nil || said["txnSubType"] != "01" {
		return nil, malformed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.clock.Now().Before(expires) {
		return nil, tooLate
	}
	if known, ok := s.orders.Get(said["orderId"]); ok {
		if known.code == succeeded || !same(known.said, said) {
			return nil, twice
		}
		return known, ""
	}
	o := &order{said: said, kind: buying, number: said["orderId"], fen: fenOf(said["txnAmt"]), expires: expires, code: pending}
	if o.tn, err = s.digits(21); err != nil {
		return nil, broken
	}
	s.keep(o)
	s.tickets.Put(o.tn, o)
	return o, ""
}

// keep remembers an order. It holds the lock.
func (s *Sandbox) keep(o *order) {
	s.orders.Put(o.number, o)
	s.all.Add(o)
}

// same tells whether two messages ask for the same.
func same(a, b acp.Message) bool {
	for _, name := range []string{"merId", "txnType", "orderId", "txnTime", "txnAmt", "origQryId"} {
		if a[name] != b[name] {
			return false
		}
	}
	return true
}

func (s *Sandbox) app(_ context.Context, said acp.Message) acp.Message {
	o, refusal := s.open(said)
	if refusal != "" {
		return reply(said, refusal)
	}
	m := reply(said, succeeded)
	m["tn"] = o.tn
	return m
}

// back takes refunds and payouts in.
func (s *Sandbox) back(ctx context.Context, said acp.Message) acp.Message {
	if said["txnType"] == paying {
		return s.payOut(said)
	}
	refusal := s.ordered(said, refunding)
	if refusal == "" {
		refusal = s.refund(said)
	}
	m := reply(said, cmp.Or(refusal, succeeded))
	if refusal == "" {
		s.mu.Lock()
		o, _ := s.orders.Get(said["orderId"])
		m["queryId"] = o.query
		s.mu.Unlock()
		if err := s.tell(ctx, said["orderId"]); err != nil {
			m["respMsg"] = "the notice was not taken"
		}
	}
	return m
}

func (s *Sandbox) refund(said acp.Message) (refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.orders.Get(said["orderId"]); known {
		return twice
	}
	original, paid := s.paid.Get(said["origQryId"])
	fen := fenOf(said["txnAmt"])
	switch {
	case !paid || original.said["merId"] != said["merId"]:
		return noOriginal
	case original.refunded+fen > original.fen:
		return noMatch
	}
	o := &order{said: said, kind: refunding, number: said["orderId"], fen: fen, payer: original.payer, original: original}
	if err := s.move(o); err != nil {
		return broken
	}
	original.refunded += fen
	s.keep(o)
	return ""
}

// query answers what became of an order.
func (s *Sandbox) query(_ context.Context, said acp.Message) acp.Message {
	if said["txnType"] != asking || said["txnSubType"] != "00" || said["bizType"] == "" || said["orderId"] == "" {
		return reply(said, incomplete)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known := s.orders.Get(said["orderId"])
	if !known || o.said["merId"] != said["merId"] || o.said["txnTime"] != said["txnTime"] {
		return reply(said, noSuch)
	}
	m := o.result()
	m["respCode"], m["respMsg"] = succeeded, "answered by the stand-in[00]"
	m["origRespCode"], m["origRespMsg"] = o.code, "answered by the stand-in["+o.code+"]"
	return m
}

// result is what queries and notices say of an order. Its owner holds the lock.
func (o *order) result() acp.Message {
	m := reply(o.said, o.code)
	m["currencyCode"] = "156"
	if o.query == "" {
		return m
	}
	at := o.movedAt.In(clock.Shanghai)
	m["queryId"], m["traceNo"], m["traceTime"], m["settleDate"] = o.query, o.trace, at.Format("0102150405"), settles(at).Format("0102")
	m["settleAmt"], m["settleCurrencyCode"], m["accNo"] = strconv.FormatInt(o.fen, 10), "156", card(o.payer)
	return m
}

// settles answers noon of the settlement day of a time: days end at 23:00.
func settles(at time.Time) time.Time {
	year, month, day := at.In(clock.Shanghai).Add(time.Hour).Date()
	return time.Date(year, month, day, 12, 0, 0, 0, clock.Shanghai)
}
