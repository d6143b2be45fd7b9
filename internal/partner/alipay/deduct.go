package alipay

import (
	"context"
	"errors"
	"strconv"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

// deduction is what alipay.eco.mycar.parking.order.pay is asked.
type deduction struct {
	Number   string `json:"out_trade_no"`
	Subject  string `json:"subject"`
	Amount   string `json:"total_fee"`
	Seller   string `json:"seller_id"`
	Plate    string `json:"car_number"`
	Color    string `json:"car_number_color,omitempty"`
	Lot      string `json:"parking_id"`
	OutLot   string `json:"out_parking_id"`
	Serial   string `json:"serial_no,omitempty"`
	In       string `json:"in_time"`
	Out      string `json:"out_time"`
	Minutes  string `json:"in_duration"`
	Scene    string `json:"pay_scene"`
	Version  string `json:"pay_version"`
	Advances bool   `json:"is_advance"`
}

// Deduct takes money by a plate's agreement, without its payer's doing anything (alipay.eco.mycar.parking.order.pay).
// The same number deducts once. Whose errors leave open what became of it, FindDeduction tells.
//
// Where PayConfig.Advances holds and the payer cannot pay now, Alipay may pay in advance and collect from the payer
// later (advance_amount): the receipt is then Done and Advanced, and the merchant has its money. That is how parking
// on credit is done here; a deduction for a car that has left before paying is the same call.
//
// Errors: charge.Declined, when there is no agreement, no money, or a risk; charge.AlreadyPaid; charge.Refused;
// fault.Unavailable.
func (p *Pay) Deduct(ctx context.Context, d charge.Deduction) (charge.Receipt, error) {
	if err := deductible(d); err != nil {
		return charge.Receipt{}, err
	}
	reply, err := ask[struct {
		Number   string `json:"out_trade_no"`
		Trade    string `json:"trade_no"`
		Amount   string `json:"total_fee"`
		Paid     string `json:"gmt_payment"`
		Advanced string `json:"advance_amount"`
	}](ctx, p, call{method: "alipay.eco.mycar.parking.order.pay", content: p.deduction(d)})
	if underWay(err) {
		return charge.Receipt{Number: d.Charge.Number, State: charge.Pending, Fen: d.Charge.Fen}, nil
	}
	if err != nil {
		return charge.Receipt{}, err
	}
	if fen, err := money.ParseYuan(reply.Amount); err != nil || reply.Number != d.Charge.Number || fen != d.Charge.Fen || reply.Trade == "" {
		return charge.Receipt{}, unreadable("the reply is of another deduction")
	}
	r := charge.Receipt{Number: d.Charge.Number, Transaction: reply.Trade, State: charge.Done, Fen: d.Charge.Fen}
	if reply.Advanced != "" {
		advanced, err := money.ParseYuan(reply.Advanced)
		if err != nil {
			return charge.Receipt{}, unreadable("the reply has no amount paid in advance")
		}
		r.Advanced = advanced > 0
	}
	r.PaidAt, err = instant(reply.Paid)
	return r, err
}

// FindDeduction asks what became of a deduction. It is Find; whether Alipay paid in advance only Deduct's own answer
// tells, and Receipt.Advanced is false here. Errors: charge.Refused, fault.Unavailable.
func (p *Pay) FindDeduction(ctx context.Context, paymentNumber string) (charge.Receipt, error) {
	return p.Find(ctx, paymentNumber)
}

func deductible(d charge.Deduction) error {
	switch {
	case !number.MatchString(d.Charge.Number) || d.Charge.Description == "":
		return invalid("the number or the description is missing")
	case d.Charge.Fen <= 0 || d.Charge.Fen > mostFen:
		return invalid("the amount is out of bounds")
	case d.Entry.Lot.ID == "" || d.Entry.Lot.Number == "" || d.Entry.Plate.Text == "":
		return invalid("the lot or the plate is missing")
	case d.Left.Before(d.Entry.EnteredAt):
		return invalid("the car left before it came")
	}
	return nil
}

func (p *Pay) deduction(d charge.Deduction) deduction {
	return deduction{
		Number: d.Charge.Number, Subject: d.Charge.Description, Amount: money.Yuan(d.Charge.Fen), Seller: p.config.Seller,
		Plate: d.Entry.Plate.Text, Color: colors[d.Entry.Plate.Color], Lot: d.Entry.Lot.ID, OutLot: d.Entry.Lot.Number,
		Serial: d.EntryReference, In: written(d.Entry.EnteredAt), Out: written(d.Left),
		Minutes: minutesOf(d),
		Scene:   plateScene, Version: "3.0", Advances: p.config.Advances,
	}
}

// minutesOf counts from second to second, as the times are told.
func minutesOf(d charge.Deduction) string {
	return strconv.Itoa(int(d.Left.Truncate(time.Second).Sub(d.Entry.EnteredAt.Truncate(time.Second)) / time.Minute))
}

// underWay tells whether Alipay took the deduction in and is still about it.
func underWay(err error) bool {
	var d denial
	return errors.As(err, &d) && d.code == sdk.CodeOrderSuccessPayInProcess
}
