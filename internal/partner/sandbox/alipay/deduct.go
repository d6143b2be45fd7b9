package alipay

import (
	"slices"
	"strconv"
	"time"

	"parkbff/internal/money"
)

// deduction is what order.pay is asked.
type deduction struct {
	Number   string `json:"out_trade_no"`
	Subject  string `json:"subject"`
	Amount   string `json:"total_fee"`
	Seller   string `json:"seller_id"`
	Plate    string `json:"car_number"`
	Color    string `json:"car_number_color"`
	Place    string `json:"parking_id"`
	OutPlace string `json:"out_parking_id"`
	Serial   string `json:"serial_no"`
	In       string `json:"in_time"`
	Out      string `json:"out_time"`
	Minutes  string `json:"in_duration"`
	Scene    string `json:"pay_scene"`
	Version  string `json:"pay_version"`
	Advances bool   `json:"is_advance"`
}

// deduct takes money for a plate. Alipay does not publish the sub code for a plate without an agreement; the one
// given is the stand-in's.
func (s *Sandbox) deduct(c call) (map[string]any, error) {
	var d deduction
	if err := strictly(c.body, &d); err != nil {
		return nil, err
	}
	fen, err := s.deductible(c.app, d)
	if err != nil {
		return nil, err
	}
	if known, ok := s.till.trades.Get(tradeOf{d.Seller, d.Number}); ok {
		if known.fen != fen || known.Subject != d.Subject {
			return nil, inconsistent
		}
		return nil, tradeHasSuccess
	}
	o, _ := s.parking.agreed.Get(d.Plate)
	advanced := o.standing == Credit && c.app.Advances && d.Advances
	switch {
	case o.standing == None:
		return nil, noAgreement
	case o.standing != Open && !advanced:
		return nil, balanceShort
	}
	t := s.keep(&trade{order: order{Number: d.Number, Seller: d.Seller, Subject: d.Subject}, app: c.app, fen: fen, buyer: o.user})
	t.state, t.paid = success, s.clock.Now()
	said := map[string]any{
		"out_trade_no": t.Number, "trade_no": t.id, "total_fee": money.Yuan(fen), "gmt_payment": written(t.paid), "user_id": o.user,
		"fund_bill_list": `[{"amount":` + money.Yuan(fen) + `,"fund_channel":"10"}]`,
	}
	if advanced {
		s.parking.agreed.Put(d.Plate, owner{o.user, Owes})
		said["advance_amount"], said["alipay_repayment_url"] = money.Yuan(fen), "https://render.alipay.com/repay"
	}
	return said, nil
}

// deductible checks a deduction against what was told before, and answers its amount.
func (s *Sandbox) deductible(app App, d deduction) (int64, error) {
	fen, err := amount(d.Amount)
	if err != nil {
		return 0, err
	}
	in, err := instant(d.In)
	if err != nil {
		return 0, err
	}
	out, err := instant(d.Out)
	if err != nil {
		return 0, err
	}
	at, known := s.parking.places.Get(d.Place)
	came, told := s.parking.stays.Get(d.Serial)
	switch {
	case d.Seller != app.Seller || d.Seller == "":
		return 0, accessForbidden
	case !known || at != (place{app.ID, d.OutPlace}):
		return 0, invalidParameter
	case d.Serial != "" && (!told || came.plate != d.Plate || came.place != d.Place || came.app != app.ID):
		return 0, invalidParameter
	case !number.MatchString(d.Number), d.Subject == "", d.Plate == "", d.Scene != "PLATE_PAY", d.Version != "3.0",
		!slices.Contains(plateColors, d.Color), out.Before(in), d.Minutes != strconv.Itoa(int(out.Sub(in)/time.Minute)):
		return 0, invalidParameter
	}
	return fen, nil
}
