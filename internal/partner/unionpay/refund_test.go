package unionpay_test

import (
	"errors"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/sandbox/trouble"
)

// back is a refund of 5.00 yuan of a charge that was paid.
func (w *world) back(receipt charge.Receipt) charge.Refund {
	return charge.Refund{
		Number: refundNo, PaymentNumber: number, Transaction: receipt.Transaction, Fen: 500, PaidFen: 1250, CreatedAt: w.clock.Now(),
	}
}

func TestARefundIsTakenInAndThenDone(t *testing.T) {
	w := newWorld(t)
	_, receipt := w.paid(t)
	w.clock.Pass(time.Hour)
	r := w.back(receipt)
	if got, err := w.ours.FindRefund(t.Context(), r); err != nil || got.State != charge.Unknown {
		t.Errorf("before: %+v, %v", got, err)
	}
	got, err := w.ours.Refund(t.Context(), r)
	if err != nil || got.State != charge.Pending || got.Number != refundNo || got.Fen != 500 || got.Transaction == "" {
		t.Fatalf("%+v, %v", got, err)
	}
	for name, ask := range map[string]func() (charge.RefundReceipt, error){
		"found":       func() (charge.RefundReceipt, error) { return w.ours.FindRefund(t.Context(), r) },
		"asked again": func() (charge.RefundReceipt, error) { return w.ours.Refund(t.Context(), r) },
	} {
		found, err := ask()
		if err != nil || found.State != charge.Done || found.Fen != 500 || found.Transaction != got.Transaction || !found.At.Equal(r.CreatedAt) {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	if p := w.Payments(); len(p) != 1 || p[0].Refunded != 500 {
		t.Errorf("%+v", p)
	}
}

func TestNoMoreGoesBackThanWasPaid(t *testing.T) {
	w := newWorld(t)
	_, receipt := w.paid(t)
	first := w.back(receipt)
	first.Fen = 1000
	if _, err := w.ours.Refund(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	nothing, whole, tooMuch, unnamed, foreign := w.back(receipt), w.back(receipt), w.back(receipt), w.back(receipt), w.back(receipt)
	known := w.back(receipt)
	known.Fen, known.PaidFen = 200, 199
	nothing.Fen, whole.Fen, tooMuch.Fen, unnamed.Transaction, foreign.Transaction = 0, 1251, 251, "", "912345678901234567890"
	for name, r := range map[string]charge.Refund{
		"nothing": nothing, "more than was paid": whole, "more than is left": tooMuch, "no transaction": unnamed, "no such transaction": foreign,
		"more than we know of": known,
	} {
		r.Number = refundNo[:25] + "2"
		if _, err := w.ours.Refund(t.Context(), r); !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p := w.Payments(); p[0].Refunded != 1000 {
		t.Errorf("%+v", p)
	}
}

func TestAnotherMerchantDoesNotGiveOurMoneyBack(t *testing.T) {
	w := newWorld(t)
	_, receipt := w.paid(t)
	if _, err := w.other.Refund(t.Context(), w.back(receipt)); !errors.Is(err, charge.Refused) {
		t.Error(err)
	}
}

func TestALostAnswerToARefundIsFound(t *testing.T) {
	w := newWorld(t)
	_, receipt := w.paid(t)
	r := w.back(receipt)
	w.Trouble.Make(trouble.LostAnswers, 1)
	if _, err := w.ours.Refund(t.Context(), r); !errors.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	if got, err := w.ours.FindRefund(t.Context(), r); err != nil || got.State != charge.Done {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.ours.Refund(t.Context(), r); err != nil {
		t.Error(err)
	}
	if p := w.Payments(); p[0].Refunded != 500 {
		t.Errorf("given back twice: %+v", p)
	}
	w.Trouble.Make(trouble.Down, 1)
	r.Number = refundNo[:25] + "2"
	if _, err := w.ours.Refund(t.Context(), r); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if got, err := w.ours.FindRefund(t.Context(), r); err != nil || got.State != charge.Unknown {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestARefundThatFailsIsClosed(t *testing.T) {
	w := newWorld(t)
	_, receipt := w.paid(t)
	r := w.back(receipt)
	if _, err := w.ours.Refund(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	for answer, want := range map[string]charge.State{"04": charge.Pending, "60": charge.Closed} {
		if err := w.Fail(refundNo, answer); err != nil {
			t.Fatal(err)
		}
		if got, err := w.ours.FindRefund(t.Context(), r); err != nil || got.State != want || got.Fen != 0 {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
	}
}
