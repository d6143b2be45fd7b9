package wechatpay_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/vouch"
)

func TestANoticeTellsOfAPaymentAndOfItsRefunds(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	header, body, err := w.Notice(number)
	must(t, err)
	for range 2 { // a repetition is taken in again: whoever keeps the books does it once
		got, err := w.client.Notice(header, body)
		must(t, err)
		if p := got.Payment; p == nil || p.Number != number || p.State != charge.Done || p.Fen != 1250 || p.Transaction == "" || !p.PaidAt.Equal(w.clock.Now()) {
			t.Errorf("%+v", p)
		}
		if got.Refund != nil || got.Reply.Status != http.StatusNoContent || len(got.Reply.Body) != 0 {
			t.Errorf("%+v", got.Reply)
		}
	}
	for number, end := range map[string]struct {
		how  func(string) error
		want charge.State
	}{"REFUND1": {w.FinishRefund, charge.Done}, "REFUND2": {w.FailRefund, charge.Closed}} {
		_, err := w.client.Refund(t.Context(), charge.Refund{Number: number, PaymentNumber: "01KAQ0000000000000000000A1", Fen: 50, PaidFen: 1250})
		must(t, err)
		must(t, end.how(number))
		header, body, err := w.Notice(number)
		must(t, err)
		got, err := w.client.Notice(header, body)
		if err != nil || got.Payment != nil || got.Refund == nil || got.Refund.Number != number || got.Refund.State != end.want || got.Refund.Fen != 50 {
			t.Errorf("%s: %+v, %v", number, got, err)
		}
	}
}

func TestAForgedNoticeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	header, body, err := w.Notice(number)
	must(t, err)
	changed := func(name, value string) http.Header {
		h := header.Clone()
		h.Set(name, value)
		return h
	}
	for name, forgery := range map[string]struct {
		header http.Header
		body   string
	}{
		"no headers":               {http.Header{}, string(body)},
		"no signature":             {changed("Wechatpay-Signature", ""), string(body)},
		"another signature":        {changed("Wechatpay-Signature", strings.Repeat("A", 342)+"=="), string(body)},
		"a probe of WeChat's":      {changed("Wechatpay-Signature", "WECHATPAY/SIGNTEST/"+header.Get("Wechatpay-Signature")), string(body)},
		"another nonce":            {changed("Wechatpay-Nonce", "0"), string(body)},
		"no nonce":                 {changed("Wechatpay-Nonce", ""), string(body)},
		"another time":             {changed("Wechatpay-Timestamp", strconv.FormatInt(w.clock.Now().Unix()+1, 10)), string(body)},
		"no time":                  {changed("Wechatpay-Timestamp", "now"), string(body)},
		"another key":              {changed("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A7200000001"), string(body)},
		"another kind":             {changed("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"), string(body)},
		"one blank more":           {header, string(body) + " "},
		"another content":          {header, strings.Replace(string(body), `"ciphertext":"`, `"ciphertext":"A`, 1)},
		"nothing":                  {header, ""},
		"more than anybody writes": {header, strings.Repeat(" ", 1<<20)},
	} {
		_, err := w.client.Notice(forgery.header, []byte(forgery.body))
		if !errors.Is(err, vouch.Forged) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err)
	}
	deceived := w.config()
	deceived.PlatformKeys[0].PEM = swapped(w.keys).PlatformPublic()
	if _, err := client(t, w, deceived).Notice(header, body); !errors.Is(err, vouch.Forged) {
		t.Errorf("signed by somebody else: %v", err)
	}
}

func TestANoticeOfAnotherTimeIsRefused(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	header, body, err := w.Notice(number)
	must(t, err)
	for _, off := range []time.Duration{5*time.Minute + time.Second, -5*time.Minute - time.Second} {
		at := w.clock.Now()
		w.clock.Pass(off)
		if _, err := w.client.Notice(header, body); !errors.Is(err, vouch.Forged) {
			t.Errorf("%s away: %v", off, err)
		}
		w.clock.Set(at)
	}
	w.clock.Pass(5 * time.Minute)
	if _, err := w.client.Notice(header, body); err != nil {
		t.Errorf("in time: %v", err)
	}
}

func TestANoticeOfAnotherMerchantOrAppIsRefused(t *testing.T) {
	w := newWorld(t)
	content := func(app, mch string) map[string]any {
		return map[string]any{
			"appid": app, "mchid": mch, "out_trade_no": number, "trade_state": "SUCCESS", "transaction_id": "42",
			"success_time": "2026-11-21T09:00:00+08:00", "amount": map[string]any{"total": 1250},
		}
	}
	for name, c := range map[string]struct {
		sealedFor string
		kind      string
		content   map[string]any
	}{
		"sealed for another":  {other, "TRANSACTION.SUCCESS", content(miniApp, merchant)},
		"another merchant":    {merchant, "TRANSACTION.SUCCESS", content(miniApp, other)},
		"no merchant":         {merchant, "TRANSACTION.SUCCESS", content(miniApp, "")},
		"another app":         {merchant, "TRANSACTION.SUCCESS", content(otherApp, merchant)},
		"no app":              {merchant, "TRANSACTION.SUCCESS", content("", merchant)},
		"a refund of another": {merchant, "REFUND.SUCCESS", map[string]any{"mchid": other, "out_refund_no": "R1", "out_trade_no": "P1", "refund_id": "5", "refund_status": "SUCCESS", "amount": map[string]any{"refund": 1}}},
		"of no state":         {merchant, "TRANSACTION.SUCCESS", map[string]any{"appid": miniApp, "mchid": merchant, "out_trade_no": number}},
		"a refund of nothing": {merchant, "REFUND.SUCCESS", map[string]any{"mchid": merchant, "out_refund_no": "R1", "out_trade_no": "P1", "refund_id": "5", "refund_status": "SUCCESS"}},
		"no object":           {merchant, "TRANSACTION.SUCCESS", map[string]any{"appid": 1}},
		"no object of refund": {merchant, "REFUND.SUCCESS", map[string]any{"mchid": 1}},
	} {
		header, body, err := w.Seal(c.sealedFor, c.kind, c.content)
		must(t, err)
		if got, err := w.client.Notice(header, body); !errors.Is(err, vouch.Forged) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	header, body, err := w.Seal(merchant, "TRANSACTION.SUCCESS", content(phoneApp, merchant))
	must(t, err)
	if got, err := w.client.Notice(header, body); err != nil || got.Payment == nil {
		t.Errorf("our own: %v", err)
	}
}

func TestWhatIsSignedAndCannotBeOpenedIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{
		`null`, `{}`, `[]`, `no JSON`, `{"event_type":"TRANSACTION.SUCCESS","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"","ciphertext":"AAAA"}}`,
		`{"event_type":"TRANSACTION.SUCCESS","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"123456789012","ciphertext":"*"}}`,
		`{"event_type":"TRANSACTION.SUCCESS","resource":{"algorithm":"PLAIN","nonce":"123456789012","ciphertext":""}}`,
	} {
		header, err := w.Sign([]byte(body))
		must(t, err)
		if _, err := w.client.Notice(header, []byte(body)); !errors.Is(err, vouch.Forged) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestWeChatCallsUntilItIsHeard(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	w.called.deaf = true
	for _, pause := range []time.Duration{0, 15 * time.Second, 15 * time.Second, 30 * time.Second} {
		w.clock.Pass(pause)
		if taken, left := w.Deliver(t.Context()); taken != 0 || left != 1 {
			t.Errorf("%d taken, %d left", taken, left)
		}
		if _, left := w.Deliver(t.Context()); left != 1 {
			t.Errorf("%d left", left)
		}
	}
	w.called.deaf = false
	if taken, _ := w.Deliver(t.Context()); taken != 0 {
		t.Error("called before it was time")
	}
	w.clock.Pass(3 * time.Minute)
	if taken, left := w.Deliver(t.Context()); taken != 1 || left != 0 || len(w.called.notices) != 1 {
		t.Errorf("%d taken, %d left, %d heard", taken, left, len(w.called.notices))
	}
	if got := w.called.notices[0].Payment; got == nil || got.Number != number {
		t.Errorf("%+v", got)
	}
}

func TestWeChatGivesUpAfterADay(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	w.called.deaf = true
	for end := w.clock.Now().Add(24*time.Hour + 4*time.Minute); !w.clock.Now().After(end); w.clock.Pass(15 * time.Second) {
		w.Deliver(t.Context())
	}
	if _, left := w.Deliver(t.Context()); left != 0 || w.called.calls != 16 {
		t.Errorf("called %d times, %d left", w.called.calls, left)
	}
}

func FuzzNotice(f *testing.F) {
	w := newWorld(f)
	of := w.ours()
	of.Way = money.H5
	if _, err := w.client.Prepare(f.Context(), of); err != nil {
		f.Fatal(err)
	}
	must(f, w.Pay(number, payer))
	_, body, err := w.Notice(number)
	must(f, err)
	f.Add("TRANSACTION.SUCCESS", `{"appid":"`+miniApp+`","mchid":"`+merchant+`","out_trade_no":"1","trade_state":"CLOSED"}`, body)
	f.Add("REFUND.SUCCESS", `{}`, []byte(`{"resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"1"}}`))
	f.Fuzz(func(t *testing.T, kind, content string, raw []byte) {
		header, err := w.Sign(raw)
		must(t, err)
		if got, err := w.client.Notice(header, raw); err != nil && !errors.Is(err, vouch.Forged) {
			t.Errorf("%+v, %v", got, err)
		}
		header, body, err := w.SealText(merchant, kind, content)
		must(t, err)
		got, err := w.client.Notice(header, body)
		switch {
		case err != nil && !errors.Is(err, vouch.Forged):
			t.Error(err)
		case err == nil && got.Payment != nil && (got.Payment.Number == "" || got.Payment.State == charge.Done && got.Payment.Fen <= 0):
			t.Errorf("%+v", got.Payment)
		case err == nil && got.Refund != nil && (got.Refund.Number == "" || got.Refund.Fen <= 0):
			t.Errorf("%+v", got.Refund)
		}
	})
}
