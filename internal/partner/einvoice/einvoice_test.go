package einvoice_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/internal/fault"
	"parkbff/internal/partner/einvoice"
	sandbox "parkbff/internal/partner/sandbox/einvoice"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
)

const (
	sellerTax = "91440300552114241P"
	buyerTax  = "9144030071526726XG"
	someID    = "11010519491231002X"
	someMail  = "alice@example.cn"
	somePhone = "13800138000"
)

var start = time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)

type world struct {
	*sandbox.Sandbox
	clock  *testkit.Clock
	config einvoice.Config
	client *einvoice.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: testkit.NewClock(start)}
	var err error
	w.Sandbox, err = sandbox.New(sandbox.App{Key: "app", Secret: "secret"}, sandbox.Seller{Name: "深圳市示例停车管理有限公司", TaxNumber: sellerTax, Clerk: "王小明"}, w.clock, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	base := serve(t, w.Sandbox)
	w.config = einvoice.Config{
		BaseURL: base, TokenURL: base, AppKey: "app", AppSecret: "secret", TaxCode: einvoice.Parking, Rate: einvoice.General, Files: []string{strings.TrimPrefix(base, "http://")},
		Seller: einvoice.Seller{Name: "深圳市示例停车管理有限公司", TaxNumber: sellerTax, Address: "深圳市福田区梅林街道1号", Phone: "0755-12345678", Bank: "招商银行梅林支行", Account: "755900000010001", Clerk: "王小明"},
	}
	w.client = client(t, w.config, w.clock)
	return w
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func client(t *testing.T, c einvoice.Config, k *testkit.Clock) *einvoice.Client {
	t.Helper()
	made, err := einvoice.New(c, k)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func request(number string) einvoice.Request {
	return einvoice.Request{
		Number: number, Buyer: einvoice.Buyer{Name: "腾讯科技（深圳）有限公司", TaxNumber: buyerTax},
		Lines:  []einvoice.Line{{Name: "停车费", Unit: "次", Quantity: 3, Fen: 3000}, {Name: "停车费（夜间）", Fen: 1}},
		Remark: "停车订单：PK1、PK2\n车牌：粤B***45", Mail: someMail, Mobile: somePhone,
	}
}

// issue has an invoice issued.
func (w *world) issue(t *testing.T, r einvoice.Request) einvoice.Result {
	t.Helper()
	if _, err := w.client.Issue(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	w.Finish()
	return w.found(t, r.Number, einvoice.Issued)
}

func (w *world) found(t *testing.T, number string, want einvoice.State) einvoice.Result {
	t.Helper()
	found, err := w.client.Find(t.Context(), number)
	if err != nil || found.State != want {
		t.Fatalf("%s is %s, %v; want %s", number, found.State, err, want)
	}
	return found
}

func TestAnInvoiceIsIssuedInAWhile(t *testing.T) {
	w := newWorld(t)
	w.found(t, "A1", einvoice.Unknown)
	serial, err := w.client.Issue(t.Context(), request("A1"))
	if err != nil || len(serial) != 20 {
		t.Fatalf("%q, %v", serial, err)
	}
	if got := w.found(t, "A1", einvoice.Issuing); got.Serial != serial || got.InvoiceNumber != "" || got.PDF != "" {
		t.Errorf("while it is being issued: %+v", got)
	}
	w.clock.Pass(sandbox.Takes)
	got := w.found(t, "A1", einvoice.Issued)
	if got.Serial != serial || len(got.InvoiceNumber) != 20 || !got.IssuedAt.Equal(start.Add(sandbox.Takes)) || got.Fen != 3001 || got.FailureCode != "" {
		t.Errorf("issued: %q %q %v %d", got.Serial, got.InvoiceNumber, got.IssuedAt, got.Fen)
	}
	pdf, err := w.client.Fetch(t.Context(), got.PDF)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("%d bytes, %v", len(pdf), err)
	}
	again, err := w.client.Fetch(t.Context(), got.PDF)
	if err != nil || !bytes.Equal(again, pdf) {
		t.Errorf("fetched again it is another, %v", err)
	}
	want := []sandbox.Delivery{{InvoiceNumber: got.InvoiceNumber, Mail: someMail, Mobile: somePhone}}
	if diff := cmp.Diff(want, w.Deliveries()); diff != "" {
		t.Error(diff)
	}
}

func TestEveryKindOfBuyerRateAndPlaceIsTaken(t *testing.T) {
	w := newWorld(t)
	person := request("P1")
	person.Buyer, person.Mail, person.Mobile = einvoice.Buyer{Name: "张三", NaturalPerson: true}, "", ""
	withID := request("P2")
	withID.Buyer, withID.Mobile = einvoice.Buyer{Name: "张三", NaturalPerson: true, TaxNumber: someID}, ""
	whole := request("P3")
	whole.Buyer.Address, whole.Buyer.Phone, whole.Buyer.Bank, whole.Buyer.Account, whole.Mail = "深圳市南山区1号", "0755-1", "招商银行", "123", ""
	place := request("P4")
	place.Lines = []einvoice.Line{{Name: "停车费", Fen: 1500}}
	place.Place = &einvoice.Place{Region: "广东省深圳市福田区", Address: "梅林街道1号", From: "2026-11-21 08:00", To: "2026-11-21 10:30"}
	for _, r := range []einvoice.Request{person, withID, whole, place} {
		got := w.issue(t, r)
		if _, err := w.client.Fetch(t.Context(), got.PDF); err != nil {
			t.Errorf("%s: %v", r.Number, err)
		}
	}
	if got := len(w.Deliveries()); got != 3 {
		t.Errorf("%d were sent, not to the one who wants none", got)
	}
	for n, rate := range []einvoice.Rate{einvoice.Simplified3, einvoice.Simplified5} {
		w.config.Rate, w.config.Extension = rate, "923"
		w.client = client(t, w.config, w.clock)
		w.issue(t, request(fmt.Sprintf("R%d", n)))
	}
}

func TestTheSameNumberIsInvoicedOnce(t *testing.T) {
	w := newWorld(t)
	w.Trouble.Make(trouble.LostAnswers, 1)
	if _, err := w.client.Issue(t.Context(), request("A1")); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("the answer was lost: %v", err)
	}
	serial := w.found(t, "A1", einvoice.Issuing).Serial
	for range 2 {
		if got, err := w.client.Issue(t.Context(), request("A1")); err != nil || got != serial {
			t.Errorf("%q, not %q, %v", got, serial, err)
		}
		w.Finish()
	}
	other := request("A1")
	other.Lines[0].Fen++
	if _, err := w.client.Issue(t.Context(), other); !errors.Is(err, einvoice.Refused) || fault.As(err).Field() != "number" {
		t.Errorf("another invoice under the number: %v", err)
	}
	if got := w.Issued(); got != 1 {
		t.Errorf("%d were issued", got)
	}
}

func TestOfAFailedInvoiceTheCodeIsKnownAndItMayBeTriedAgain(t *testing.T) {
	w := newWorld(t)
	for code, want := range map[string]string{"E3101": "E3101", "粤B12345税号" + buyerTax: "22"} {
		w.Fail(code)
		number := "F" + want
		serial, err := w.client.Issue(t.Context(), request(number))
		if err != nil {
			t.Fatal(err)
		}
		w.Finish()
		if got := w.found(t, number, einvoice.Failed); got.FailureCode != want || got.InvoiceNumber != "" {
			t.Errorf("%s: %q", code, got.FailureCode)
		}
		if err := w.client.Retry(t.Context(), number, serial); err != nil {
			t.Error(err)
		}
		w.Finish()
		if got := w.found(t, number, einvoice.Issued); got.Serial != serial {
			t.Errorf("tried again it has another serial, %q", got.Serial)
		}
		if err := w.client.Retry(t.Context(), number, serial); !errors.Is(err, einvoice.Refused) {
			t.Errorf("an issued one: %v", err)
		}
	}
}

func TestWhatTheServiceDoesNotTakeIsRefusedWithoutItsWords(t *testing.T) {
	w := newWorld(t)
	for name, spoil := range map[string]func(*einvoice.Request){
		"a digit of the credit code": func(r *einvoice.Request) { r.Buyer.TaxNumber = "9144030071526726XH" },
		"a digit of the resident id": func(r *einvoice.Request) {
			r.Buyer = einvoice.Buyer{Name: "张三", NaturalPerson: true, TaxNumber: "110105194912310021"}
		},
		"a place without its day": func(r *einvoice.Request) {
			r.Lines = []einvoice.Line{{Name: "停车费", Fen: 1}}
			r.Place = &einvoice.Place{Region: "广东省深圳市福田区", Address: "1号", From: "2026-11-21", To: "2026-11-22"}
		},
	} {
		r := request("A1")
		spoil(&r)
		_, err := w.client.Issue(t.Context(), r)
		if !errors.Is(err, einvoice.Refused) || !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "E9999") {
			t.Errorf("%s: %v, %v", name, err, errors.Unwrap(err))
		}
		says(t, err, "腾讯", "张三", "9144", "1101")
	}
	w.found(t, "A1", einvoice.Unknown)
}

func TestWhatCannotBeAnInvoiceIsNotEvenSent(t *testing.T) {
	w := newWorld(t)
	for field, spoil := range map[string]func(*einvoice.Request){
		"number":          func(r *einvoice.Request) { r.Number = strings.Repeat("1", 21) },
		"buyer.name":      func(r *einvoice.Request) { r.Buyer.Name = strings.Repeat("长", 101) },
		"buyer.taxNumber": func(r *einvoice.Request) { r.Buyer.TaxNumber = "" },
		"buyer.address":   func(r *einvoice.Request) { r.Buyer.Address = strings.Repeat("长", 81) },
		"buyer.phone":     func(r *einvoice.Request) { r.Buyer.Phone = strings.Repeat("1", 21) },
		"buyer.bank":      func(r *einvoice.Request) { r.Buyer.Bank = strings.Repeat("长", 101) },
		"remark":          func(r *einvoice.Request) { r.Remark = strings.Repeat("长", 201) },
		"mail":            func(r *einvoice.Request) { r.Mail = "a@b.cn\r\nBcc: c@d.cn" },
		"mobile":          func(r *einvoice.Request) { r.Mobile = "+8613800138000" },
		"lines":           func(r *einvoice.Request) { r.Lines = nil },
		"lines.0":         func(r *einvoice.Request) { r.Lines[0].Fen = 0 },
		"lines.1":         func(r *einvoice.Request) { r.Lines[1].Name = "" },
		"place":           func(r *einvoice.Request) { r.Place = &einvoice.Place{Region: "广东省", Address: "1号"} },
	} {
		r := request("A1")
		spoil(&r)
		if _, err := w.client.Issue(t.Context(), r); !errors.Is(err, einvoice.Refused) || fault.As(err).Field() != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if w.Signs() != 0 {
		t.Error("the service was asked")
	}
}

func TestAnIncompleteConfigurationIsRefused(t *testing.T) {
	whole := newWorld(t).config
	whole.BaseURL, whole.TokenURL, whole.Files = einvoice.Endpoint, einvoice.TokenEndpoint, nil
	if _, err := einvoice.New(whole, testkit.NewClock(start)); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*einvoice.Config){
		"no URL": func(c *einvoice.Config) { c.BaseURL = "" }, "no token URL": func(c *einvoice.Config) { c.TokenURL = "open" },
		"no key": func(c *einvoice.Config) { c.AppKey = "" }, "no secret": func(c *einvoice.Config) { c.AppSecret = "" },
		"no seller": func(c *einvoice.Config) { c.Seller.Name = "" }, "no clerk": func(c *einvoice.Config) { c.Seller.Clerk = "" },
		"no tax number": func(c *einvoice.Config) { c.Seller.TaxNumber = "1" }, "no tax code": func(c *einvoice.Config) { c.TaxCode = "304" },
		"no rate": func(c *einvoice.Config) { c.Rate = 130 }, "no extension": func(c *einvoice.Config) { c.Extension = "a" },
		"no host": func(c *einvoice.Config) { c.Files = []string{"https://inv.jss.com.cn/"} },
	} {
		wrong := whole
		spoil(&wrong)
		if _, err := einvoice.New(wrong, testkit.NewClock(start)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestNothingPersonalIsPrinted(t *testing.T) {
	w := newWorld(t)
	result := w.issue(t, request("A1"))
	reversal := einvoice.Reversal{Buyer: request("A1").Buyer, Mail: someMail}
	var out bytes.Buffer
	for _, value := range []any{request("A1"), request("A1").Buyer, result, reversal, w.config} {
		fmt.Fprintf(&out, "%v %+v %#v %s", value, value, value, value)
		slog.New(slog.NewTextHandler(&out, nil)).Info("seen", "value", value)
	}
	for _, secret := range []string{"腾讯", buyerTax, someMail, somePhone, "粤B", result.PDF, "secret"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s appears", secret)
		}
	}
}

func TestAPriceIsPartedIntoAmountAndTaxThatAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.SampledFrom([]einvoice.Rate{einvoice.General, einvoice.Simplified5, einvoice.Simplified3}).Draw(t, "rate")
		fen := rapid.Int64Range(-1_000_000_000_000, 1_000_000_000_000).Draw(t, "fen")
		net, tax := rate.Split(fen)
		if net+tax != fen {
			t.Fatalf("%d + %d is not %d", net, tax, fen)
		}
		// Half a fen at most from fen × rate / (1 + rate).
		whole := 1000 + int64(rate)
		if off := tax*whole - fen*int64(rate); 2*off > whole || 2*off < -whole {
			t.Fatalf("the tax of %d is %d", fen, tax)
		}
		if back, taxBack := rate.Split(-fen); back != -net || taxBack != -tax {
			t.Fatalf("taken back, %d is %d and %d", fen, back, taxBack)
		}
	})
	if net, tax := einvoice.General.Split(3000); net != 2752 || tax != 248 {
		t.Errorf("%d and %d", net, tax)
	}
}

// says fails when the whole chain of an error, as a log would show it, holds any of the words.
func says(t *testing.T, err error, never ...string) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, word := range never {
			if strings.Contains(err.Error(), word) {
				t.Errorf("the error says %s", err)
			}
		}
	}
}
