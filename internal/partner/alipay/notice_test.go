package alipay_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"parkbff/internal/money"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/vouch"
)

// told is the notice of a payment.
func (m *market) told(t testing.TB, number string) url.Values {
	t.Helper()
	form, err := m.Notice(number)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func TestANoticeTellsOfAPaymentAndWantsToHearSuccess(t *testing.T) {
	m := newMarket(t)
	m.clock.Pass(time.Second)
	m.paid(t, one)
	m.clock.Pass(time.Minute)
	got, err := m.pay.Notice(m.told(t, one))
	if err != nil {
		t.Fatal(err)
	}
	if want, err := m.pay.Find(t.Context(), one); err != nil || got.Payment == nil || *got.Payment != want || got.Refund != nil {
		t.Errorf("%+v, want %+v", got.Payment, want)
	}
	if got.Reply.Status != http.StatusOK || string(got.Reply.Body) != "success" {
		t.Errorf("%d %s", got.Reply.Status, got.Reply.Body)
	}
}

func TestANoticeOfAnUnpaidChargeTellsThatItIsOpenOrClosed(t *testing.T) {
	m := newMarket(t)
	if _, err := m.pay.Prepare(t.Context(), m.charge(one, money.MiniProgram)); err != nil {
		t.Fatal(err)
	}
	for _, state := range []charge.State{charge.Pending, charge.Closed} {
		got, err := m.pay.Notice(m.told(t, one))
		if err != nil || got.Payment == nil || *got.Payment != (charge.Receipt{Number: one, State: state, Fen: 1250}) {
			t.Errorf("%s: %+v, %v", state, got, err)
		}
		m.clock.Pass(time.Hour)
	}
}

func TestARefundIsNotTakenForASecondPayment(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	for i, r := range []charge.Refund{
		{Number: backOne, PaymentNumber: one, Fen: 500, PaidFen: 1250}, {Number: backTwo, PaymentNumber: one, Fen: 750, PaidFen: 1250},
	} {
		m.clock.Pass(time.Minute)
		receipt, err := m.pay.Refund(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		form, err := m.RefundNotice(one, r.Number)
		if err != nil {
			t.Fatal(err)
		}
		receipt.Fen = 0 // only the sum is told
		got, err := m.pay.Notice(form)
		if err != nil || got.Payment != nil || got.Refund == nil || *got.Refund != receipt || string(got.Reply.Body) != "success" {
			t.Errorf("refund %d: %+v, %v", i, got, err)
		}
	}
}

func TestARefundByHandAndANoticeOfAnotherKindAreOnlyRepliedTo(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	for name, change := range map[string]func(url.Values){
		"by hand":         func(f url.Values) { f.Set("gmt_refund", "2026-11-21 09:00:00.320"); f.Set("refund_fee", "1.00") },
		"of another kind": func(f url.Values) { f.Set("notify_type", "dut_user_sign") },
	} {
		form := m.told(t, one)
		change(form)
		got, err := m.pay.Notice(m.signed(t, form))
		if err != nil || got.Payment != nil || got.Refund != nil || string(got.Reply.Body) != "success" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// signed signs a changed notice anew, as Alipay.
func (m *market) signed(t testing.TB, form url.Values) url.Values {
	t.Helper()
	form.Del("sign")
	form.Del("sign_type")
	form, err := m.SignNotice(mini, form)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func TestAForgedNoticeIsRefused(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	for name, change := range map[string]func(url.Values){
		"no signature":        func(f url.Values) { f.Del("sign") },
		"another signature":   func(f url.Values) { f.Set("sign", "AAAA") },
		"a broken signature":  func(f url.Values) { f.Set("sign", "*") },
		"another kind of it":  func(f url.Values) { f.Set("sign_type", "RSA") },
		"another amount":      func(f url.Values) { f.Set("total_amount", "0.01") },
		"another number":      func(f url.Values) { f.Set("out_trade_no", two) },
		"one parameter more":  func(f url.Values) { f.Set("more", "1") },
		"one parameter less":  func(f url.Values) { f.Del("subject") },
		"one parameter twice": func(f url.Values) { f.Add("out_trade_no", two) },
		"two made one": func(f url.Values) { // whose signature is the same
			f.Set("app_id", f.Get("app_id")+"&auth_app_id="+f.Get("auth_app_id"))
			f.Del("auth_app_id")
		},
		"two made one, unseen": func(f url.Values) {
			f.Set("charset", f.Get("charset")+"&gmt_create="+f.Get("gmt_create"))
			f.Del("gmt_create")
		},
		"nothing at all": func(f url.Values) { clear(f) },
	} {
		form := m.told(t, one)
		change(form)
		got, err := m.pay.Notice(form)
		if !errors.Is(err, vouch.Forged) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, m.UserID("alice"), one, seller)
	}
}

func TestASignedNoticeThatIsNotOursOrNotFreshIsRefused(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	for name, change := range map[string]func(url.Values){
		"another app's":    func(f url.Values) { f.Set("app_id", other) },
		"another seller's": func(f url.Values) { f.Set("seller_id", otherSeller) },
		"no seller's":      func(f url.Values) { f.Del("seller_id") },
		"too old":          func(f url.Values) { f.Set("notify_time", "2026-11-20 06:59:59") },
		"too early":        func(f url.Values) { f.Set("notify_time", "2026-11-21 09:10:01") },
		"of no time":       func(f url.Values) { f.Del("notify_time") },
		"of no number":     func(f url.Values) { f.Del("out_trade_no") },
		"of no trade":      func(f url.Values) { f.Del("trade_no") },
		"of no state":      func(f url.Values) { f.Set("trade_status", "PAID") },
		"of no amount":     func(f url.Values) { f.Set("total_amount", "1e3") },
		"paid at no time":  func(f url.Values) { f.Set("gmt_payment", "") },
		"back at no time":  func(f url.Values) { f.Set("gmt_refund", "now"); f.Set("refund_fee", "1.00") },
		"back no amount":   func(f url.Values) { f.Set("gmt_refund", "2026-11-21 09:00:00"); f.Set("refund_fee", "") },
	} {
		form := m.told(t, one)
		change(form)
		if got, err := m.pay.Notice(m.signed(t, form)); !errors.Is(err, vouch.Forged) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	theirs := m.client(t, m.another())
	if _, err := theirs.Notice(m.told(t, one)); !errors.Is(err, vouch.Forged) {
		t.Errorf("our notice at another merchant: %v", err)
	}
}

func TestANoticeThatIsRepeatedForADayIsTaken(t *testing.T) {
	m := newMarket(t)
	m.paid(t, one)
	form := m.told(t, one)
	m.clock.Pass(25 * time.Hour)
	if got, err := m.pay.Notice(form); err != nil || got.Payment == nil {
		t.Errorf("after a day: %v", err)
	}
	m.clock.Pass(time.Hour + time.Second)
	if _, err := m.pay.Notice(form); !errors.Is(err, vouch.Forged) {
		t.Errorf("after longer: %v", err)
	}
}

func TestAlipaySendsItsNoticesToWhereTheyAreWanted(t *testing.T) {
	m := newMarket(t)
	var pay *alipay.Pay
	var told []string
	address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		n, err := pay.Notice(r.PostForm)
		if err != nil {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		if n.Payment != nil {
			told = append(told, "payment "+n.Payment.Number+" "+string(n.Payment.State))
		} else {
			told = append(told, "refund "+n.Refund.Number)
		}
		w.WriteHeader(n.Reply.Status)
		_, _ = w.Write(n.Reply.Body)
	}))
	c := m.config()
	c.NotifyURL = address
	pay = m.client(t, c)
	m.Automatic()
	launch, err := pay.Prepare(t.Context(), m.charge(one, money.H5))
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(launch.URL + "&pay=1")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if _, err := pay.Refund(t.Context(), charge.Refund{Number: backOne, PaymentNumber: one, Fen: 1, PaidFen: 1250}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.DeliverRefund(one, backOne), m.Deliver(one)); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(told); got != fmt.Sprintf("[payment %s DONE refund %s payment %s DONE]", one, backOne, one) {
		t.Error(got)
	}
	deaf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "later") }))
	defer deaf.Close()
	c.NotifyURL = deaf.URL
	if _, err := m.client(t, c).Prepare(t.Context(), m.charge(two, money.MiniProgram)); err != nil {
		t.Fatal(err)
	}
	if err := m.Pay(two, "alice"); err == nil || !strings.HasSuffix(m.states(), two+" TRADE_SUCCESS 1250-0") {
		t.Errorf("not taken in: %v, %s", err, m.states())
	}
}

// paidInApp makes a payment and pays it, without asking over the network: a fuzzer measures what runs beside it.
func (m *market) paidInApp(f *testing.F, number string) {
	f.Helper()
	launch, err := m.pay.Prepare(f.Context(), m.charge(number, money.App))
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(m.Open(launch.Parameters[0].Value), m.Pay(number, "alice")); err != nil {
		f.Fatal(err)
	}
}

// Whatever is signed, the reader answers a notice with its reply, or that it is forged.
func FuzzTheReaderOfNoticesSurvivesAnything(f *testing.F) {
	m := newMarket(f)
	m.paidInApp(f, one)
	form := m.told(f, one)
	f.Add(form.Encode())
	form.Set("gmt_refund", "2026-11-21 09:00:00.320")
	form.Set("refund_fee", "1.00")
	form.Set("out_biz_no", backOne)
	f.Add(form.Encode())
	f.Fuzz(func(t *testing.T, text string) {
		form, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		n, err := m.pay.Notice(m.signed(t, form))
		if err != nil && (n != nil || !errors.Is(err, vouch.Forged)) || err == nil && string(n.Reply.Body) != "success" {
			t.Errorf("%+v, %v", n, err)
		}
	})
}
