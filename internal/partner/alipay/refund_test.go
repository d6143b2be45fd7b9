package alipay_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
)

func TestRefundsGoBackOnceAndNotFurtherThanWasPaid(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	m.clock.Pass(time.Hour)
	part := charge.Refund{Number: backOne, PaymentNumber: one, Fen: 500, PaidFen: 1250}
	found, err := m.pay.Find(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	want := charge.RefundReceipt{Number: backOne, Transaction: found.Transaction, State: charge.Done, Fen: 500, At: morning.Add(time.Hour)}
	for range 2 {
		if got, err := m.pay.Refund(t.Context(), part); err != nil || got != want {
			t.Errorf("%s", cmp.Diff(want, got))
		}
	}
	if got, err := m.pay.FindRefund(t.Context(), one, backOne); err != nil || got != want {
		t.Errorf("%s, %v", cmp.Diff(want, got), err)
	}
	if got, err := m.pay.Find(t.Context(), one); err != nil || got != found {
		t.Errorf("a part went back, and the payment is %+v, %v", got, err)
	}
	for name, r := range map[string]charge.Refund{
		"another amount":     {Number: backOne, PaymentNumber: one, Fen: 400, PaidFen: 1250},
		"more than is left":  {Number: backTwo, PaymentNumber: one, Fen: 800, PaidFen: 1250},
		"more than was paid": {Number: backTwo, PaymentNumber: one, Fen: 1251, PaidFen: 1250},
		"more than is said":  {Number: backTwo, PaymentNumber: one, Fen: 2, PaidFen: 1},
		"nothing":            {Number: backTwo, PaymentNumber: one, PaidFen: 1250},
		"no number":          {PaymentNumber: one, Fen: 1, PaidFen: 1250},
		"of no payment":      {Number: backTwo, PaymentNumber: two, Fen: 1, PaidFen: 1250},
	} {
		if _, err := m.pay.Refund(t.Context(), r); !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := m.pay.Refund(t.Context(), charge.Refund{Number: backTwo, PaymentNumber: one, Fen: 750, PaidFen: 1250}); err != nil || got.State != charge.Done {
		t.Fatal(err)
	}
	if got, err := m.pay.Find(t.Context(), one); err != nil || got != found {
		t.Errorf("all went back, and the payment that was made is %+v, %v", got, err)
	}
	if got := m.states(); got != one+" TRADE_CLOSED 1250-1250" {
		t.Error(got)
	}
}

func TestAnUnpaidChargeIsNotRefundedAndAnUnknownRefundIsUnknown(t *testing.T) {
	m := newMarket(t)
	if _, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.pay.Refund(t.Context(), charge.Refund{Number: backOne, PaymentNumber: one, Fen: 1, PaidFen: 1250}); !errors.Is(err, charge.Refused) {
		t.Error(err)
	}
	for _, number := range []string{one, two} {
		if got, err := m.pay.FindRefund(t.Context(), number, backOne); err != nil || got != (charge.RefundReceipt{Number: backOne, State: charge.Unknown}) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestARefundThatAlipayIsAboutIsPending(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	slow := `{"code":"10000","out_trade_no":"` + one + `","trade_no":"20","fund_change":"N","refund_fee":"0.00"}`
	got, err := m.saying(t, "alipay.trade.refund", slow).Refund(t.Context(), charge.Refund{Number: backOne, PaymentNumber: one, Fen: 1, PaidFen: 1250})
	if err != nil || got != (charge.RefundReceipt{Number: backOne, State: charge.Pending, Fen: 1}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := m.pay.Refund(t.Context(), charge.Refund{Number: backTwo, PaymentNumber: one, Fen: 2, PaidFen: 1250}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.saying(t, "alipay.trade.refund", slow).Refund(t.Context(), charge.Refund{Number: backTwo, PaymentNumber: one, Fen: 1, PaidFen: 1250}); !errors.Is(err, charge.Refused) {
		t.Errorf("another amount went back before: %v", err)
	}
}

func TestASignedReplyOfAnotherRefundIsNotTaken(t *testing.T) {
	m := newMarket(t)
	moved := `{"code":"10000","out_trade_no":"` + two + `","trade_no":"20","fund_change":"Y","refund_fee":"0.01"}`
	another := m.saying(t, "alipay.trade.refund", moved)
	if _, err := another.Refund(t.Context(), charge.Refund{Number: backOne, PaymentNumber: one, Fen: 1, PaidFen: 1250}); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a reply of another trade: %v", err)
	}
	for name, said := range map[string]string{
		"another refund": `"out_trade_no":"` + one + `","out_request_no":"` + backTwo + `","refund_status":"REFUND_SUCCESS","refund_amount":"0.01"`,
		"another trade":  `"out_trade_no":"` + two + `","out_request_no":"` + backOne + `","refund_status":"REFUND_SUCCESS","refund_amount":"0.01"`,
		"another state":  `"out_trade_no":"` + one + `","out_request_no":"` + backOne + `","refund_status":"REFUND_FAIL","refund_amount":"0.01"`,
	} {
		odd := m.saying(t, "alipay.trade.fastpay.refund.query", `{"code":"10000",`+said+`,"gmt_refund_pay":"2026-11-21 09:00:00"}`)
		if _, err := odd.FindRefund(t.Context(), one, backOne); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
