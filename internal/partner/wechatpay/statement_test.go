package wechatpay_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/sandbox/trouble"
)

var theDay = time.Date(2026, 11, 21, 12, 0, 0, 0, clock.Shanghai)

func TestAStatementHasWhatWasPaidAndRefundedThatDay(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	of := w.ours()
	of.Number, of.Way, of.Fen, of.Description = of.Number[:25]+"2", money.H5, 1, "停车费，临停, 一号"
	_, err := w.client.Prepare(t.Context(), of)
	must(t, err)
	w.clock.Pass(10 * time.Minute)
	must(t, w.Pay(of.Number, ""))
	_, err = w.client.Refund(t.Context(), charge.Refund{Number: "REFUND1", PaymentNumber: number, Fen: 250, PaidFen: 1250})
	must(t, err)
	w.clock.Set(time.Date(2026, 11, 22, 0, 0, 1, 0, clock.Shanghai)) // of the next day
	_, err = w.client.Refund(t.Context(), charge.Refund{Number: "REFUND2", PaymentNumber: number, Fen: 1000, PaidFen: 1250})
	must(t, err)

	w.clock.Set(time.Date(2026, 11, 22, 10, 0, 0, 0, clock.Shanghai))
	got, err := w.client.Statement(t.Context(), theDay)
	must(t, err)
	for i := range got {
		if got[i].Transaction == "" {
			t.Error("a line without a transaction")
		}
		got[i].Transaction = ""
	}
	morning := time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
	want := []charge.Line{
		{Number: number, Fen: 1250, At: morning},
		{Number: of.Number, Fen: 1, At: morning.Add(10 * time.Minute)},
		{Number: number, RefundNumber: "REFUND1", Fen: 250, At: morning.Add(10 * time.Minute)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAStatementIsThereFromTheNextMorningOn(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	for _, early := range []time.Time{theDay, time.Date(2026, 11, 22, 9, 59, 59, 0, clock.Shanghai)} {
		w.clock.Set(early)
		if got, err := w.client.Statement(t.Context(), theDay); !errors.Is(err, fault.Unavailable) {
			t.Errorf("at %s: %v, %v", early, got, err)
		}
	}
	w.clock.Set(time.Date(2026, 11, 24, 10, 0, 0, 0, clock.Shanghai))
	if got, err := w.client.Statement(t.Context(), theDay.AddDate(0, 0, 1)); err != nil || len(got) != 0 {
		t.Errorf("of a day without payments: %v, %v", got, err)
	}
	w.clock.Set(theDay.AddDate(0, 4, 0))
	if _, err := w.client.Statement(t.Context(), theDay); !errors.Is(err, charge.Refused) {
		t.Errorf("of a day long ago: %v", err)
	}
}

// changing stands between us and the stand-in, and changes what is downloaded.
func changing(t *testing.T, w *world, change func(string) string) string {
	t.Helper()
	to, err := url.Parse(w.url)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		if !strings.HasPrefix(r.Request.URL.Path, "/v3/billdownload") {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(strings.NewReader(change(string(body))))
		r.ContentLength = -1
		r.Header.Del("Content-Length")
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAStatementThatWasNotSignedForIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	w.clock.Set(theDay.AddDate(0, 0, 1))
	for name, change := range map[string]func(string) string{
		"as it was": func(s string) string { return s },
		"changed":   func(s string) string { return strings.ReplaceAll(s, "12.50", "12.51") },
		"cut":       func(s string) string { return s[:len(s)/2] },
	} {
		c := w.config()
		c.BaseURL = changing(t, w, change)
		got, err := client(t, w, c).Statement(t.Context(), theDay)
		if name == "as it was" && (err != nil || len(got) != 1) || name != "as it was" && !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestAStatementIsFetchedNowhereElse(t *testing.T) {
	w := newWorld(t)
	w.clock.Set(theDay.AddDate(0, 0, 1))
	elsewhere := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("our signature went elsewhere") }))
	for _, said := range []string{
		`{"hash_type":"SHA1","hash_value":"da39a3ee5e6b4b0d3255bfef95601890afd80709","download_url":"` + elsewhere + `/v3/billdownload/file"}`,
		`{"hash_type":"SHA1","hash_value":"da39a3ee5e6b4b0d3255bfef95601890afd80709","download_url":""}`, `{}`,
		`{"hash_type":"MD5","hash_value":"da39a3ee5e6b4b0d3255bfef95601890afd80709","download_url":"https://api.mch.weixin.qq.com/"}`,
	} {
		if got, err := replaying(t, w, http.StatusOK, said).Statement(t.Context(), theDay); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, %v", said, got, err)
		}
	}
}

func TestTroubleWithAStatementIsTold(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	w.clock.Set(theDay.AddDate(0, 0, 1))
	w.Trouble.Make(trouble.Down, 1)
	if _, err := w.client.Statement(t.Context(), theDay); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if err := w.client.Close(t.Context(), number); !errors.Is(err, charge.AlreadyPaid) {
		t.Error(err)
	}
}
