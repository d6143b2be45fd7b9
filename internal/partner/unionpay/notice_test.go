package unionpay_test

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay/acp"
	"parkbff/internal/partner/vouch"
)

func (w *world) notice(t testing.TB, number string) url.Values {
	t.Helper()
	form, err := w.Sandbox.Notice(number)
	if err != nil {
		t.Fatal(err)
	}
	return form
}

func TestANoticeTellsOfThePayment(t *testing.T) {
	w := newWorld(t)
	_, receipt := w.paid(t)
	got, err := w.ours.Notice(w.notice(t, number))
	if err != nil || got.Payment == nil || *got.Payment != receipt || got.Refund != nil || got.Reply.Status != http.StatusOK {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestANoticeTellsOfTheRefund(t *testing.T) {
	w := newWorld(t)
	_, receipt := w.paid(t)
	r := w.back(receipt)
	if _, err := w.ours.Refund(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	found, err := w.ours.FindRefund(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.ours.Notice(w.notice(t, refundNo))
	if err != nil || got.Refund == nil || *got.Refund != found || got.Payment != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestANoticeOfADeclinedCardDecidesNothing(t *testing.T) {
	w := newWorld(t)
	w.prepared(t)
	if err := w.Fail(number, "64"); err != nil {
		t.Fatal(err)
	}
	got, err := w.ours.Notice(w.notice(t, number))
	if err != nil || got.Payment == nil || got.Payment.State != charge.Pending || got.Payment.Fen != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAForgedNoticeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	good := w.notice(t, number)
	if _, err := w.ours.Notice(good); err != nil {
		t.Fatal(err)
	}
	changed := func(name string, values ...string) url.Values {
		form := maps.Clone(good)
		form[name] = values
		if len(values) == 0 {
			delete(form, name)
		}
		return form
	}
	for name, form := range map[string]url.Values{
		"another amount":    changed("txnAmt", "125"),
		"another number":    changed("orderId", "01K9XQ4ZP0000000000000000B"),
		"another outcome":   changed("respCode", "A6"),
		"no signature":      changed("signature"),
		"a bad signature":   changed("signature", "AAAA"),
		"no certificate":    changed("signPubKeyCert"),
		"another version":   changed("version", "5.0.0"),
		"another method":    changed("signMethod", "11"),
		"a field more":      changed("extra", "1"),
		"a field twice":     changed("txnAmt", "1250", "1250"),
		"another's account": changed("accNo", "6216***********0000"),
		"nothing":           {},
	} {
		got, err := w.ours.Notice(form)
		if !errors.Is(err, vouch.Forged) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
		silent(t, err, number, "6216", good.Get("queryId"))
	}
}

// What UnionPay has signed may still not be for us, or not mean what it seems to.
func TestASignedNoticeIsRefusedWhereItDoesNotFit(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	good, err := acp.FromForm(w.notice(t, number))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another merchant's": {"merId", neighbor},
		"an acquirer's":      {"accessType", "1"},
		"of 5.0.0":           {"version", "5.0.0"},
		"signed otherwise":   {"signMethod", "11"},
		"in GBK":             {"encoding", "GBK"},
		"no amount":          {"txnAmt", "0"},
		"a negative amount":  {"txnAmt", "-1"},
		"not in yuan":        {"currencyCode", "840"},
		"no transaction":     {"queryId", ""},
		"no number":          {"orderId", ""},
		"no time":            {"txnTime", ""},
		"no time of paying":  {"traceTime", ""},
		"a strange time":     {"traceTime", "1399000000"},
	} {
		m := maps.Clone(good)
		m[change[0]] = change[1]
		if got, err := w.ours.Notice(signAgain(t, w, m)); !errors.Is(err, vouch.Forged) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// signAgain is a message as UnionPay would sign it, whatever version it says it is of.
func signAgain(t *testing.T, w *world, m acp.Message) url.Values {
	t.Helper()
	for name, value := range m {
		if value == "" {
			delete(m, name)
		}
	}
	if err := m.Sign(w.keys.UnionPay.Key); err != nil {
		t.Fatal(err)
	}
	return m.Form()
}

func TestANoticeOfAnotherKindIsAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	m, err := acp.FromForm(w.notice(t, number))
	if err != nil {
		t.Fatal(err)
	}
	m["txnType"] = "31"
	got, err := w.ours.Notice(signAgain(t, w, m))
	if err != nil || got.Payment != nil || got.Refund != nil || got.Reply.Status != http.StatusOK {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnotherMerchantsNoticeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	if got, err := w.other.Notice(w.notice(t, number)); !errors.Is(err, vouch.Forged) || got != nil {
		t.Error(err)
	}
}

func TestAStaleNoticeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	form := w.notice(t, number)
	paidAt := w.clock.Now()
	for after, fresh := range map[time.Duration]bool{
		-11 * time.Minute: false, -9 * time.Minute: true, 24 * time.Hour: true, 24*time.Hour + time.Second: false, 366 * 24 * time.Hour: false,
	} {
		w.clock.Set(paidAt.Add(after))
		if _, err := w.ours.Notice(form); fresh != (err == nil) || !fresh && !errors.Is(err, vouch.Forged) {
			t.Errorf("after %v: %v", after, err)
		}
	}
}

func TestThatTwiceToldIsToldTheSame(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	form := w.notice(t, number)
	first, err := w.ours.Notice(form)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.ours.Notice(form)
	if err != nil || *second.Payment != *first.Payment {
		t.Error(err)
	}
}

// A payment just after midnight of New Year was asked for in the year before.
func TestAPaymentAcrossNewYearIsOfTheNewYear(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(time.Date(2026, 12, 31, 15, 59, 30, 0, time.UTC)) // 23:59:30 in Beijing
	_, receipt := w.paid(t)
	if want := time.Date(2026, 12, 31, 16, 1, 0, 0, time.UTC); !receipt.PaidAt.Equal(want) {
		t.Error(receipt.PaidAt)
	}
}

func TestNoticesArePostedOnTheirOwnWhenAskedFor(t *testing.T) {
	w := newWorld(t)
	var told []charge.State
	status := http.StatusOK
	hook := serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got, err := w.ours.Notice(r.PostForm)
		if err != nil {
			t.Error(err)
			return
		}
		told = append(told, got.Payment.State)
		rw.WriteHeader(status)
	}))
	config := w.config(merchant)
	config.NoticeURL = hook + "/callback/unionpay"
	w.ours = w.client(t, config)
	w.prepared(t)
	w.Automatic()
	status = http.StatusServiceUnavailable
	if err := w.Pay(t.Context(), number, "alice"); err == nil || len(told) != 1 || told[0] != charge.Done {
		t.Errorf("%v, %v", told, err)
	}
	status = http.StatusOK
	if got, err := w.Deliver(t.Context(), number); err != nil || got != http.StatusOK || len(told) != 2 {
		t.Errorf("%v, %v", told, err)
	}
}

// Whatever is posted and signed, the reader answers a notice or that it is forged.
func FuzzTheReaderOfNoticesSurvivesAnything(f *testing.F) {
	w := newWorld(f)
	w.paid(f)
	f.Add(w.notice(f, number).Encode(), true)
	f.Add("txnType=04&respCode=60&txnTime=20261121090000&merId="+merchant+"&accessType=0", true)
	f.Add("signPubKeyCert=-----BEGIN CERTIFICATE-----%0AAAAA%0A-----END CERTIFICATE-----&signature=%%", false)
	f.Fuzz(func(t *testing.T, body string, sign bool) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		if m, err := acp.FromForm(form); sign && err == nil {
			if form, err = w.Sign(m); err != nil {
				t.Fatal(err)
			}
		}
		got, err := w.ours.Notice(form)
		if err != nil && (got != nil || !errors.Is(err, vouch.Forged)) || err == nil && got.Reply.Status != http.StatusOK {
			t.Error(err)
		}
	})
}
