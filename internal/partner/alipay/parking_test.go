package alipay_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
	sandbox "parkbff/internal/partner/sandbox/alipay"
	"parkbff/internal/partner/sandbox/trouble"
)

const stayOne = "S0000000000000000000000001"

var (
	plate = charge.Plate{Text: "粤B12345", Color: "BLUE"}
	place = alipay.Place{
		Number: "L1", Name: "停车服务", Address: "深圳市南山区科技路1号", Phone: "075512345678", Longitude: "113.95", Latitude: "22.54", Spaces: 200, Fees: "每小时10元",
	}
)

// garage is a market with a registered place, and a plate that may be deducted for.
func garage(t testing.TB, standing sandbox.Standing) (*market, charge.Entry) {
	t.Helper()
	m := newMarket(t)
	id, err := m.pay.Register(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	m.Agree(plate.Text, "alice", standing)
	return m, charge.Entry{
		Number: stayOne, Plate: plate, LotName: place.Name, Lot: charge.Lot{Number: place.Number, ID: id},
		EnteredAt: m.clock.Now().Add(-900 * time.Millisecond), Free: 15 * time.Minute,
	}
}

// leaving enters, stays for an hour, and answers what is to be deducted.
func (m *market) leaving(t testing.TB, e charge.Entry) charge.Deduction {
	t.Helper()
	reference, err := m.pay.Enter(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	m.clock.Pass(time.Hour)
	return charge.Deduction{
		Charge: charge.Charge{Number: one, Fen: 1250, Description: "停车费"},
		Entry:  e, EntryReference: reference, Left: m.clock.Now(),
	}
}

func TestAPlateWithAnAgreementPaysByItself(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	d := m.leaving(t, e)
	got, err := m.pay.Deduct(t.Context(), d)
	want := charge.Receipt{Number: one, Transaction: got.Transaction, State: charge.Done, Fen: 1250, PaidAt: morning.Add(time.Hour)}
	if err != nil || got.Transaction == "" || got != want {
		t.Fatalf("%+v, %v", got, err)
	}
	if found, err := m.pay.FindDeduction(t.Context(), one); err != nil || found != want {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := m.pay.Deduct(t.Context(), d); !errors.Is(err, charge.AlreadyPaid) {
		t.Errorf("deducted twice: %v", err)
	}
	if err := m.pay.Leave(t.Context(), e, d.EntryReference, d.Left); err != nil {
		t.Error(err)
	}
	visits := []sandbox.Visit{
		{Place: e.Lot.ID, Plate: plate.Text, Serial: d.EntryReference}, {Place: e.Lot.ID, Plate: plate.Text, Serial: d.EntryReference, Left: true},
	}
	if diff := cmp.Diff(visits, m.Visits()); diff != "" || m.states() != one+" TRADE_SUCCESS 1250-0" {
		t.Errorf("%s\n%s", diff, m.states())
	}
	if _, err := m.pay.Refund(t.Context(), charge.Refund{Number: backOne, PaymentNumber: one, Fen: 1250, PaidFen: 1250}); err != nil {
		t.Errorf("a deduction does not go back: %v", err)
	}
}

func TestACarThatIsToldOfTwiceHasOneStay(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	first, err := m.pay.Enter(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	m.Trouble.Make(trouble.LostAnswers, 1)
	if _, err := m.pay.Enter(t.Context(), e); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if again, err := m.pay.Enter(t.Context(), e); err != nil || again != first || len(m.Visits()) != 1 {
		t.Errorf("%d stays, %v", len(m.Visits()), err)
	}
}

func TestWhatBecameOfALostDeductionIsFoundAndNothingIsTakenTwice(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	d := m.leaving(t, e)
	if got, err := m.pay.FindDeduction(t.Context(), one); err != nil || got.State != charge.Unknown {
		t.Errorf("%+v, %v", got, err)
	}
	m.Trouble.Make(trouble.LostAnswers, 1)
	_, err := m.pay.Deduct(t.Context(), d)
	if !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	says(t, err, plate.Text, "12345", one)
	if got, err := m.pay.FindDeduction(t.Context(), one); err != nil || got.State != charge.Done {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := m.pay.Deduct(t.Context(), d); !errors.Is(err, charge.AlreadyPaid) {
		t.Errorf("once more: %v", err)
	}
	if got := m.states(); got != one+" TRADE_SUCCESS 1250-0" {
		t.Error(got)
	}
}

func TestWhereAPayerCannotPayAlipayPaysInAdvanceIfTheMerchantLetsIt(t *testing.T) {
	m, e := garage(t, sandbox.Credit)
	d := m.leaving(t, e)
	if got, err := m.pay.Agreement(t.Context(), plate, ""); err != nil || got.State != charge.AgreementOpen {
		t.Errorf("%+v, %v", got, err)
	}
	c := m.config()
	c.Advances = false
	if _, err := m.client(t, c).Deduct(t.Context(), d); !errors.Is(err, charge.Declined) {
		t.Errorf("without the merchant's leave: %v", err)
	}
	if got, err := m.pay.Deduct(t.Context(), d); err != nil || !got.Advanced || got.State != charge.Done || got.Fen != 1250 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := m.pay.Agreement(t.Context(), plate, ""); err != nil || got.State != charge.AgreementBlocked {
		t.Errorf("who owes Alipay: %+v, %v", got, err)
	}
	d.Charge.Number = two
	if _, err := m.pay.Deduct(t.Context(), d); !errors.Is(err, charge.Declined) {
		t.Errorf("who owes Alipay: %v", err)
	}
}

func TestAnAgreementIsOpenBlockedOrNone(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	for standing, want := range map[sandbox.Standing]charge.AgreementState{
		sandbox.None: charge.AgreementNone, sandbox.Open: charge.AgreementOpen, sandbox.Short: charge.AgreementBlocked,
	} {
		m.Agree(plate.Text, "alice", standing)
		for _, payer := range []string{"", m.UserID("alice")} {
			if got, err := m.pay.Agreement(t.Context(), plate, payer); err != nil || got != (charge.Agreement{State: want}) {
				t.Errorf("%s: %+v, %v", standing, got, err)
			}
		}
	}
	m.Agree(plate.Text, "alice", sandbox.Open)
	if got, err := m.pay.Agreement(t.Context(), plate, m.UserID("bob")); err != nil || got.State != charge.AgreementNone {
		t.Errorf("another person's: %+v, %v", got, err)
	}
	for scenes, want := range map[string]charge.AgreementState{
		"PLATE_PAY": charge.AgreementOpen, "ETC_PAY": charge.AgreementNone, "ETC_PAY,PLATE_PAY": charge.AgreementOpen, "NO_AGREEMENT_SCENE": charge.AgreementNone,
	} {
		said := fmt.Sprintf(`{"code":"10000","agreement_scene":%q}`, scenes)
		if got, err := m.saying(t, "alipay.eco.mycar.parking.agreement.query", said).Agreement(t.Context(), plate, ""); err != nil || got.State != want {
			t.Errorf("%s: %+v, %v", scenes, got, err)
		}
	}
	silent := m.saying(t, "alipay.eco.mycar.parking.agreement.query", `{"code":"10000"}`)
	if _, err := silent.Agreement(t.Context(), plate, ""); !errors.Is(err, fault.Unavailable) {
		t.Errorf("of which nothing is said: %v", err)
	}
	m.Agree(plate.Text, "alice", sandbox.None)
	if _, err := m.pay.Enter(t.Context(), e); !errors.Is(err, charge.Declined) {
		t.Errorf("it comes without one: %v", err)
	}
}

func TestEveryColourOfAPlateIsOneOfAlipays(t *testing.T) {
	m, _ := garage(t, sandbox.Open)
	for _, color := range []string{"BLUE", "GREEN", "YELLOW", "YELLOW_GREEN", "BLACK", "WHITE", ""} {
		if _, err := m.pay.Agreement(t.Context(), charge.Plate{Text: plate.Text, Color: color}, ""); err != nil {
			t.Errorf("%s: %v", color, err)
		}
	}
}

func TestADeductionIsDeclinedWithoutMoneyOrAgreement(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	d := m.leaving(t, e)
	for _, standing := range []sandbox.Standing{sandbox.None, sandbox.Short} {
		m.Agree(plate.Text, "alice", standing)
		_, err := m.pay.Deduct(t.Context(), d)
		if !errors.Is(err, charge.Declined) {
			t.Errorf("%s: %v", standing, err)
		}
		says(t, err, plate.Text)
	}
	if got := m.states(); got != "" {
		t.Error(got)
	}
}

func TestMinutesAreCountedFromSecondToSecond(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	d := m.leaving(t, e)
	d.Left = e.EnteredAt.Add(time.Hour - 50*time.Millisecond)
	if _, err := m.pay.Deduct(t.Context(), d); err != nil {
		t.Error(err)
	}
}

func TestADeductionThatIsNoneIsRefused(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	good := m.leaving(t, e)
	for name, change := range map[string]func(*charge.Deduction){
		"no number":         func(d *charge.Deduction) { d.Charge.Number = "" },
		"no description":    func(d *charge.Deduction) { d.Charge.Description = "" },
		"nothing":           func(d *charge.Deduction) { d.Charge.Fen = 0 },
		"no plate":          func(d *charge.Deduction) { d.Entry.Plate = charge.Plate{} },
		"no lot":            func(d *charge.Deduction) { d.Entry.Lot = charge.Lot{} },
		"another lot":       func(d *charge.Deduction) { d.Entry.Lot.ID = "PI0" },
		"another lot of us": func(d *charge.Deduction) { d.Entry.Lot.Number = "L2" },
		"another stay":      func(d *charge.Deduction) { d.EntryReference = "1" },
		"another car":       func(d *charge.Deduction) { d.Entry.Plate.Text = "粤B54321" },
		"gone before":       func(d *charge.Deduction) { d.Left = d.Entry.EnteredAt.Add(-time.Second) },
	} {
		d := good
		change(&d)
		_, err := m.pay.Deduct(t.Context(), d)
		if !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, plate.Text, "粤B54321")
	}
	if _, err := m.client(t, m.another()).Deduct(t.Context(), good); !errors.Is(err, charge.Refused) {
		t.Errorf("another merchant's: %v", err)
	}
	c := m.config()
	c.Seller = otherSeller
	if _, err := m.client(t, c).Deduct(t.Context(), good); !errors.Is(err, charge.Refused) {
		t.Errorf("for another seller: %v", err)
	}
	if got := m.states(); got != "" {
		t.Error(got)
	}
}

func TestADeductionThatIsUnderWayIsPendingAndAReplyOfAnotherIsNotTaken(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	d := m.leaving(t, e)
	const method = "alipay.eco.mycar.parking.order.pay"
	slow := m.saying(t, method, `{"code":"10003","msg":"order success pay inprocess"}`)
	if got, err := slow.Deduct(t.Context(), d); err != nil || got != (charge.Receipt{Number: one, State: charge.Pending, Fen: 1250}) {
		t.Errorf("%+v, %v", got, err)
	}
	good := `{"code":"10000","out_trade_no":"` + one + `","trade_no":"20","total_fee":"12.50","gmt_payment":"2026-11-21 09:00:00","advance_amount":"0.00"}`
	if got, err := m.saying(t, method, good).Deduct(t.Context(), d); err != nil || got.Advanced || !got.PaidAt.Equal(morning) {
		t.Errorf("the good one: %+v, %v", got, err)
	}
	for _, change := range [][2]string{{one, two}, {"12.50", "12.51"}, {`"20"`, `""`}, {"2026-11-21", "21/11"}, {`"0.00"`, `"much"`}} {
		odd := m.saying(t, method, strings.Replace(good, change[0], change[1], 1))
		if got, err := odd.Deduct(t.Context(), d); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %+v, %v", change[1], got, err)
		}
	}
}

func TestEntriesAndExitsMustBeOfAPlaceThatIsRegistered(t *testing.T) {
	m, e := garage(t, sandbox.Open)
	for name, change := range map[string]func(*charge.Entry){
		"no lot":        func(e *charge.Entry) { e.Lot = charge.Lot{} },
		"another lot":   func(e *charge.Entry) { e.Lot.ID = "PI0" },
		"no plate":      func(e *charge.Entry) { e.Plate.Text = "" },
		"in the future": func(e *charge.Entry) { e.EnteredAt = m.clock.Now().Add(time.Minute) },
	} {
		odd := e
		change(&odd)
		if _, err := m.pay.Enter(t.Context(), odd); !errors.Is(err, charge.Refused) {
			t.Errorf("it comes: %s: %v", name, err)
		}
		if err := m.pay.Leave(t.Context(), odd, "", m.clock.Now()); name != "in the future" && !errors.Is(err, charge.Refused) {
			t.Errorf("it goes: %s: %v", name, err)
		}
	}
	if err := m.pay.Leave(t.Context(), e, "1", m.clock.Now()); !errors.Is(err, charge.Refused) {
		t.Errorf("another stay: %v", err)
	}
	if _, err := m.client(t, m.another()).Enter(t.Context(), e); !errors.Is(err, charge.Refused) {
		t.Errorf("another merchant's place: %v", err)
	}
	silent := m.saying(t, "alipay.eco.mycar.parking.enterinfo.sync", `{"code":"10000","agreement_scene":"PLATE_PAY"}`)
	if _, err := silent.Enter(t.Context(), e); !errors.Is(err, fault.Unavailable) {
		t.Errorf("without a number: %v", err)
	}
}

func TestAPlaceIsRegisteredOnce(t *testing.T) {
	m := newMarket(t)
	if id, err := m.pay.Register(t.Context(), place); err != nil || id == "" {
		t.Fatal(err)
	}
	if _, err := m.pay.Register(t.Context(), place); !errors.Is(err, charge.Refused) {
		t.Errorf("twice: %v", err)
	}
	for name, change := range map[string]func(*alipay.Place){
		"no number":         func(p *alipay.Place) { p.Number = "" },
		"too long a number": func(p *alipay.Place) { p.Number = strings.Repeat("1", 29) },
		"no name":           func(p *alipay.Place) { p.Name = "" },
		"no address":        func(p *alipay.Place) { p.Address = "" },
	} {
		odd := place
		change(&odd)
		if _, err := m.pay.Register(t.Context(), odd); !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	silent := m.saying(t, "alipay.eco.mycar.parking.parkinglotinfo.create", `{"code":"10000"}`)
	if _, err := silent.Register(t.Context(), place); !errors.Is(err, fault.Unavailable) {
		t.Errorf("without an id: %v", err)
	}
}
