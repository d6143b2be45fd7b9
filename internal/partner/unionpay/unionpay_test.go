package unionpay_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/sandbox/trouble"
	sandbox "parkbff/internal/partner/sandbox/unionpay"
	"parkbff/internal/partner/unionpay"
	"parkbff/internal/testkit"
)

const (
	merchant = "777290058167151"
	neighbor = "777290058110048"
	number   = "01K9XQ4ZP0000000000000000A"
	refundNo = "01K9XQ4ZP0000000000000000R"
	product  = "000201"
)

// start is 09:00 in Beijing.
var start = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)

// world is a stand-in with two merchants, and our client of each.
type world struct {
	*sandbox.Sandbox
	clock *testkit.Clock
	url   string
	keys  sandbox.Keys
	ours  *unionpay.Client
	other *unionpay.Client
}

func newWorld(t testing.TB) *world {
	t.Helper()
	keys, err := sandbox.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: testkit.NewClock(start), keys: keys}
	w.Sandbox = sandbox.New(w.clock, rand.Reader, keys,
		sandbox.Merchant{ID: merchant, Identity: keys.Merchant, BizType: product, Bank: "ABC", Pays: true},
		sandbox.Merchant{ID: neighbor, Identity: keys.Merchant, BizType: product})
	w.url = serve(t, w.Sandbox)
	w.ours = w.client(t, w.config(merchant))
	w.other = w.client(t, w.config(neighbor))
	return w
}

func (w *world) config(merchantID string) unionpay.Config {
	return unionpay.Config{
		Gateway: w.url, Files: w.url + "/", MerchantID: merchantID,
		Certificate: w.keys.Merchant.CertificatePEM(), PrivateKey: w.keys.Merchant.KeyPEM(),
		Roots: w.keys.Root.CertificatePEM(), Intermediates: w.keys.Middle.CertificatePEM(),
		Product:   unionpay.Product{Ways: []money.Way{money.H5, money.App}, BizType: product},
		NoticeURL: "https://api.example.cn/callback/unionpay", ReturnURL: "https://h5.example.cn/paid",
	}
}

func (w *world) client(t testing.TB, config unionpay.Config) *unionpay.Client {
	t.Helper()
	c, err := unionpay.New(config, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// due is a charge of 12.50 yuan that may be paid for a quarter of an hour.
func (w *world) due(way money.Way) charge.Charge {
	now := w.clock.Now()
	return charge.Charge{Number: number, Fen: 1250, Description: "停车费", Way: way, CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute)}
}

// prepared is a charge that an app has been given.
func (w *world) prepared(t testing.TB) charge.Charge {
	t.Helper()
	due := w.due(money.App)
	if _, err := w.ours.Prepare(t.Context(), due); err != nil {
		t.Fatal(err)
	}
	return due
}

// paid is a charge that somebody has paid, and its receipt.
func (w *world) paid(t testing.TB) (charge.Charge, charge.Receipt) {
	t.Helper()
	due := w.prepared(t)
	w.clock.Pass(90 * time.Second)
	if err := w.Pay(t.Context(), number, "alice"); err != nil {
		t.Fatal(err)
	}
	receipt, err := w.ours.Find(t.Context(), due.Named())
	if err != nil {
		t.Fatal(err)
	}
	return due, receipt
}

func post(t *testing.T, address string, launch charge.Launch) (*http.Response, string) {
	t.Helper()
	form := url.Values{}
	for _, p := range launch.Parameters {
		form.Set(p.Name, p.Value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// silent fails where an error repeats one of the words.
func silent(t *testing.T, err error, words ...string) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, word := range words {
			if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), word) {
				t.Errorf("an error repeats %q", word)
			}
		}
	}
}

func TestAnAppIsGivenWhatUnionPaysOwnAppTakes(t *testing.T) {
	w := newWorld(t)
	launch, err := w.ours.Prepare(t.Context(), w.due(money.App))
	if err != nil || launch.URL != "" || len(launch.Parameters) != 1 || launch.Parameters[0].Name != "tn" || len(launch.Parameters[0].Value) != 21 {
		t.Fatalf("%v: %v", launch, err)
	}
	again, err := w.ours.Prepare(t.Context(), w.due(money.App))
	if err != nil || again.Parameters[0] != launch.Parameters[0] {
		t.Errorf("the same charge is another one the second time: %v", err)
	}
}

func TestABrowserPostsTheOrderItselfAndIsLedBackWhenItHasPaid(t *testing.T) {
	w := newWorld(t)
	due := w.due(money.H5)
	launch, err := w.ours.Prepare(t.Context(), due)
	if err != nil || launch.URL != w.url+"/gateway/api/frontTransReq.do" {
		t.Fatalf("%q: %v", launch.URL, err)
	}
	if got, err := w.ours.Find(t.Context(), due.Named()); err != nil || got.State != charge.Unknown {
		t.Errorf("UnionPay has heard of an order that nobody posted: %v, %v", got.State, err)
	}
	if response, body := post(t, launch.URL, launch); response.StatusCode != http.StatusOK || !strings.Contains(body, "停车费 1250") {
		t.Errorf("the page does not show the order: %d", response.StatusCode)
	}
	if got, err := w.ours.Find(t.Context(), due.Named()); err != nil || got.State != charge.Pending {
		t.Errorf("the order is not open: %v, %v", got.State, err)
	}
	response, _ := post(t, launch.URL+"?pay=1", launch)
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != "https://h5.example.cn/paid" {
		t.Errorf("the browser is not led back: %d", response.StatusCode)
	}
	if got, err := w.ours.Find(t.Context(), due.Named()); err != nil || got.State != charge.Done || got.Fen != 1250 {
		t.Errorf("the order is not paid: %v, %v", got.State, err)
	}
}

func TestAFormThatSomebodyChangedIsRefused(t *testing.T) {
	w := newWorld(t)
	launch, err := w.ours.Prepare(t.Context(), w.due(money.H5))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range launch.Parameters {
		if p.Name == "txnAmt" {
			launch.Parameters[i].Value = "1"
		}
	}
	if response, _ := post(t, launch.URL+"?pay=1", launch); response.StatusCode != http.StatusBadRequest {
		t.Errorf("answered with %d", response.StatusCode)
	}
}

func TestVariantsDifferInProductsAndBanks(t *testing.T) {
	w := newWorld(t)
	config := w.config(merchant)
	config.Product = unionpay.Product{Ways: []money.Way{money.MiniProgram}, BizType: product, ChannelType: "07", Bank: "ABC", Reserved: "{cardNumberLock=1}"}
	bank := w.client(t, config)
	if _, err := bank.Prepare(t.Context(), w.due(money.MiniProgram)); err != nil {
		t.Error(err)
	}
	if _, err := bank.Prepare(t.Context(), w.due(money.H5)); !errors.Is(err, charge.Refused) {
		t.Errorf("a way that is not offered: %v", err)
	}
	config.Product.Bank = "CCB"
	if _, err := w.client(t, config).Prepare(t.Context(), w.due(money.MiniProgram)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a bank that the merchant has no right to: %v", err)
	}
	config.Product.Bank, config.Product.BizType = "", "000301"
	if _, err := w.client(t, config).Prepare(t.Context(), w.due(money.MiniProgram)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a product that the merchant has no right to: %v", err)
	}
}

func TestWhatCannotBePaidIsNotPrepared(t *testing.T) {
	w := newWorld(t)
	nothing, over, noNumber := w.due(money.App), w.due(money.App), w.due(money.App)
	nothing.Fen, over.ExpiresAt, noNumber.Number = 0, w.clock.Now(), "no-number"
	noForm, lateForm := nothing, over
	noForm.Way, lateForm.Way = money.H5, money.H5
	for name, due := range map[string]charge.Charge{
		"nothing": nothing, "over": over, "no number": noNumber, "a form of nothing": noForm, "a form that is over": lateForm,
	} {
		if _, err := w.ours.Prepare(t.Context(), due); !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAChargeIsFoundAsFarAsItHasCome(t *testing.T) {
	w := newWorld(t)
	if got, err := w.ours.Find(t.Context(), w.due(money.App).Named()); err != nil || got.State != charge.Unknown || got.Number != number {
		t.Errorf("before: %+v, %v", got, err)
	}
	due := w.prepared(t)
	if got, err := w.ours.Find(t.Context(), due.Named()); err != nil || got.State != charge.Pending {
		t.Errorf("prepared: %+v, %v", got, err)
	}
	later := due.Named()
	later.CreatedAt = later.CreatedAt.Add(time.Second)
	if got, err := w.ours.Find(t.Context(), later); err != nil || got.State != charge.Unknown {
		t.Errorf("of another second: %+v, %v", got, err)
	}
	w.clock.Pass(time.Minute)
	if err := w.Pay(t.Context(), number, "alice"); err != nil {
		t.Fatal(err)
	}
	got, err := w.ours.Find(t.Context(), due.Named())
	if err != nil || got.State != charge.Done || got.Fen != 1250 || got.Number != number || len(got.Transaction) != 21 || !got.PaidAt.Equal(start.Add(time.Minute)) {
		t.Errorf("paid: %+v, %v", got, err)
	}
	if _, err := w.ours.Prepare(t.Context(), due); !errors.Is(err, charge.AlreadyPaid) {
		t.Errorf("prepared again: %v", err)
	}
}

func TestADeclinedCardLeavesTheChargeOpenUntilItsEnd(t *testing.T) {
	w := newWorld(t)
	due := w.prepared(t)
	if err := w.Fail(number, "64"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after time.Duration
		want  charge.State
	}{{14 * time.Minute, charge.Pending}, {19 * time.Minute, charge.Pending}, {20 * time.Minute, charge.Closed}} {
		w.clock.Set(start.Add(c.after))
		if got, err := w.ours.Find(t.Context(), due.Named()); err != nil || got.State != c.want {
			t.Errorf("after %v: %v, %v", c.after, got.State, err)
		}
	}
	if err := w.Pay(t.Context(), number, "alice"); err == nil {
		t.Error("paid after its end")
	}
}

func TestAPaymentWithFlawsIsAPayment(t *testing.T) {
	w := newWorld(t)
	due, _ := w.paid(t)
	if err := w.Fail(number, "A6"); err != nil {
		t.Fatal(err)
	}
	if got, err := w.ours.Find(t.Context(), due.Named()); err != nil || got.State != charge.Done {
		t.Errorf("%v, %v", got.State, err)
	}
}

func TestARefundIsNoPaymentAndAPaymentNoRefund(t *testing.T) {
	w := newWorld(t)
	due, receipt := w.paid(t)
	r := w.back(receipt)
	if _, err := w.ours.Refund(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got, err := w.ours.Find(t.Context(), charge.Named{Number: refundNo, CreatedAt: r.CreatedAt}); !errors.Is(err, fault.Unavailable) {
		t.Errorf("%v, %v", got.State, err)
	}
	r.Number, r.CreatedAt = number, due.CreatedAt
	if got, err := w.ours.FindRefund(t.Context(), r); !errors.Is(err, fault.Unavailable) {
		t.Errorf("%v, %v", got.State, err)
	}
}

func TestClosingTellsOfMoney(t *testing.T) {
	w := newWorld(t)
	due := w.prepared(t)
	if err := w.ours.Close(t.Context(), due.Named()); err != nil {
		t.Errorf("unpaid: %v", err)
	}
	if err := w.Pay(t.Context(), number, "alice"); err != nil {
		t.Fatal(err)
	}
	if err := w.ours.Close(t.Context(), due.Named()); !errors.Is(err, charge.AlreadyPaid) {
		t.Errorf("paid: %v", err)
	}
	w.Trouble.Make(trouble.Down, 1)
	if err := w.ours.Close(t.Context(), due.Named()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("nobody knows: %v", err)
	}
}

func TestAnotherMerchantDoesNotFindTheCharge(t *testing.T) {
	w := newWorld(t)
	due, _ := w.paid(t)
	if got, err := w.other.Find(t.Context(), due.Named()); err != nil || got.State != charge.Unknown {
		t.Errorf("%v, %v", got.State, err)
	}
}

func TestTroubleIsNeitherAYesNorANo(t *testing.T) {
	w := newWorld(t)
	due := w.due(money.App)
	for name, kind := range map[string]trouble.Kind{"down": trouble.Down, "limited": trouble.Limited, "lost": trouble.LostAnswers} {
		w.Trouble.Make(kind, 1)
		if _, err := w.ours.Prepare(t.Context(), due); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		w.Trouble.Make(kind, 1)
		if _, err := w.ours.Find(t.Context(), due.Named()); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := w.ours.Find(t.Context(), due.Named()); err != nil || got.State != charge.Pending {
		t.Errorf("the lost answer's order is not open: %v, %v", got.State, err)
	}
	if launch, err := w.ours.Prepare(t.Context(), due); err != nil || len(launch.Parameters) != 1 {
		t.Errorf("it is not prepared again: %v", err)
	}
}
