package wechatpay

import (
	"errors"
	"time"
)

var (
	errUnknown = errors.New("sandbox: there is no such number")
	errEnded   = errors.New("sandbox: it has ended already, or is nothing to be ended so")
)

// Payment is a charge or a deduction, as tests look at them.
type Payment struct {
	Merchant string
	Number   string
	State    string // NOTPAY, SUCCESS, REFUND, CLOSED; of deductions ACCEPTED, PAY_FAIL
	Fen      int64
	Refunded int64 // or on the way back
}

// Taken is what the payer has paid and not got back.
func (p Payment) Taken() int64 {
	if p.State != success && p.State != refunded {
		return 0
	}
	return p.Fen - p.Refunded
}

// Payments are the last charges and deductions, the oldest first, paid or not.
func (s *Sandbox) Payments() []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Payment
	for _, o := range s.listed.All() {
		all = append(all, Payment{o.from.ID, o.number, o.state, o.fen, o.back})
	}
	return all
}

// Pay is a payer's confirming a charge in their app: in a mini-program only the one that the charge was prepared for,
// otherwise anybody. The merchant is called about it by Deliver, or Run. Errors are words for tests.
func (s *Sandbox) Pay(number, payer string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.numbers.Get(number)
	if !ok {
		return errUnknown
	}
	return s.pay(o, payer)
}

func (s *Sandbox) pay(o *order, payer string) error {
	switch {
	case o.state != notPaid:
		return errEnded
	case !s.clock.Now().Before(o.expires):
		return errors.New("sandbox: the charge has expired")
	case o.payer != "" && o.payer != payer:
		return errors.New("sandbox: the charge is another payer's")
	}
	o.payer = payer
	s.take(o)
	return s.tell(event{from: o.from, number: o.number, kind: "TRANSACTION.SUCCESS", content: o.told(), address: o.notifyURL})
}

// take makes an order a paid one.
func (s *Sandbox) take(o *order) {
	o.state, o.transaction, o.paidAt = success, s.next("420000"), s.clock.Now()
	s.moves.Add(move{at: o.paidAt, of: o})
}

// FinishRefund lets a refund arrive.
func (s *Sandbox) FinishRefund(number string) error { return s.refundEnds(number, success) }

// FailRefund makes a refund fail for good at the payer's bank.
func (s *Sandbox) FailRefund(number string) error { return s.refundEnds(number, abnormal) }

func (s *Sandbox) refundEnds(number, state string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	back, ok := s.refunding.Get(number)
	if !ok {
		return errUnknown
	}
	return s.endRefund(back, state)
}

// SetCar sets how the parking service stands to a plate, such as 粤B12345, of a colour in WeChat's name (YELLOW_GREEN
// is LIMEGREEN there). The merchant in whose lot the car stands is called about a change.
func (s *Sandbox) SetCar(text, color string, c Car) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := plate{text, color}
	if !plateColors[color] {
		return errors.New("sandbox: no such colour")
	}
	if c.OpenedAt.IsZero() {
		c.OpenedAt = s.clock.Now().Truncate(time.Second)
	}
	before := s.car(p)
	s.plates.Put(p, c)
	e, ok := s.inside.Get(p)
	if !ok || e.spent || before.Service == c.Service {
		return nil
	}
	said := s.standing(e)
	said["sp_mchid"], said["parking_id"], said["parking_state"] = e.from.ID, e.id, said["state"]
	said["state_update_time"] = written(s.clock.Now())
	return s.tell(event{from: e.from, number: e.number, kind: "VEHICLE.ENTRANCE_STATE_CHANGE", content: said, address: e.notifyURL})
}

// FinishDeduction ends a deduction as the car's outcome says.
func (s *Sandbox) FinishDeduction(number string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.numbers.Get(number)
	if !ok {
		return errUnknown
	}
	return s.endDeduction(o)
}

// Repay is a user's paying WeChat what it has paid in advance.
func (s *Sandbox) Repay(number string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.numbers.Get(number)
	if !ok {
		return errUnknown
	}
	if !o.advanced || o.repaid || !o.paid() {
		return errEnded
	}
	o.repaid = true
	return s.tell(event{from: o.from, number: o.number, kind: "TRANSACTION.PAY_BACK", content: o.told(), address: o.notifyURL})
}
