package unionpay_test

import (
	"crypto/rand"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parkbff/internal/partner/charge"
	sandbox "parkbff/internal/partner/sandbox/unionpay"
	"parkbff/internal/partner/unionpay/acp"
	"parkbff/internal/testkit"
)

const (
	merchant = "777290058167151"
	number   = "01K9XQ4ZP0000000000000000A"
)

type world struct {
	*sandbox.Sandbox
	clock *testkit.Clock
	keys  sandbox.Keys
	url   string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	keys, err := sandbox.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)), keys: keys}
	w.Sandbox = sandbox.New(w.clock, rand.Reader, keys, sandbox.Merchant{ID: merchant, Identity: keys.Merchant, BizType: "000201"})
	server := httptest.NewServer(w.Sandbox)
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// order is what an app's order says.
func (w *world) order() acp.Message {
	return acp.Message{
		"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "merId": merchant,
		"certId": w.keys.Merchant.Certificate.SerialNumber.String(), "txnType": "01", "txnSubType": "01", "bizType": "000201",
		"channelType": "08", "orderId": number, "txnTime": "20261121090000", "payTimeout": "20261121091500", "txnAmt": "1250",
		"currencyCode": "156", "backUrl": "https://api.example.cn/callback/unionpay",
	}
}

// answer posts a message as it is and answers what UnionPay says.
func (w *world) answer(t *testing.T, path string, m acp.Message) acp.Message {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+path, strings.NewReader(m.Form().Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := acp.Parse(string(body))
	if err != nil || !reply.Signed(&w.keys.UnionPay.Key.PublicKey) {
		t.Fatalf("the reply is not signed: %v", err)
	}
	return reply
}

func TestWhatTheOriginalRefusesIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct{ field, value, want string }{
		"another version":      {"version", "5.0.0", "10"},
		"another encoding":     {"encoding", "GBK", "10"},
		"an acquirer":          {"accessType", "1", "10"},
		"no such merchant":     {"merId", "777290058110048", "31"},
		"no such certificate":  {"certId", "1", "11"},
		"no time":              {"txnTime", "2026", "10"},
		"no number":            {"orderId", "", "13"},
		"a strange number":     {"orderId", "no_number_", "10"},
		"no notice URL":        {"backUrl", "", "13"},
		"no URL":               {"backUrl", "callback", "10"},
		"no amount":            {"txnAmt", "0", "10"},
		"yuan":                 {"txnAmt", "12.50", "10"},
		"another currency":     {"currencyCode", "840", "10"},
		"another channel":      {"channelType", "99", "10"},
		"another kind":         {"txnType", "04", "10"},
		"another subkind":      {"txnSubType", "03", "10"},
		"another product":      {"bizType", "000301", "32"},
		"a bank":               {"issInsCode", "CCB", "32"},
		"reserved as it comes": {"reserved", "a=b", "10"},
		"no end":               {"payTimeout", "", "10"},
		"over":                 {"payTimeout", "20261121090000", "39"},
	} {
		m := w.order()
		m[c.field] = c.value
		if c.value == "" {
			delete(m, c.field)
		}
		if err := m.Sign(w.keys.Merchant.Key); err != nil {
			t.Fatal(err)
		}
		if got := w.answer(t, "/gateway/api/appTransReq.do", m); got["respCode"] != c.want || got["tn"] != "" {
			t.Errorf("%s: %s", name, got["respCode"])
		}
	}
	if len(w.Payments()) != 0 {
		t.Error("something was taken in")
	}
}

func TestEveryCallIsSigned(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/gateway/api/appTransReq.do", "/gateway/api/backTransReq.do", "/gateway/api/queryTrans.do", "/"} {
		unsigned, forged, changed := w.order(), w.order(), w.order()
		if err := forged.Sign(w.keys.UnionPay.Key); err != nil {
			t.Fatal(err)
		}
		if err := changed.Sign(w.keys.Merchant.Key); err != nil {
			t.Fatal(err)
		}
		changed["txnAmt"] = "1"
		for name, m := range map[string]acp.Message{"unsigned": unsigned, "forged": forged, "changed": changed} {
			if got := w.answer(t, path, m); got["respCode"] != "11" {
				t.Errorf("%s %s: %s", path, name, got["respCode"])
			}
		}
	}
}

func TestANumberIsOneOrder(t *testing.T) {
	w := newWorld(t)
	first := w.order()
	if err := first.Sign(w.keys.Merchant.Key); err != nil {
		t.Fatal(err)
	}
	ticket := w.answer(t, "/gateway/api/appTransReq.do", first)["tn"]
	if again := w.answer(t, "/gateway/api/appTransReq.do", first); again["tn"] != ticket || len(ticket) != 21 {
		t.Error("the same order has another tn")
	}
	for field, value := range map[string]string{"txnAmt": "1", "txnTime": "20261121090001"} {
		m := maps.Clone(first)
		m[field] = value
		if err := m.Sign(w.keys.Merchant.Key); err != nil {
			t.Fatal(err)
		}
		if got := w.answer(t, "/gateway/api/appTransReq.do", m); got["respCode"] != "12" {
			t.Errorf("another %s: %s", field, got["respCode"])
		}
	}
}

func visit(t *testing.T, address string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestAnAppsOrderIsPaidOnItsPage(t *testing.T) {
	w := newWorld(t)
	m := w.order()
	if err := m.Sign(w.keys.Merchant.Key); err != nil {
		t.Fatal(err)
	}
	address := w.url + "/gateway/page?tn=" + w.answer(t, "/gateway/api/appTransReq.do", m)["tn"]
	for _, step := range []struct {
		address string
		want    int
		state   charge.State
	}{
		{w.url + "/gateway/page?tn=1&pay=1", http.StatusNotFound, charge.Pending},
		{address, http.StatusOK, charge.Pending},
		{address + "&pay=1", http.StatusNoContent, charge.Done},
		{address + "&pay=1", http.StatusConflict, charge.Done},
	} {
		got := visit(t, step.address)
		if p := w.Payments(); got != step.want || len(p) != 1 || p[0].State != step.state || p[0].Number != number || p[0].Fen != 1250 {
			t.Errorf("%d, %+v", got, p)
		}
	}
}

func TestAnOrderIsNotPaidAfterItsEnd(t *testing.T) {
	w := newWorld(t)
	m := w.order()
	if err := m.Sign(w.keys.Merchant.Key); err != nil {
		t.Fatal(err)
	}
	w.answer(t, "/gateway/api/appTransReq.do", m)
	w.clock.Pass(15 * time.Minute)
	if err := w.Pay(t.Context(), number, "alice"); err == nil || w.Payments()[0].State != charge.Closed {
		t.Errorf("%+v", w.Payments())
	}
	if err := w.Pay(t.Context(), "nothing", "alice"); err == nil {
		t.Error("paid nothing")
	}
}
