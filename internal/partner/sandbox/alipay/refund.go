package alipay

import (
	"slices"

	"parkbff/internal/money"
)

// refund gives a part of a payment back, or all of it. The same request changes nothing the second time.
func (s *Sandbox) refund(c call) (map[string]any, error) {
	var a struct {
		Number  string `json:"out_trade_no"`
		Amount  string `json:"refund_amount"`
		Request string `json:"out_request_no"`
	}
	if err := strictly(c.body, &a); err != nil {
		return nil, err
	}
	t, err := s.find(c, a.Number)
	if err != nil {
		return nil, err
	}
	fen, err := amount(a.Amount)
	if err != nil || !number.MatchString(a.Request) {
		return nil, invalidParameter
	}
	moved := "N"
	switch before := t.refunded(a.Request); {
	case before != nil && before.fen != fen:
		return nil, discordant
	case before != nil:
	case t.state != success:
		return nil, tradeStatusError
	case t.back()+fen > t.fen:
		return nil, tooMuchBack
	default:
		moved = "Y"
		t.refunds = append(t.refunds, refunded{a.Request, fen, s.clock.Now()})
		if t.back() == t.fen {
			t.state = closed
		}
	}
	return map[string]any{
		"out_trade_no": t.Number, "trade_no": t.id, "fund_change": moved, "refund_fee": money.Yuan(t.back()),
		"gmt_refund_pay": written(t.refunded(a.Request).at),
	}, nil
}

// refunded answers a refund, or nil.
func (t *trade) refunded(request string) *refunded {
	i := slices.IndexFunc(t.refunds, func(r refunded) bool { return r.number == request })
	if i < 0 {
		return nil
	}
	return &t.refunds[i]
}

// refundQuery answers of a refund that it is done, or only that it was asked.
func (s *Sandbox) refundQuery(c call) (map[string]any, error) {
	var a struct {
		Number  string   `json:"out_trade_no"`
		Request string   `json:"out_request_no"`
		Options []string `json:"query_options"`
	}
	if err := strictly(c.body, &a); err != nil {
		return nil, err
	}
	t, err := s.find(c, a.Number)
	if err != nil {
		return nil, err
	}
	r := t.refunded(a.Request)
	if r == nil {
		return map[string]any{}, nil
	}
	said := map[string]any{
		"out_trade_no": t.Number, "trade_no": t.id, "out_request_no": r.number, "total_amount": money.Yuan(t.fen),
		"refund_amount": money.Yuan(r.fen), "refund_status": "REFUND_SUCCESS",
	}
	if slices.Contains(a.Options, "gmt_refund_pay") {
		said["gmt_refund_pay"] = written(r.at)
	}
	return said, nil
}
