package alipay_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
	sandbox "parkbff/internal/partner/sandbox/alipay"
)

// busy is a market with a payment and two refunds on one day, and a payment on the next.
func busy(t testing.TB) (*market, []charge.Line) {
	t.Helper()
	m := newMarket(t)
	m.paid(t, one)
	m.clock.Pass(time.Hour)
	for _, r := range []charge.Refund{
		{Number: backOne, PaymentNumber: one, Fen: 500, PaidFen: 1250}, {Number: backTwo, PaymentNumber: one, Fen: 750, PaidFen: 1250},
	} {
		if _, err := m.pay.Refund(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	found, err := m.pay.Find(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	m.clock.Set(time.Date(2026, 11, 21, 16, 0, 0, 0, time.UTC)) // midnight in Beijing
	m.paid(t, two)
	return m, []charge.Line{
		{Number: one, Transaction: found.Transaction, Fen: 1250, At: morning},
		{Number: one, RefundNumber: backOne, Transaction: found.Transaction, Fen: 500, At: morning.Add(time.Hour)},
		{Number: one, RefundNumber: backTwo, Transaction: found.Transaction, Fen: 750, At: morning.Add(time.Hour)},
	}
}

func TestAStatementHasWhatMovedOnADayInBeijing(t *testing.T) {
	m, want := busy(t)
	got, err := m.pay.Statement(t.Context(), morning)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if got, err := m.pay.Statement(t.Context(), morning.AddDate(0, 0, -1)); err != nil || len(got) != 0 {
		t.Errorf("of a day without movements: %d, %v", len(got), err)
	}
	if got, err := m.client(t, m.another()).Statement(t.Context(), morning); err != nil || len(got) != 0 {
		t.Errorf("of another merchant: %d, %v", len(got), err)
	}
	if _, err := m.pay.Statement(t.Context(), m.clock.Now()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("of today: %v", err)
	}
}

// stated is what our client makes of a statement's two files.
func (m *market) stated(t *testing.T, details, summary string) ([]charge.Line, error) {
	t.Helper()
	zipped, err := sandbox.ZipStatement(details, summary)
	if err != nil {
		t.Fatal(err)
	}
	return m.served(t, http.StatusOK, zipped)
}

// served is what our client makes of what lies where the statement should.
func (m *market) served(t *testing.T, status int, content []byte) ([]charge.Line, error) {
	t.Helper()
	return m.behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/downloadBillFile.resource" {
			m.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(status)
		_, _ = w.Write(content)
	})).Statement(t.Context(), morning)
}

func TestAStatementThatIsNotWholeOrDisagreesIsNotTaken(t *testing.T) {
	m, want := busy(t)
	details, summary := m.Statement(seller, morning.In(time.FixedZone("", 8*60*60)))
	if got, err := m.stated(t, details, summary); err != nil || len(got) != len(want) {
		t.Fatalf("the good one: %d, %v", len(got), err)
	}
	_, idle := m.Statement(otherSeller, morning.In(time.FixedZone("", 8*60*60)))
	cut := func(text, from string) string { return text[:strings.Index(text, from)] }
	lines := strings.SplitAfter(details, "\r\n")
	for name, files := range map[string][2]string{
		"a line is missing":         {strings.Replace(details, lines[5], "", 1), summary},
		"a line is there twice":     {strings.Replace(details, lines[5], lines[5]+lines[5], 1), summary},
		"another amount":            {strings.Replace(details, "12.50,12.50", "12.51,12.51", 1), summary},
		"an amount with an e":       {strings.Replace(details, "12.50,12.50", "1e1,12.50", 1), summary},
		"a payment that goes back":  {strings.Replace(details, "12.50,12.50", "-12.50,12.50", 1), summary},
		"an unknown kind":           {strings.Replace(details, "退款\t", "转账\t", 1), summary},
		"no time":                   {strings.Replace(details, "2026-11-21 10:00:00", "", 1), summary},
		"a field less":              {strings.Replace(details, "0.00,0.00,\r\n", "0.00,0.00\r\n", 1), summary},
		"a payment of nothing":      {strings.Replace(details, "12.50,12.50", "0.00,12.50", 1), strings.Replace(summary, "合计\t,\t,1\t,2\t,0.00", "合计\t,\t,1\t,2\t,-12.50", 1)},
		"a field more":              {strings.Replace(details, "停车费", "停,车费", 1), summary},
		"no column of refunds":      {strings.Replace(details, "退款批次号/请求号", "批次", 1), summary},
		"cut off":                   {cut(details, "业务明细列表结束"), summary},
		"the summary is cut off":    {details, cut(summary, "业务汇总列表结束")},
		"of another day":            {strings.Replace(details, "11月21日", "11月20日", 1), summary},
		"a summary of another day":  {details, strings.Replace(summary, "11月21日", "11月20日", 1)},
		"a summary of other counts": {details, strings.Replace(summary, "合计\t,\t,1\t", "合计\t,\t,2\t", 1)},
		"a summary of another sum":  {details, strings.Replace(summary, "合计\t,\t,1\t,2\t,0.00", "合计\t,\t,1\t,2\t,0.01", 1)},
		"a summary without counts":  {details, strings.Replace(summary, "合计\t,\t,1\t", "合计\t,\t,-\t", 1)},
		"no summary":                {details, ""},
		"details twice":             {details, details},
		"a summary twice":           {summary, summary},
		"no details of an idle day": {idle, idle},
		"an unknown title":          {"#微信\r\n" + details, summary},
		"an endless line":           {details, strings.Replace(summary, "#账号", "#"+strings.Repeat("x", 20<<10), 1)},
	} {
		got, err := m.stated(t, files[0], files[1])
		if !errors.Is(err, fault.Unavailable) || got != nil {
			t.Errorf("%s: %d, %v", name, len(got), err)
		}
		says(t, err, one, "159****", "12.5")
	}
	shops := strings.Replace(cut(summary, "合计"), "\t,\t,", "A\t,甲\t,", 1) + "#业务汇总列表结束\r\n"
	if _, err := m.stated(t, details, shops); err != nil {
		t.Errorf("a summary by shops: %v", err)
	}
	byHand := strings.Replace(details, backOne, "", 1)
	if got, err := m.stated(t, byHand, summary); err != nil || got[1].RefundNumber != one {
		t.Errorf("a refund by hand: %v", err)
	}
}

func TestAStatementThatCannotBeFetchedOrIsABombIsUnavailable(t *testing.T) {
	m, _ := busy(t)
	details, summary := m.Statement(seller, morning)
	bomb, err := sandbox.ZipStatement(strings.Replace(details, "#账号", strings.Repeat("#"+strings.Repeat(" ", 15<<10)+"\r\n", 9<<10)+"#账号", 1), summary)
	if err != nil {
		t.Fatal(err)
	}
	good, err := sandbox.ZipStatement(details, summary)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		status  int
		content []byte
	}{
		"refused":          {http.StatusForbidden, good},
		"leads elsewhere":  {http.StatusFound, good},
		"no ZIP":           {http.StatusOK, []byte("<html>")},
		"empty":            {http.StatusOK, nil},
		"unpacks for ever": {http.StatusOK, bomb},
		"is too long":      {http.StatusOK, append(make([]byte, 17<<20), good...)},
	} {
		got, err := m.served(t, c.status, c.content)
		if !errors.Is(err, fault.Unavailable) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "token", "127.0.0.1")
	}
}

func TestAStatementIsFetchedFromAlipayAlone(t *testing.T) {
	m, _ := busy(t)
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer elsewhere.Close()
	const method = "alipay.data.dataservice.bill.downloadurl.query"
	for _, address := range []string{elsewhere.URL + "/bill", "ftp://127.0.0.1/bill", "%", ""} {
		said := fmt.Sprintf(`{"code":"10000","bill_download_url":%q}`, address)
		if _, err := m.saying(t, method, said).Statement(t.Context(), morning); !errors.Is(err, fault.Unavailable) || asked != 0 {
			t.Errorf("%s: %v", address, err)
		}
	}
	// At the real gateway the bill lies with Alipay, and is fetched with TLS whatever the address says.
	for address, want := range map[string]string{
		"http://dwbillcenter.alipay.com/d?token=1":  "https://dwbillcenter.alipay.com/d?token=1",
		"https://dwbillcenter.alipay.com/d?token=1": "https://dwbillcenter.alipay.com/d?token=1",
		"https://alipay.com.example.cn/d":           "",
		"https://evilalipay.com/d":                  "",
		"https://a.alipay.com:8443/d":               "",
	} {
		var fetched string
		c := m.config()
		c.App.Gateway = "https://openapi.alipay.com/gateway.do"
		reply := m.reply(t, method, fmt.Sprintf(`{"code":"10000","bill_download_url":%q}`, address))
		c.App.Transport = round(func(r *http.Request) *http.Response {
			if r.Method == http.MethodGet {
				fetched, reply = r.URL.String(), ""
			}
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(reply))}
		})
		if _, err := m.client(t, c).Statement(t.Context(), morning); !errors.Is(err, fault.Unavailable) || fetched != want {
			t.Errorf("%s was fetched as %q: %v", address, fetched, err)
		}
	}
}

// round is a transport.
type round func(*http.Request) *http.Response

func (f round) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// Whatever Alipay's files hold, the reader answers movements or that they cannot be read.
func FuzzTheReaderOfStatementsSurvivesAnything(f *testing.F) {
	m := newMarket(f)
	m.paidInApp(f, one)
	details, summary := m.Statement(seller, morning)
	f.Add(details, summary)
	f.Add(strings.ReplaceAll(details, "交易\t", "退款"), strings.ReplaceAll(summary, "1\t,0\t,", "0,1,-"))
	f.Fuzz(func(t *testing.T, details, summary string) {
		zipped, err := sandbox.ZipStatement(details, summary)
		if err != nil {
			return // has no words in GBK
		}
		lines, err := alipay.ReadBill(zipped, morning)
		if err != nil && (lines != nil || !errors.Is(err, fault.Unavailable)) {
			t.Error(err)
		}
		for _, line := range lines {
			if line.Fen <= 0 || line.Number == "" || line.At.IsZero() {
				t.Errorf("%+v", line)
			}
		}
	})
}

// Whatever lies there instead of a ZIP is no statement.
func FuzzTheReaderOfStatementsSurvivesAnyZIP(f *testing.F) {
	m := newMarket(f)
	m.paidInApp(f, one)
	zipped, err := sandbox.ZipStatement(m.Statement(seller, morning))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(zipped)
	f.Fuzz(func(t *testing.T, zipped []byte) {
		if lines, err := alipay.ReadBill(zipped, morning); err != nil && (lines != nil || !errors.Is(err, fault.Unavailable)) {
			t.Error(err)
		}
	})
}
