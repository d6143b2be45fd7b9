package wechatpay_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/partner/charge"
)

func TestARefundArrivesOrFails(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	ask := func(number string, fen int64) charge.RefundReceipt {
		t.Helper()
		got, err := w.client.Refund(t.Context(), charge.Refund{Number: number, PaymentNumber: "01KAQ0000000000000000000A1", Fen: fen, PaidFen: 1250})
		must(t, err)
		return got
	}
	for range 2 {
		if got := ask("REFUND1", 1000); got.State != charge.Pending || got.Fen != 1000 || got.Transaction == "" {
			t.Errorf("%v", got)
		}
	}
	ask("REFUND2", 250)
	w.clock.Pass(time.Minute)
	must(t, w.FinishRefund("REFUND1"))
	must(t, w.FailRefund("REFUND2"))
	if w.FailRefund("REFUND1") == nil || w.FinishRefund("REFUND2") == nil {
		t.Error("a refund ended twice")
	}
	got, err := w.client.FindRefund(t.Context(), "REFUND1")
	must(t, err)
	got.Transaction = ""
	want := charge.RefundReceipt{Number: "REFUND1", State: charge.Done, Fen: 1000, At: time.Date(2026, 11, 21, 1, 1, 0, 0, time.UTC)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := w.client.FindRefund(t.Context(), "REFUND2"); err != nil || got.State != charge.Closed {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := w.client.FindRefund(t.Context(), "REFUND3"); err != nil || got.State != charge.Unknown {
		t.Errorf("%v, %v", got, err)
	}
	if w.taken() != 250 {
		t.Errorf("%d fen are left", w.taken())
	}
}

func TestNoMoreGoesBackThanWasPaid(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	for name, of := range map[string]charge.Refund{
		"too much":              {Number: "REFUND1", PaymentNumber: number, Fen: 1251, PaidFen: 1250},
		"of another amount":     {Number: "REFUND1", PaymentNumber: number, Fen: 100, PaidFen: 1300},
		"of an unknown payment": {Number: "REFUND1", PaymentNumber: "UNKNOWN", Fen: 100, PaidFen: 1250},
		"of nothing":            {Number: "REFUND1", PaymentNumber: number, Fen: 0, PaidFen: 1250},
	} {
		if _, err := w.client.Refund(t.Context(), of); !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	unpaid := w.ours()
	unpaid.Number = unpaid.Number[:25] + "2"
	_, err := w.client.Prepare(t.Context(), unpaid)
	must(t, err)
	if _, err := w.client.Refund(t.Context(), charge.Refund{Number: "REFUND1", PaymentNumber: unpaid.Number, Fen: 1, PaidFen: 1250}); !errors.Is(err, charge.Refused) {
		t.Errorf("of what was never paid: %v", err)
	}
	of := charge.Refund{Number: "REFUND1", PaymentNumber: number, Fen: 1000, PaidFen: 1250}
	_, err = w.client.Refund(t.Context(), of)
	must(t, err)
	of.Fen = 900
	if _, err := w.client.Refund(t.Context(), of); !errors.Is(err, charge.Refused) {
		t.Errorf("another amount under the same number: %v", err)
	}
	of.Number, of.Fen = "REFUND2", 251
	if _, err := w.client.Refund(t.Context(), of); !errors.Is(err, charge.Refused) {
		t.Errorf("more than is left: %v", err)
	}
	if w.taken() != 250 {
		t.Errorf("%d fen are left", w.taken())
	}
}
