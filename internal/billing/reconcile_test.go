package billing_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"parkbff/ent/paymentorder"
	"parkbff/internal/billing"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/partner/charge"
	"parkbff/internal/viewer"
)

func (h *house) administrator() context.Context {
	return viewer.With(context.Background(), &viewer.Viewer{Kind: viewer.Staff, StaffID: 1, Office: []viewer.Role{viewer.Admin}})
}

// reconciled is what the statement of the day on which the story takes place said, on the morning after.
func (h *house) reconciled() *billing.Reconciliation {
	h.Helper()
	h.clock.Set(morning.AddDate(0, 0, 1).Add(2 * time.Hour))
	h.must(h.ReconcileDue(context.Background()))
	h.must(h.ReconcileDue(context.Background())) // once
	found, err := h.Reconciliations(h.administrator(), page.Request{First: 10})
	h.must(err)
	for _, r := range found.Items {
		if r.Day.Format(time.DateOnly) == "2026-11-21" {
			return r
		}
	}
	h.Fatal("the day was not reconciled")
	return nil
}

func TestAStatementThatAgreesSaysHowMuchMoved(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(2 * time.Hour)
		h.sees(out, car)
		made := h.pays(t.Context(), h.laneQuote())
		_, err := h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: "r", Order: made.Order.Row, Fen: 300, Reason: "x"})
		h.must(err)
		h.settles()
		got := h.reconciled()
		if got.Payments != 1 || got.PaidFen != 1000 || got.Refunds != 1 || got.RefundedFen != 300 || len(got.Differences) != 0 {
			t.Errorf("%+v", got)
		}
		all, err := h.Reconciliations(h.administrator(), page.Request{First: 100})
		if err != nil || len(all.Items) != 1 {
			t.Errorf("%d days, %v", len(all.Items), err)
		}
		for name, who := range map[string]struct {
			ctx  context.Context
			want error
		}{"nobody": {t.Context(), fault.Unauthenticated}, "a manager": {h.manager(), fault.Forbidden}, "a driver": {h.driver(), fault.Forbidden}} {
			if _, err := h.Reconciliations(who.ctx, page.Request{First: 1}); err == nil {
				t.Errorf("%s reads it", name)
			} else {
				refused(t, err, who.want)
			}
		}
	})
}

func TestWhatAChannelTookUnheardIsBookedByItsStatement(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		made := h.orders(t.Context(), h.plateQuote(car))
		begun := h.begins(t.Context(), made)
		h.settles() // closed
		h.channel.payLate(begun.Number)
		got := h.reconciled()
		if len(got.Differences) != 1 || got.Differences[0].Kind != "UNHEARD" || got.Differences[0].ChannelFen != 500 || got.Differences[0].Number != begun.Number {
			t.Fatalf("%+v", got.Differences)
		}
		if order := h.order(made.Order.Row); order.State != paymentorder.StatePAID {
			t.Errorf("the order is %s", order.State)
		}
		h.balanced()
	})
}

func TestWhatAStatementSaysElseIsListed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		h.pays(t.Context(), h.plateQuote(car))
		h.sees(in, other)
		h.pass(time.Hour)
		h.pays(t.Context(), h.plateQuote(other))
		h.channel.restate = func(lines []charge.Line) []charge.Line {
			lines[0].Fen++
			lines[1] = charge.Line{Number: "stranger", Fen: 7, At: h.clock.Now()}
			return append(lines, charge.Line{Number: lines[0].Number, RefundNumber: "strange-refund", Fen: 9, At: h.clock.Now()})
		}
		got := map[string]int{}
		for _, d := range h.reconciled().Differences {
			got[string(d.Kind)]++
			if d.Refund != (d.Number == "strange-refund") {
				t.Errorf("%+v", d)
			}
		}
		if got["AMOUNT"] != 1 || got["UNKNOWN"] != 2 || got["MISSING"] != 1 || len(got) != 3 {
			t.Errorf("%v", got)
		}
	})
}

func TestARefundThatNoStatementNamesIsMissedAfterTwoDays(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		h.channel.overpay = 7
		h.pays(t.Context(), h.plateQuote(car))
		h.settles()
		h.channel.restate = func(lines []charge.Line) []charge.Line {
			kept := lines[:0]
			for _, l := range lines {
				if l.RefundNumber == "" {
					kept = append(kept, l)
				}
			}
			return kept
		}
		missed := 0
		for day := 1; day <= 6; day++ {
			h.clock.Set(morning.AddDate(0, 0, day).Add(2 * time.Hour))
			h.must(h.ReconcileDue(t.Context()))
		}
		all, err := h.Reconciliations(h.administrator(), page.Request{First: 100})
		h.must(err)
		for _, r := range all.Items {
			for _, d := range r.Differences {
				if d.Kind != "MISSING" || !d.Refund || d.LedgerFen != 7 {
					t.Errorf("%+v", d)
				}
				missed++
			}
		}
		if missed != 1 {
			t.Errorf("missed %d times", missed)
		}
	})
}

func TestAStatementThatIsNotReadyIsAskedForAgain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		h.pays(t.Context(), h.plateQuote(car))
		h.clock.Set(morning.AddDate(0, 0, 9))
		h.channel.before = func() error { return errAway }
		refused(t, h.ReconcileDue(t.Context()), fault.Unavailable)
		h.channel.before = func() error { return nil }
		h.must(h.ReconcileDue(t.Context()))
		kept, err := h.store.Fresh(h.asSystem()).Reconciliation.Query().Count(h.asSystem())
		if err != nil || kept != 7 { // a week is made up for
			t.Errorf("%d days, %v", kept, err)
		}
	})
}

func TestTheExportOfALotSumsToItsLedger(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(2 * time.Hour)
		h.sees(out, car)
		made := h.pays(t.Context(), h.laneQuote())
		_, err := h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: "r", Order: made.Order.Row, Fen: 300, Reason: "x"})
		h.must(err)
		h.settles()
		at, _ := h.parking.Lot("A")
		day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
		got, err := h.ExportLedger(h.manager(), at.Row, day, day)
		h.must(err)
		if got.Entries != 3 || got.EarnedFen != 700 {
			t.Errorf("%d entries, %d fen earned", got.Entries, got.EarnedFen)
		}
		for _, want := range []string{
			"entry,occurredAt,cause,number,account,channel,debitYuan,creditYuan\n", ",LOT,,,10.00\n", ",CHANNEL,WECHAT,10.00,\n",
			"sum,,,,CHANNEL,,7.00,\n", "sum,,,,LOT,,,7.00\n", "2026-11-21T11:00:00+08:00",
		} {
			if !strings.Contains(got.CSV, want) {
				t.Errorf("%q is not in\n%s", want, got.CSV)
			}
		}
		before, err := h.ExportLedger(h.manager(), at.Row, day.AddDate(0, 0, -30), day.AddDate(0, 0, -1))
		if err != nil || before.Entries != 0 {
			t.Errorf("%v, %v", before, err)
		}
		for name, who := range map[string]struct {
			ctx      context.Context
			from, to time.Time
			want     error
		}{
			"nobody":        {t.Context(), day, day, fault.Unauthenticated},
			"an attendant":  {h.staff(3, viewer.Attendant), day, day, fault.Forbidden},
			"a driver":      {h.driver(), day, day, fault.Forbidden},
			"for too long":  {h.manager(), day.AddDate(0, 0, -31), day, billing.InvalidDays},
			"the wrong way": {h.manager(), day, day.AddDate(0, 0, -1), billing.InvalidDays},
		} {
			_, err := h.ExportLedger(who.ctx, at.Row, who.from, who.to)
			if err == nil {
				t.Errorf("%s exports", name)
				continue
			}
			refused(t, err, who.want)
		}
	})
}
