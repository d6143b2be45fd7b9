package invoice_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	entinvoice "parkbff/ent/invoice"
	"parkbff/ent/invoicedelivery"
	"parkbff/ent/task"
	"parkbff/internal/fault"
	"parkbff/internal/invoice"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/partner/message"
	"parkbff/internal/viewer"
)

func TestOneInvoiceIsIssuedForSeveralOrders(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		one, two := h.pays(ctx, "A"), h.pays(ctx, "A")
		h.goesBack(two, 300)
		asked := h.asks(ctx, one, two)
		if asked.Fen != 1700 || asked.TaxFen != 83+58 || asked.PdfURL != nil || asked.TitleName != "腾讯科技（深圳）有限公司" {
			t.Errorf("%d fen, %d of tax", asked.Fen, asked.TaxFen)
		}
		if free := h.free(ctx); len(free) != 0 {
			t.Errorf("%v may still be invoiced", free)
		}
		h.settles()
		h.is(asked.Row, entinvoice.StateISSUED)
		issued, err := h.Invoice(ctx, asked.Row)
		h.must(err)
		if len(*issued.Number) != 20 || issued.IssuedAt == nil || issued.PdfURL == nil {
			t.Error("an issued invoice lacks its number, instant or document")
		}
		on, err := h.OrdersOn(ctx, issued, page.Request{First: 10})
		h.must(err)
		if len(on.Items) != 2 || *on.Items[0].InvoiceState != entinvoice.StateISSUED {
			t.Errorf("%d orders stand on it", len(on.Items))
		}
		if sent := h.office.Deliveries(); len(sent) != 1 || sent[0].Mail != "alice@example.cn" || sent[0].Mobile != "13800138000" {
			t.Errorf("sent: %v", sent)
		}
	})
}

func TestABoughtVoucherStandsOnAnInvoiceBesideAStay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		stay, voucher := h.pays(ctx, "A"), h.buysVoucher(ctx, 800)
		asked := h.asks(ctx, stay, voucher)
		h.settles()
		h.is(asked.Row, entinvoice.StateISSUED)
		if asked.Fen != 1800 {
			t.Errorf("%d fen", asked.Fen)
		}
		if lines := strings.Split(h.press.last.Remark, "；"); len(lines) != 2 || !strings.HasSuffix(lines[0], " 8.00元") ||
			strings.Contains(lines[0], "粤") || !strings.Contains(lines[1], "粤") || !strings.HasSuffix(lines[1], " 10.00元") {
			t.Errorf("the remark is %q", lines)
		}
	})
}

func TestWhatIsNotPaidByTheAccountOrStandsOnAnInvoiceIsRefused(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx, other := h.driver(), h.driver()
		order, foreign, elsewhere := h.pays(ctx, "A"), h.pays(other, "A"), h.pays(ctx, "B")
		try := func(orders ...int64) error {
			_, err := h.Request(ctx, invoice.NewRequest{IdempotencyKey: h.key(), Orders: orders, Typed: company()})
			return err
		}
		refused(t, try(foreign), fault.NotFound)
		refused(t, try(order, foreign), fault.NotFound)
		refused(t, try(elsewhere), parking.NotOffered)
		refused(t, try(h.hasPaid(ctx, "A", context.Background())), invoice.NotPaid)
		refused(t, try(), invoice.InvalidOrders)
		refused(t, try(order, order), invoice.InvalidOrders)
		h.goesBack(order, 1000)
		refused(t, try(order), invoice.NotPaid)
		another := h.pays(ctx, "A")
		h.must(try(another))
		refused(t, try(another), invoice.AlreadyInvoiced)
		_, err := h.Request(context.Background(), invoice.NewRequest{})
		refused(t, err, fault.Unauthenticated)
		_, err = h.Request(h.manager(), invoice.NewRequest{})
		refused(t, err, fault.Forbidden)
	})
}

func TestOfManyWhoAskAtOnceOneHasTheOrderInvoiced(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		order := h.pays(ctx, "A")
		same := invoice.NewRequest{IdempotencyKey: "same", Orders: []int64{order}, Typed: company()}
		var all sync.WaitGroup
		var mu sync.Mutex
		asked := map[int64]int{}
		for i := range 8 {
			n := same
			if i%2 == 0 {
				n.IdempotencyKey = h.key()
			}
			all.Go(func() {
				got, err := h.Request(ctx, n)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					asked[got.Row]++
				}
			})
		}
		all.Wait()
		if len(asked) != 1 {
			t.Errorf("%d invoices were asked for", len(asked))
		}
		h.settles()
		if n := h.office.Issued(); n != 1 {
			t.Errorf("%d were issued", n)
		}
		_, err := h.Request(ctx, invoice.NewRequest{IdempotencyKey: "same", Orders: []int64{order}, Typed: &invoice.Title{Kind: invoice.Person, Name: "张三"}})
		if err == nil {
			t.Error("a key stands for two requests")
		}
	})
}

func TestARefundTakesTheInvoiceBackHoweverFarItHasCome(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		early, late := h.pays(ctx, "A"), h.pays(ctx, "A")
		never := h.asks(ctx, early)
		h.goesBack(early, 400)
		if row := h.is(never.Row, entinvoice.StateFAILED); *row.Failure != entinvoice.FailureREFUNDED {
			t.Errorf("it failed for %s", *row.Failure)
		}
		h.settles()
		if n := h.office.Issued(); n != 0 {
			t.Errorf("%d were issued", n)
		}
		again := h.asks(ctx, early)
		if again.Fen != 600 {
			t.Errorf("for what is left: %d fen", again.Fen)
		}
		midway := h.asks(ctx, late)
		h.works()
		h.is(midway.Row, entinvoice.StateISSUING)
		h.goesBack(late, 1)
		h.settles()
		h.is(midway.Row, entinvoice.StateREVERSED)
		h.is(again.Row, entinvoice.StateISSUED)
		if got := h.free(ctx); !slices.Equal(got, []int64{late}) {
			t.Errorf("%v may be invoiced", got)
		}
		all, err := h.Invoices(ctx, nil, page.Request{First: 10})
		h.must(err)
		if red := all.Items[0]; red.Kind != entinvoice.KindRED || red.Fen != -1000 || red.TaxFen != -83 || red.Number == nil {
			t.Errorf("%s of %d fen", red.Kind, red.Fen)
		}
	})
}

func TestAnOwnerTakesAnInvoiceBackAndMayHaveItsOrdersInvoicedAgain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		order := h.pays(ctx, "A")
		asked := h.asks(ctx, order)
		_, err := h.Reverse(ctx, asked.Row)
		refused(t, err, invoice.NotIssued)
		h.settles()
		_, err = h.Reverse(h.driver(), asked.Row)
		refused(t, err, fault.NotFound)
		h.office.NeedConfirmation(true)
		for range 2 {
			going, err := h.Reverse(ctx, asked.Row)
			h.must(err)
			if going.State != entinvoice.StateREVERSING {
				t.Errorf("it is %s", going.State)
			}
		}
		h.works()
		red, err := h.store.Fresh(h.asSystem()).Invoice.Query().Where(entinvoice.KindEQ(entinvoice.KindRED)).Only(h.asSystem())
		h.must(err)
		h.office.Confirm(red.OrderNumber, false)
		h.settles()
		h.is(asked.Row, entinvoice.StateISSUED)
		h.is(red.ID, entinvoice.StateFAILED)
		if free := h.free(ctx); len(free) != 0 {
			t.Error("an order stands on an invoice and is free")
		}
		h.office.NeedConfirmation(false)
		_, err = h.Reverse(ctx, asked.Row)
		h.must(err)
		h.settles()
		h.is(asked.Row, entinvoice.StateREVERSED)
		h.asks(ctx, order)
	})
}

func TestARefundWhoseInvoiceIsNotTakenBackIsADeadLetter(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		order := h.pays(ctx, "A")
		asked := h.asks(ctx, order)
		h.settles()
		h.office.NeedConfirmation(true)
		h.goesBack(order, 300)
		h.works()
		h.clock.Pass(73 * time.Hour) // nobody says anything
		h.settles()
		h.is(asked.Row, entinvoice.StateISSUED)
		dead, err := h.store.Fresh(h.asSystem()).Task.Query().Where(task.StateEQ(task.StateDEAD)).Only(h.asSystem())
		h.must(err)
		if dead.Failure != "INVOICE_NOT_REVERSED" {
			t.Errorf("it says %s", dead.Failure)
		}
	})
}

func TestAnInvoiceThatTheServiceRefusesFreesItsOrders(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		order := h.pays(ctx, "A")
		asked := h.asks(ctx, order)
		for range 300 { // whatever is tried again fails again
			h.office.Fail("E0042")
			h.works()
			if h.row(asked.Row).State == entinvoice.StateFAILED {
				break
			}
			h.clock.Pass(time.Minute)
		}
		row := h.is(asked.Row, entinvoice.StateFAILED)
		if *row.Failure != entinvoice.FailureREFUSED || row.PartnerCode != "E0042" || row.Retries != 3 {
			t.Errorf("%s, %s after %d retries", *row.Failure, row.PartnerCode, row.Retries)
		}
		h.office.Fail("")
		again := h.asks(ctx, order)
		h.settles()
		h.is(again.Row, entinvoice.StateISSUED)
	})
}

func TestADocumentLiesAtItsLinkForTenMinutes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		asked := h.asks(ctx, h.pays(ctx, "A"))
		h.settles()
		issued, err := h.Invoice(ctx, asked.Row)
		h.must(err)
		token := strings.TrimSuffix(strings.TrimPrefix(*issued.PdfURL, invoice.LinkPath), invoice.LinkEnd)
		pdf, err := h.Linked(t.Context(), token)
		h.must(err)
		if !strings.HasPrefix(string(pdf), "%PDF-") {
			t.Error("no document lies there")
		}
		forged := []byte(token)
		forged[5] ^= 1
		for _, wrong := range []string{"", "rubbish", string(forged), token + "A"} {
			_, err := h.Linked(t.Context(), wrong)
			refused(t, err, fault.NotFound)
		}
		belongs := func(who context.Context) {
			h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
				return tx.Invoice.UpdateOneID(asked.Row).SetAccountID(viewer.Of(who).AccountID).Exec(ctx)
			}))
		}
		belongs(h.driver())
		_, err = h.Linked(t.Context(), token)
		refused(t, err, fault.NotFound)
		belongs(ctx)
		h.clock.Pass(10*time.Minute + time.Millisecond)
		_, err = h.Linked(t.Context(), token)
		refused(t, err, fault.NotFound)
	})
}

func TestAnInvoiceIsSentAgainFiveTimesADay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		ctx := h.driver()
		asked := h.asks(ctx, h.pays(ctx, "A"))
		_, err := h.Resend(ctx, asked.Row, text("bob@example.cn"), nil)
		refused(t, err, invoice.NotIssued)
		h.settles()
		for _, to := range [][2]*string{{nil, nil}, {text("nobody"), nil}, {nil, text("110")}, {text("bob@example.cn"), text("13900000001")}} {
			_, err := h.Resend(ctx, asked.Row, to[0], to[1])
			refused(t, err, invoice.InvalidRecipient)
		}
		_, err = h.Resend(h.driver(), asked.Row, text("bob@example.cn"), nil)
		refused(t, err, fault.NotFound)

		_, err = h.Resend(ctx, asked.Row, text("bob@example.cn"), nil)
		h.must(err)
		h.settles()
		if len(h.mails) != 1 || h.mails[0].To != "bob@example.cn" || !strings.HasPrefix(string(h.mails[0].PDF), "%PDF-") {
			t.Errorf("%d mails", len(h.mails))
		}
		_, err = h.Resend(ctx, asked.Row, nil, text("13900000001"))
		h.must(err)
		h.settles()
		if sent := h.office.Deliveries(); sent[len(sent)-1].Mobile != "13900000001" {
			t.Errorf("sent: %v", sent)
		}
		h.post = message.Gone
		_, err = h.Resend(ctx, asked.Row, text("gone@example.cn"), nil)
		h.must(err)
		h.settles()
		failed, err := h.store.Fresh(h.asSystem()).InvoiceDelivery.Query().
			Where(invoicedelivery.StateEQ(invoicedelivery.StateFAILED)).Count(h.asSystem())
		if err != nil || failed != 1 {
			t.Errorf("%d failed, %v", failed, err)
		}
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() { _, _ = h.Resend(ctx, asked.Row, nil, text("13900000001")) })
		}
		all.Wait()
		put, err := h.store.Fresh(h.asSystem()).InvoiceDelivery.Query().Count(h.asSystem())
		if err != nil || put != 5 {
			t.Errorf("%d deliveries, %v", put, err)
		}
		_, err = h.Resend(ctx, asked.Row, nil, text("13900000001"))
		refused(t, err, fault.RateLimited)
		h.clock.Pass(24 * time.Hour)
		_, err = h.Resend(ctx, asked.Row, nil, text("13900000001"))
		h.must(err)
	})
}
