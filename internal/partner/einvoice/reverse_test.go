package einvoice_test

import (
	"errors"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/einvoice"
	sandbox "parkbff/internal/partner/sandbox/einvoice"
	"parkbff/internal/partner/sandbox/trouble"
)

func reversal(number string, of einvoice.Result, lines ...einvoice.ReversedLine) einvoice.Reversal {
	return einvoice.Reversal{Number: number, Blue: of.InvoiceNumber, Buyer: request("").Buyer, Reason: einvoice.Returned, Lines: lines}
}

func (w *world) reversed(t *testing.T, number string, want einvoice.State) einvoice.Result {
	t.Helper()
	found, err := w.client.FindReversal(t.Context(), number)
	if err != nil || found.State != want {
		t.Fatalf("%s is %s, %v; want %s", number, found.State, err, want)
	}
	return found
}

func TestAnInvoiceIsTakenBackByARedOne(t *testing.T) {
	w := newWorld(t)
	blue := w.issue(t, request("A1"))
	w.reversed(t, "R1", einvoice.Unknown)
	if err := w.client.Reverse(t.Context(), reversal("R1", blue)); err != nil {
		t.Fatal(err)
	}
	w.reversed(t, "R1", einvoice.Issuing)
	w.clock.Pass(sandbox.Takes)
	red := w.reversed(t, "R1", einvoice.Issued)
	if red.Fen != -3001 || red.InvoiceNumber == blue.InvoiceNumber || len(red.InvoiceNumber) != 20 {
		t.Errorf("%d fen, %s", red.Fen, red.InvoiceNumber)
	}
	if got := w.found(t, "R1", einvoice.Issued); got.InvoiceNumber != red.InvoiceNumber {
		t.Error("by its number it is another")
	}
	if _, err := w.client.Fetch(t.Context(), red.PDF); err != nil {
		t.Error(err)
	}
	if got := w.Deliveries(); len(got) != 2 || got[1] != (sandbox.Delivery{InvoiceNumber: red.InvoiceNumber, Mail: someMail, Mobile: somePhone}) {
		t.Errorf("%v", got)
	}
}

func TestTheSameNumberReversesOnce(t *testing.T) {
	w := newWorld(t)
	blue, other := w.issue(t, request("A1")), w.issue(t, request("A2"))
	w.Trouble.Make(trouble.LostAnswers, 1)
	if err := w.client.Reverse(t.Context(), reversal("R1", blue)); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("the answer was lost: %v", err)
	}
	for range 2 {
		if err := w.client.Reverse(t.Context(), reversal("R1", blue)); err != nil {
			t.Error(err)
		}
		w.Finish()
	}
	if err := w.client.Reverse(t.Context(), reversal("R1", other)); !errors.Is(err, einvoice.Refused) {
		t.Errorf("another invoice under the number: %v", err)
	}
	if err := w.client.Reverse(t.Context(), reversal("R2", blue)); !errors.Is(err, einvoice.Refused) {
		t.Errorf("a second time: %v", err)
	}
	if got := w.Issued(); got != 3 {
		t.Errorf("%d were issued", got)
	}
}

func TestAnInvoiceIsTakenBackInPartsButNotBeyond(t *testing.T) {
	w := newWorld(t)
	blue := w.issue(t, request("A1"))
	part := func(number string, fen int64) error {
		return w.client.Reverse(t.Context(), reversal(number, blue, einvoice.ReversedLine{Index: 1, Name: "停车费", Fen: fen}))
	}
	if err := part("R1", 1000); err != nil {
		t.Fatal(err)
	}
	w.Finish()
	red := w.reversed(t, "R1", einvoice.Issued)
	if _, err := w.client.Fetch(t.Context(), red.PDF); err != nil || red.Fen != -1000 {
		t.Errorf("%d fen, %v", red.Fen, err)
	}
	if err := part("R2", 2001); !errors.Is(err, einvoice.Refused) {
		t.Errorf("a fen too much: %v", err)
	}
	if err := w.client.Reverse(t.Context(), reversal("R3", blue)); !errors.Is(err, einvoice.Refused) {
		t.Errorf("all of it, after a part: %v", err)
	}
	if err := part("R4", 2000); err != nil {
		t.Errorf("the rest: %v", err)
	}
	if err := w.client.Reverse(t.Context(), reversal("R5", blue, einvoice.ReversedLine{Index: 2, Name: "停车费（夜间）", Fen: 1})); err != nil {
		t.Errorf("a fen without tax: %v", err)
	}
}

func TestAReversalMayNeedItsBuyersWord(t *testing.T) {
	w := newWorld(t)
	w.NeedConfirmation(true)
	blue := w.issue(t, request("A1"))
	ask := func(number string) {
		if err := w.client.Reverse(t.Context(), reversal(number, blue)); err != nil {
			t.Fatal(err)
		}
		w.Finish()
		w.reversed(t, number, einvoice.Confirming)
	}
	ask("R1")
	w.Confirm("R1", false)
	if got := w.reversed(t, "R1", einvoice.Failed); got.FailureCode != "05" {
		t.Errorf("the buyer said no: %s", got.FailureCode)
	}
	ask("R2")
	w.clock.Pass(72 * time.Hour)
	if got := w.reversed(t, "R2", einvoice.Failed); got.FailureCode != "07" {
		t.Errorf("nobody said anything: %s", got.FailureCode)
	}
	w.Confirm("R2", true)
	w.reversed(t, "R2", einvoice.Failed)
	ask("R3")
	w.Confirm("R3", true)
	w.Finish()
	w.reversed(t, "R3", einvoice.Issued)
}

func TestAReversalThatFitsNoInvoiceIsRefused(t *testing.T) {
	w := newWorld(t)
	blue := w.issue(t, request("A1"))
	if err := w.client.Reverse(t.Context(), reversal("R0", w.issue(t, request("A2")))); err != nil {
		t.Fatal(err)
	}
	w.Finish()
	red := w.reversed(t, "R0", einvoice.Issued)
	whole := reversal("R1", blue, einvoice.ReversedLine{Index: 1, Name: "停车费", Fen: 100})
	for name, spoil := range map[string]func(*einvoice.Reversal){
		"no number":      func(r *einvoice.Reversal) { r.Number = "R 1" },
		"a taken number": func(r *einvoice.Reversal) { r.Number = "A1" },
		"no invoice":     func(r *einvoice.Reversal) { r.Blue = "123" },
		"unknown":        func(r *einvoice.Reversal) { r.Blue = "26000000000000099999" },
		"a red one":      func(r *einvoice.Reversal) { r.Blue = red.InvoiceNumber },
		"no name":        func(r *einvoice.Reversal) { r.Buyer.Name = "" },
		"another name":   func(r *einvoice.Reversal) { r.Buyer.Name = "张三" },
		"another buyer":  func(r *einvoice.Reversal) { r.Buyer.TaxNumber = sellerTax },
		"no reason":      func(r *einvoice.Reversal) { r.Reason = "9" },
		"no mail":        func(r *einvoice.Reversal) { r.Mail = "alice" },
		"no mobile":      func(r *einvoice.Reversal) { r.Mobile = "1" },
		"no such line":   func(r *einvoice.Reversal) { r.Lines[0].Index = 3 },
		"another line":   func(r *einvoice.Reversal) { r.Lines[0].Name = "洗车费" },
		"nothing":        func(r *einvoice.Reversal) { r.Lines[0].Fen = 0 },
	} {
		r := whole
		r.Lines = append([]einvoice.ReversedLine(nil), whole.Lines...)
		spoil(&r)
		err := w.client.Reverse(t.Context(), r)
		if !errors.Is(err, einvoice.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "张三", "腾讯", buyerTax)
	}
	if err := w.client.Reverse(t.Context(), whole); err != nil {
		t.Errorf("nothing is wrong: %v", err)
	}
}
