package alipay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
	sandbox "parkbff/internal/partner/sandbox/alipay"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
)

const (
	seller      = "2088000000000001"
	otherSeller = "2088000000000002"
	one         = "P0000000000000000000000001"
	two         = "P0000000000000000000000002"
	backOne     = "R0000000000000000000000001"
	backTwo     = "R0000000000000000000000002"
	notify      = "https://bff.example.cn/callback/alipay/pay"
)

var morning = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC) // nine in Beijing

// market is a stand-in with two merchants, and our client of the first.
type market struct {
	*sandbox.Sandbox
	clock *testkit.Clock
	keys  sandbox.Keys
	url   string
	pay   *alipay.Pay
}

func newMarket(t testing.TB) *market {
	t.Helper()
	keys, err := sandbox.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	m := &market{clock: testkit.NewClock(morning), keys: keys}
	m.Sandbox, err = sandbox.New(m.clock, rand.Reader,
		sandbox.App{ID: mini, Keys: keys, Seller: seller, Advances: true}, sandbox.App{ID: other, Keys: keys, Seller: otherSeller})
	if err != nil {
		t.Fatal(err)
	}
	m.url = serve(t, m.Sandbox)
	m.pay = m.client(t, m.config())
	return m
}

func (m *market) config() alipay.PayConfig {
	return alipay.PayConfig{
		App: alipay.Config{
			Gateway: m.url + "/gateway.do", AppID: mini, PrivateKey: m.keys.AppPrivate(), AlipayPublicKey: m.keys.AlipayPublic(),
			ContentKey: miniKey,
		},
		Seller: seller, NotifyURL: notify, ReturnURL: back, Advances: true,
	}
}

func (m *market) client(t testing.TB, c alipay.PayConfig) *alipay.Pay {
	t.Helper()
	p, err := alipay.NewPay(c, m.clock)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// behind is our client, with a handler before the stand-in.
func (m *market) behind(t testing.TB, h http.Handler) *alipay.Pay {
	t.Helper()
	c := m.config()
	c.App.Gateway = serve(t, h) + "/gateway.do"
	return m.client(t, c)
}

// reply is what the gateway says to a method, signed as Alipay.
func (m *market) reply(t testing.TB, method, said string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(said))
	signature, err := rsa.SignPKCS1v15(rand.Reader, m.keys.Alipay, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ReplaceAll(method, ".", "_") + "_response"
	return fmt.Sprintf(`{%q:%s,"sign":%q}`, name, said, base64.StdEncoding.EncodeToString(signature))
}

// saying is our client of a gateway that says one thing to one method.
func (m *market) saying(t testing.TB, method, said string) *alipay.Pay {
	t.Helper()
	reply := m.reply(t, method, said)
	return m.behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("method") != method {
			m.ServeHTTP(w, r)
			return
		}
		_, _ = io.WriteString(w, reply)
	}))
}

func (m *market) charge(number string, way money.Way) charge.Charge {
	return charge.Charge{
		Number: number, Fen: 1250, Description: "停车费", Way: way, Payer: m.UserID("alice"), ExpiresAt: m.clock.Now().Add(15 * time.Minute),
	}
}

// paid makes a payment and pays it.
func (m *market) paid(t testing.TB, number string) {
	t.Helper()
	if _, err := m.pay.Prepare(t.Context(), m.charge(number, money.MiniProgram)); err != nil {
		t.Fatal(err)
	}
	if err := m.Pay(number, "alice"); err != nil {
		t.Fatal(err)
	}
}

// states are the stand-in's trades, in short.
func (m *market) states() string {
	var all []string
	for _, p := range m.Payments() {
		all = append(all, fmt.Sprintf("%s %s %d-%d", p.Number, p.State, p.Fen, p.Refunded))
	}
	return strings.Join(all, ", ")
}

func parameter(t *testing.T, l charge.Launch, name string) string {
	t.Helper()
	if len(l.Parameters) != 1 || l.Parameters[0].Name != name || l.Parameters[0].Value == "" || l.URL != "" {
		t.Fatalf("no %s to launch with", name)
	}
	return l.Parameters[0].Value
}

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
	if got := visit(strings.Replace(h5.URL, "12.50", "00.01", 1)); got.StatusCode != http.StatusBadRequest {
		t.Errorf("another amount in the page's address: %s", got.Status)
	}
	if got := visit(h5.URL); got.StatusCode != http.StatusOK || m.states() != one+" WAIT_BUYER_PAY 1250-0" {
		t.Errorf("%s, %s", got.Status, m.states())
	}
	if got := visit(h5.URL + "&pay=1&person=alice"); got.StatusCode != http.StatusFound || got.Header.Get("Location") != back {
		t.Errorf("led to %q, %s", got.Header.Get("Location"), got.Status)
	}
	if err := m.Open(strings.Replace(order, "12.50", "00.01", 1)); err == nil {
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

func TestOnlyWhatAlipaySignedIsBelieved(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	for name, change := range map[string]func(string) string{
		"without a signature": func(reply string) string { return reply[:strings.Index(reply, `,"sign"`)] + "}" },
		"changed":             func(reply string) string { return strings.Replace(reply, "12.50", "00.50", 1) },
		"with a certificate of its own": func(reply string) string {
			return strings.Replace(reply, `{"alipay_trade`, `{"alipay_cert_sn":"mine","alipay_trade`, 1)
		},
		"cut":     func(reply string) string { return reply[:len(reply)/2] },
		"no JSON": func(string) string { return "<html>" },
		"a refusal that nobody signed": func(string) string {
			return `{"alipay_trade_query_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}`
		},
		"an error that nobody signed": func(string) string { return `{"error_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}` },
		"null":                        func(string) string { return `{"alipay_trade_query_response":null}` },
		"sealed":                      func(string) string { return `{"alipay_trade_query_response":"AAAA","sign":"AAAA"}` },
	} {
		pay := m.behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			m.ServeHTTP(recorder, r)
			_, _ = io.WriteString(w, change(recorder.Body.String()))
		}))
		if got, err := pay.Find(t.Context(), one); !errors.Is(err, fault.Unavailable) || got != (charge.Receipt{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	thief := m.config()
	thief.App.PrivateKey = swapped(m.keys).AppPrivate()
	if _, err := m.client(t, thief).Find(t.Context(), one); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another's key: %v", err)
	}
	if got, err := m.client(t, m.another()).Find(t.Context(), one); err != nil || got.State != charge.Unknown {
		t.Errorf("another merchant's question: %+v, %v", got, err)
	}
}

// another are the settings of the other merchant.
func (m *market) another() alipay.PayConfig {
	c := m.config()
	c.App.AppID, c.Seller = other, otherSeller
	return c
}

func TestASignedReplyOfAnotherTradeIsNotTaken(t *testing.T) {
	m := newMarket(t)
	good := `"code":"10000","trade_no":"20","trade_status":"TRADE_SUCCESS","total_amount":"12.50","send_pay_date":"2026-11-21 09:00:00"`
	for name, said := range map[string]string{
		"another number":      `{"out_trade_no":"` + two + `",` + good + `}`,
		"no number":           `{` + good + `}`,
		"an unknown state":    `{"out_trade_no":"` + one + `",` + strings.Replace(good, "TRADE_SUCCESS", "PAID", 1) + `}`,
		"no amount":           `{"out_trade_no":"` + one + `",` + strings.Replace(good, "12.50", "", 1) + `}`,
		"no time":             `{"out_trade_no":"` + one + `",` + strings.Replace(good, "2026-11-21 09:00:00", "", 1) + `}`,
		"a credit not agreed": `{"out_trade_no":"` + one + `","credit_pay_mode":"creditAdvanceV2",` + good + `}`,
		"no object":           `[]`,
		"odd types":           `{"code":"10000","out_trade_no":1}`,
	} {
		if got, err := m.saying(t, "alipay.trade.query", said).Find(t.Context(), one); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := m.saying(t, "alipay.trade.query", `{"out_trade_no":"`+one+`",`+good+`}`).Find(t.Context(), one); err != nil || !got.PaidAt.Equal(morning) {
		t.Errorf("the good one: %+v, %v", got, err)
	}
	create := m.saying(t, "alipay.trade.create", `{"code":"10000","out_trade_no":"`+two+`","trade_no":"20"}`)
	if _, err := create.Prepare(t.Context(), m.charge(one, money.MiniProgram)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another trade was made: %v", err)
	}
	closing := m.saying(t, "alipay.trade.close", `{"code":"10000","out_trade_no":"`+two+`"}`)
	if err := closing.Close(t.Context(), one); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another trade was closed: %v", err)
	}
}

func TestRefusalsOfPaymentsAreTranslated(t *testing.T) {
	m := newMarket(t)
	for sub, want := range map[string]error{
		"ACQ.TRADE_HAS_SUCCESS":                    charge.AlreadyPaid,
		"ACQ.BUYER_BALANCE_NOT_ENOUGH":             charge.Declined,
		"ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH":    charge.Declined,
		"ACQ.PAYMENT_REQUEST_HAS_RISK":             charge.Declined,
		"ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR": charge.Declined,
		"ACQ.BUYER_ENABLE_STATUS_FORBID":           charge.Declined,
		"ACQ.AGREEMENT_NOT_EXIST":                  charge.Declined,
		"ACQ.TOTAL_FEE_EXCEED":                     charge.Refused,
		"ACQ.CONTEXT_INCONSISTENT":                 charge.Refused,
		"isv.invalid-parameter":                    charge.Refused,
		"isv.insufficient-isv-permissions":         charge.Refused,
		"isv.invalid-signature":                    fault.Unavailable,
		"isv.invalid-app-id":                       fault.Unavailable,
		"ACQ.SYSTEM_ERROR":                         fault.Unavailable,
		"aop.ACQ.SYSTEM_ERROR":                     fault.Unavailable,
		"aop.unknow-error":                         fault.Unavailable,
		"isp.unknow-error":                         fault.Unavailable,
		"ACQ.SOMETHING_NEW":                        fault.Unavailable,
		"":                                         fault.Unavailable,
	} {
		said := fmt.Sprintf(`{"code":"40004","sub_code":%q,"sub_msg":"2088102 12.50"}`, sub)
		_, err := m.saying(t, "alipay.trade.create", said).Prepare(t.Context(), m.charge(one, money.MiniProgram))
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", sub, err)
		}
		says(t, err, "2088102", "12.50")
	}
}

func TestIncompleteSettingsOfPaymentsAreRefused(t *testing.T) {
	m := newMarket(t)
	for name, change := range map[string]func(*alipay.PayConfig){
		"no app":          func(c *alipay.PayConfig) { c.App.AppID = "" },
		"no seller":       func(c *alipay.PayConfig) { c.Seller = "" },
		"a name":          func(c *alipay.PayConfig) { c.Seller = "shop@example.cn" },
		"no notify URL":   func(c *alipay.PayConfig) { c.NotifyURL = "" },
		"half a URL":      func(c *alipay.PayConfig) { c.NotifyURL = "/callback" },
		"half a way back": func(c *alipay.PayConfig) { c.ReturnURL = "back" },
	} {
		c := m.config()
		change(&c)
		_, err := alipay.NewPay(c, m.clock)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		says(t, err, m.keys.AppPrivate())
	}
	if got := fmt.Sprintf("%v %+v %#v", m.config(), m.config(), m.config()); got != "config config config" {
		t.Error("the settings print themselves")
	}
}
