package wechatpay_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/sandbox/trouble"
	sandbox "parkbff/internal/partner/sandbox/wechatpay"
)

var blue = charge.Plate{Text: "粤B12345", Color: string(cnid.Blue)}

// entry is a stay that began an hour ago.
func (w *world) entry() charge.Entry {
	return charge.Entry{
		Number: "01KAQ0000000000000000000E1", Plate: blue, LotName: "万象城停车场",
		EnteredAt: w.clock.Now().Add(-time.Hour), Free: 15 * time.Minute,
	}
}

// stay is a car of which the service knows this, that has come and is leaving.
func (w *world) stay(t *testing.T, car sandbox.Car) charge.Deduction {
	t.Helper()
	car.Payer = payer
	must(t, w.SetCar(blue.Text, "BLUE", car))
	reference, err := w.client.Enter(t.Context(), w.entry())
	must(t, err)
	d := charge.Deduction{Charge: w.ours(), Entry: w.entry(), EntryReference: reference, Left: w.clock.Now()}
	d.Charge.Way = ""
	return d
}

func TestTheServiceStandsToAPlateAsItsUserHasSetIt(t *testing.T) {
	w := newWorld(t)
	opened := time.Date(2026, 11, 1, 1, 0, 0, 0, time.UTC)
	for service, want := range map[sandbox.Service]charge.Agreement{
		sandbox.Normal:     {State: charge.AgreementOpen, OpenedAt: opened},
		sandbox.Paused:     {State: charge.AgreementBlocked, OpenedAt: opened},
		sandbox.Overdue:    {State: charge.AgreementBlocked, OpenedAt: opened},
		sandbox.OutService: {State: charge.AgreementNone},
	} {
		must(t, w.SetCar(blue.Text, "BLUE", sandbox.Car{Payer: payer, Service: service, OpenedAt: opened}))
		got, err := w.client.Agreement(t.Context(), blue, payer)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", service, diff)
		}
	}
	must(t, w.SetCar(blue.Text, "BLUE", sandbox.Car{Payer: payer, Service: sandbox.Normal}))
	if got, err := w.client.Agreement(t.Context(), blue, "somebody"); err != nil || got.State != charge.AgreementNone {
		t.Errorf("somebody else's: %v, %v", got, err)
	}
	said := `{"plate_number":"粤B99999","plate_color":"BLUE","openid":"o","service_state":"NORMAL"}`
	if got, err := replaying(t, w, http.StatusOK, said).Agreement(t.Context(), blue, payer); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another plate's: %v, %v", got, err)
	}
}

func TestColoursAreWeChats(t *testing.T) {
	w := newWorld(t)
	for ours, theirs := range map[cnid.Color]string{
		cnid.Blue: "BLUE", cnid.Green: "GREEN", cnid.Yellow: "YELLOW", cnid.YellowGreen: "LIMEGREEN", cnid.Black: "BLACK", cnid.White: "WHITE",
	} {
		must(t, w.SetCar("粤BD12345", theirs, sandbox.Car{Payer: payer, Service: sandbox.Normal}))
		plate := charge.Plate{Text: "粤BD12345", Color: string(ours)}
		if got, err := w.client.Agreement(t.Context(), plate, payer); err != nil || got.State != charge.AgreementOpen {
			t.Errorf("%s: %v, %v", ours, got, err)
		}
	}
	red := charge.Plate{Text: "粤B12345", Color: "RED"}
	entry := w.entry()
	entry.Plate = red
	_, errA := w.client.Agreement(t.Context(), red, payer)
	_, errE := w.client.Enter(t.Context(), entry)
	_, errD := w.client.Deduct(t.Context(), charge.Deduction{Entry: entry})
	_, errO := w.client.Opening(red, payer)
	for _, err := range []error{errA, errE, errD, errO} {
		if !errors.Is(err, charge.Refused) {
			t.Error(err)
		}
		says(t, err, "粤B")
	}
}

func TestTheServiceIsOpenedInWeChatsMiniProgram(t *testing.T) {
	w := newWorld(t)
	got, err := w.client.Opening(blue, payer)
	must(t, err)
	want := charge.Launch{Parameters: []charge.Parameter{
		{Name: "appId", Value: "wxbcad394b3d99dac9"},
		{Name: "path", Value: "/pages/auth-creditpay/auth-creditpay"},
		{Name: "mchid", Value: merchant},
		{Name: "openid", Value: payer},
		{Name: "plate_number", Value: blue.Text},
		{Name: "plate_color", Value: "BLUE"},
		{Name: "trade_scene", Value: "PARKING"},
	}, URL: "/pages/auth-creditpay/auth-creditpay?mchid=" + merchant + "&openid=" + payer +
		"&plate_color=BLUE&plate_number=%E7%B2%A4B12345&trade_scene=PARKING"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnEntryIsToldOnceAndABlockedOneAnswersItsReference(t *testing.T) {
	w := newWorld(t)
	must(t, w.SetCar(blue.Text, "BLUE", sandbox.Car{Payer: payer, Service: sandbox.Paused}))
	blocked, err := w.client.Enter(t.Context(), w.entry())
	if !errors.Is(err, charge.Declined) || blocked == "" {
		t.Errorf("%q, %v", blocked, err)
	}
	says(t, err, "粤B", "万象城")
	must(t, w.SetCar(blue.Text, "BLUE", sandbox.Car{Payer: payer, Service: sandbox.Normal}))
	again, err := w.client.Enter(t.Context(), w.entry())
	if err != nil || again != blocked {
		t.Errorf("%q, %v", again, err)
	}
	changed := w.entry()
	changed.LotName = "海岸城停车场"
	if _, err := w.client.Enter(t.Context(), changed); !errors.Is(err, charge.Refused) {
		t.Errorf("another stay under the same number: %v", err)
	}
	said := `{"id":"PK1","out_parking_no":"01KAQ0000000000000000000E2","state":"NORMAL"}`
	if got, err := replaying(t, w, http.StatusOK, said).Enter(t.Context(), w.entry()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another entry's: %q, %v", got, err)
	}
	// That the car may be deducted for now is nothing but a call to be answered.
	if taken, _ := w.Deliver(t.Context()); taken != 1 || w.called.notices[0].Payment != nil || w.called.notices[0].Refund != nil {
		t.Errorf("%d were taken", taken)
	}
}

func TestADeductionComesToItsEnd(t *testing.T) {
	for outcome, want := range map[sandbox.Outcome]charge.Receipt{
		sandbox.Pays:     {Number: number, State: charge.Done, Fen: 1250},
		sandbox.Advances: {Number: number, State: charge.Done, Fen: 1250, Advanced: true},
		sandbox.Fails:    {Number: number, State: charge.Closed, Fen: 1250},
	} {
		w := newWorld(t)
		d := w.stay(t, sandbox.Car{Service: sandbox.Normal, Outcome: outcome})
		for range 2 {
			got, err := w.client.Deduct(t.Context(), d)
			if err != nil || got.State != charge.Pending || got.Number != number {
				t.Errorf("%+v, %v", got, err)
			}
		}
		must(t, w.FinishDeduction(number))
		got, err := w.client.FindDeduction(t.Context(), number)
		must(t, err)
		if taken, _ := w.Deliver(t.Context()); taken != 1 {
			t.Fatalf("%d were told", taken)
		}
		if diff := cmp.Diff(got, *w.called.notices[0].Payment); diff != "" {
			t.Errorf("the notice says otherwise: %s", diff)
		}
		if got.State == charge.Done && (got.Transaction == "" || !got.PaidAt.Equal(w.clock.Now())) {
			t.Errorf("%+v", got)
		}
		got.Transaction, got.PaidAt = "", time.Time{}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWhatWasPaidInAdvanceIsRepaidToWeChat(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Deduct(t.Context(), w.stay(t, sandbox.Car{Service: sandbox.Normal, Outcome: sandbox.Advances}))
	must(t, err)
	must(t, w.FinishDeduction(number))
	must(t, w.Repay(number))
	if w.Repay(number) == nil {
		t.Error("repaid twice")
	}
	got, err := w.client.FindDeduction(t.Context(), number)
	if err != nil || got.Advanced || got.State != charge.Done {
		t.Errorf("%+v, %v", got, err)
	}
	header, body, err := w.Notice(number)
	must(t, err)
	if notice, err := w.client.Notice(header, body); err != nil || notice.Payment.Advanced || notice.Payment.State != charge.Done {
		t.Errorf("%+v, %v", notice, err)
	}
	// WeChat's own example calls the state PAY_BACK, and names no transaction.
	header, body, err = w.Seal(merchant, "TRANSACTION.PAY_BACK", map[string]any{
		"appid": miniApp, "sp_mchid": merchant, "out_trade_no": number, "trade_state": "PAY_BACK", "bank_type": "BPA",
		"success_time": "2026-11-21T09:00:00+08:00", "amount": map[string]any{"total": 1250},
	})
	must(t, err)
	if notice, err := w.client.Notice(header, body); err != nil || notice.Payment.Advanced || notice.Payment.State != charge.Done {
		t.Errorf("%+v, %v", notice, err)
	}
}

func TestADeductionIsDeclinedWhereWeChatWillNotPay(t *testing.T) {
	for name, car := range map[string]sandbox.Car{
		"no money": {Service: sandbox.Normal, Outcome: sandbox.Declines}, "paused": {Service: sandbox.Paused},
	} {
		w := newWorld(t)
		must(t, w.SetCar(blue.Text, "BLUE", sandbox.Car{Payer: payer, Service: sandbox.Normal}))
		reference, err := w.client.Enter(t.Context(), w.entry())
		must(t, err)
		must(t, w.SetCar(blue.Text, "BLUE", car))
		d := charge.Deduction{Charge: w.ours(), Entry: w.entry(), EntryReference: reference, Left: w.clock.Now()}
		_, err = w.client.Deduct(t.Context(), d)
		if !errors.Is(err, charge.Declined) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "粤B", "万象城")
		if got, err := w.client.FindDeduction(t.Context(), number); err != nil || got.State != charge.Unknown {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	w := newWorld(t)
	said := `{"appid":"` + miniApp + `","sp_mchid":"` + merchant + `","out_trade_no":"` + number + `","trade_state":"PAY_FAIL","amount":{"total":1250}}`
	d := charge.Deduction{Charge: w.ours(), Entry: w.entry(), EntryReference: "PK1", Left: w.clock.Now()}
	if got, err := replaying(t, w, http.StatusOK, said).Deduct(t.Context(), d); !errors.Is(err, charge.Declined) || got.State != charge.Closed {
		t.Errorf("failed at once: %v, %v", got, err)
	}
}

func TestAStayIsDeductedForOnce(t *testing.T) {
	w := newWorld(t)
	d := w.stay(t, sandbox.Car{Service: sandbox.Normal})
	w.Trouble.Make(trouble.LostAnswers, 1)
	if _, err := w.client.Deduct(t.Context(), d); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a lost answer: %v", err)
	}
	if got, err := w.client.FindDeduction(t.Context(), number); err != nil || got.State != charge.Pending {
		t.Errorf("%v, %v", got, err)
	}
	other := d
	other.Charge.Number = d.Charge.Number[:25] + "2"
	if _, err := w.client.Deduct(t.Context(), other); !errors.Is(err, charge.Refused) {
		t.Errorf("the same stay again: %v", err)
	}
	more := d
	more.Charge.Fen++
	if _, err := w.client.Deduct(t.Context(), more); !errors.Is(err, charge.Refused) {
		t.Errorf("another amount: %v", err)
	}
	must(t, w.FinishDeduction(number))
	if w.FinishDeduction(number) == nil {
		t.Error("a deduction ended twice")
	}
	if _, err := w.client.Deduct(t.Context(), d); !errors.Is(err, charge.AlreadyPaid) {
		t.Errorf("paid: %v", err)
	}
	if w.taken() != 1250 {
		t.Errorf("%d fen were taken", w.taken())
	}
	_, err := w.client.Refund(t.Context(), charge.Refund{Number: "REFUND1", PaymentNumber: number, Fen: 1250, PaidFen: 1250})
	if err != nil || w.taken() != 0 {
		t.Errorf("%d fen are left: %v", w.taken(), err)
	}
	if got, err := w.client.FindDeduction(t.Context(), number); err != nil || got.State != charge.Done {
		t.Errorf("%v, %v", got, err)
	}
}

func TestOnlyTheLastEntryOfACarIsDeductedFor(t *testing.T) {
	w := newWorld(t)
	d := w.stay(t, sandbox.Car{Service: sandbox.Normal})
	next := w.entry()
	next.Number = next.Number[:25] + "2"
	_, err := w.client.Enter(t.Context(), next)
	must(t, err)
	if _, err := w.client.Deduct(t.Context(), d); !errors.Is(err, charge.Refused) {
		t.Error(err)
	}
}

func TestADeductionThatDoesNotFitItsEntryIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*charge.Deduction){
		"another entry": func(d *charge.Deduction) { d.EntryReference = "PK0" },
		"another plate": func(d *charge.Deduction) { d.Entry.Plate.Text = "粤B54321" },
		"another lot":   func(d *charge.Deduction) { d.Entry.LotName = "海岸城停车场" },
		"another time":  func(d *charge.Deduction) { d.Entry.EnteredAt = d.Entry.EnteredAt.Add(time.Minute) },
		"no time":       func(d *charge.Deduction) { d.Left = d.Entry.EnteredAt },
		"the future":    func(d *charge.Deduction) { d.Left = d.Left.Add(time.Minute) },
		"no amount":     func(d *charge.Deduction) { d.Charge.Fen = 0 },
	} {
		w := newWorld(t)
		d := w.stay(t, sandbox.Car{Service: sandbox.Normal})
		spoil(&d)
		_, err := w.client.Deduct(t.Context(), d)
		if !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "粤B", "万象城", "海岸城")
	}
}
