package alipay_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/sandbox/trouble"
)

func TestAPayerInTheMiniProgramPays(t *testing.T) {
	m := newMarket(t)
	launch, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram))
	if err != nil {
		t.Fatal(err)
	}
	trade := parameter(t, launch, "tradeNO")
	if again, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram)); err != nil || parameter(t, again, "tradeNO") != trade {
		t.Errorf("prepared again it is another trade: %v", err)
	}
	if got, err := m.pay.Find(t.Context(), one); err != nil || got != (charge.Receipt{Number: one, State: charge.Pending, Fen: 1250}) {
		t.Errorf("%+v, %v", got, err)
	}
	m.clock.Pass(90 * time.Second)
	if err := m.Pay(one, "bob"); err == nil {
		t.Error("another payer pays")
	}
	if err := m.Pay(one, "alice"); err != nil {
		t.Fatal(err)
	}
	want := charge.Receipt{Number: one, Transaction: trade, State: charge.Done, Fen: 1250, PaidAt: morning.Add(90 * time.Second)}
	if got, err := m.pay.Find(t.Context(), one); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram)); !errors.Is(err, charge.AlreadyPaid) {
		t.Errorf("prepared once it is paid: %v", err)
	}
}

func TestAPayerWithAnOpenIDPaysToo(t *testing.T) {
	m := newMarket(t)
	c := m.charge(one, money.MiniProgram)
	c.Payer = "047D8gkWnRNIDBoHiz1-pxCM10NYtLwbgq9aP_h4yJw8Zs2"
	if _, err := m.pay.Prepare(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if err := m.Pay(one, "alice"); err != nil {
		t.Error(err)
	}
}

func TestAPayerOnThePageOrInTheAppIsUnknownUntilThereAndThenPays(t *testing.T) {
	m := newMarket(t)
	h5, err := m.pay.Prepare(t.Context(), m.charge(one, money.H5))
	if err != nil || len(h5.Parameters) != 0 {
		t.Fatal(err)
	}
	app, err := m.pay.Prepare(t.Context(), m.charge(two, money.App))
	if err != nil {
		t.Fatal(err)
	}
	order := parameter(t, app, "orderString")
	for _, number := range []string{one, two} {
		if got, err := m.pay.Find(t.Context(), number); err != nil || got != (charge.Receipt{Number: number, State: charge.Unknown}) {
			t.Errorf("%+v, %v", got, err)
		}
		if err := m.pay.Close(t.Context(), number); !errors.Is(err, charge.NotBegun) {
			t.Errorf("closed before it began: %v", err)
		}
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	visit := func(address string) *http.Response {
		response, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response
	}
	if got := visit(strings.Replace(h5.URL, "12.50", "10.50", 1)); got.StatusCode != http.StatusBadRequest {
		t.Errorf("another amount in the page's address: %s", got.Status)
	}
	if got := visit(h5.URL); got.StatusCode != http.StatusOK || m.states() != one+" WAIT_BUYER_PAY 1250-0" {
		t.Errorf("%s, %s", got.Status, m.states())
	}
	if got := visit(h5.URL + "&pay=1&person=alice"); got.StatusCode != http.StatusFound || got.Header.Get("Location") != back {
		t.Errorf("led to %q, %s", got.Header.Get("Location"), got.Status)
	}
	if err := m.Open(strings.Replace(order, "12.50", "10.50", 1)); err == nil {
		t.Error("another amount in the order string is taken")
	}
	if err := errors.Join(m.Open(order), m.Pay(two, "alice")); err != nil {
		t.Fatal(err)
	}
	if got := m.states(); got != one+" TRADE_SUCCESS 1250-0, "+two+" TRADE_SUCCESS 1250-0" {
		t.Error(got)
	}
}

func TestWhatIsNoChargeIsRefused(t *testing.T) {
	m := newMarket(t)
	for name, change := range map[string]func(*charge.Charge){
		"no number":        func(c *charge.Charge) { c.Number = "" },
		"an odd number":    func(c *charge.Charge) { c.Number = "a-b" },
		"nothing to pay":   func(c *charge.Charge) { c.Fen = 0 },
		"less":             func(c *charge.Charge) { c.Fen = -1 },
		"too much":         func(c *charge.Charge) { c.Fen = 100_000_000_01 },
		"no description":   func(c *charge.Charge) { c.Description = "" },
		"no such way":      func(c *charge.Charge) { c.Way = "QR" },
		"no payer":         func(c *charge.Charge) { c.Payer = "" },
		"expired":          func(c *charge.Charge) { c.ExpiresAt = m.clock.Now() },
		"an expired page":  func(c *charge.Charge) { c.Way, c.ExpiresAt = money.H5, m.clock.Now() },
		"to the seller":    func(c *charge.Charge) { c.Payer = seller },
		"another amount":   func(c *charge.Charge) { c.Number, c.Fen = one, 1 },
		"another's charge": func(c *charge.Charge) { c.Number, c.Payer = one, m.UserID("bob") },
	} {
		if name == "another amount" || name == "another's charge" {
			if _, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram)); err != nil {
				t.Fatal(err)
			}
		}
		c := m.charge(two, money.MiniProgram)
		change(&c)
		_, err := m.pay.Prepare(t.Context(), c)
		if !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, m.UserID("alice"), m.UserID("bob"), seller)
	}
	c := m.config()
	c.Seller = otherSeller
	if _, err := m.client(t, c).Prepare(t.Context(), m.charge(two, money.MiniProgram)); !errors.Is(err, charge.Refused) {
		t.Errorf("for another seller: %v", err)
	}
}

func TestAChargeIsClosedOnceAndNotWhenPaid(t *testing.T) {
	m := newMarket(t)
	if _, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.pay.Close(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Pay(one, "alice"); err == nil {
		t.Error("what is closed can be paid")
	}
	if got, err := m.pay.Find(t.Context(), one); err != nil || got != (charge.Receipt{Number: one, State: charge.Closed, Fen: 1250}) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram)); !errors.Is(err, charge.Refused) {
		t.Errorf("prepared once it is closed: %v", err)
	}
	m.paid(t, two)
	if err := m.pay.Close(t.Context(), two); !errors.Is(err, charge.AlreadyPaid) {
		t.Errorf("closed once it is paid: %v", err)
	}
}

func TestAChargeNotPaidInTimeIsClosed(t *testing.T) {
	m := newMarket(t)
	if _, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram)); err != nil {
		t.Fatal(err)
	}
	m.clock.Pass(15 * time.Minute)
	if err := m.Pay(one, "alice"); err == nil {
		t.Error("it is paid too late")
	}
	if got, err := m.pay.Find(t.Context(), one); err != nil || got.State != charge.Closed {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatBecameOfALostAnswerIsFoundAndNothingIsDoneTwice(t *testing.T) {
	m := newMarket(t)
	for _, kind := range []trouble.Kind{trouble.LostAnswers, trouble.Down, trouble.Limited} {
		m.Trouble.Make(kind, 1)
		_, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram))
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("%d: %v", kind, err)
		}
		says(t, err, m.UserID("alice"), "127.0.0.1", "12.50")
	}
	if got, err := m.pay.Find(t.Context(), one); err != nil || got.State != charge.Pending {
		t.Errorf("%+v, %v", got, err)
	}
	m.paid(t, one)
	refund := charge.Refund{Number: backOne, PaymentNumber: one, Fen: 500, PaidFen: 1250}
	m.Trouble.Make(trouble.LostAnswers, 1)
	if _, err := m.pay.Refund(t.Context(), refund); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a refund: %v", err)
	}
	if got, err := m.pay.FindRefund(t.Context(), one, backOne); err != nil || got.State != charge.Done || got.Fen != 500 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := m.pay.Refund(t.Context(), refund); err != nil || got.State != charge.Done {
		t.Errorf("%+v, %v", got, err)
	}
	if got := m.states(); got != one+" TRADE_SUCCESS 1250-500" {
		t.Error(got)
	}
}
