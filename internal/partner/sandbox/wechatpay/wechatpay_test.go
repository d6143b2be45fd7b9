package wechatpay_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parkbff/internal/partner/sandbox/wechatpay"
	"parkbff/internal/testkit"
)

const (
	merchant = "1900000001"
	path     = "/v3/pay/transactions/out-trade-no/NUMBER1/close"
	body     = `{"mchid":"1900000001"}`
)

func open(t *testing.T, automatic bool) (*wechatpay.Sandbox, wechatpay.Keys, *testkit.Clock, string) {
	t.Helper()
	keys, err := wechatpay.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	clock := testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))
	s, err := wechatpay.New(wechatpay.Config{
		Platform: keys.Platform, Merchants: []wechatpay.Merchant{wechatpay.NewMerchant(merchant, keys, "wxmini")}, Automatic: automatic,
	}, clock, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, keys, clock, server.URL
}

// signature is how a call says who sends it.
type signature struct {
	scheme, merchant, nonce, serial string
	at                              time.Time
	key                             *rsa.PrivateKey
	path, body                      string // what is signed
}

func (s signature) header(t *testing.T, method string) string {
	t.Helper()
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%s\n%s\n", method, s.path, s.at.Unix(), s.nonce, s.body))
	raw, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`%s mchid="%s",nonce_str="%s",timestamp="%d",serial_no="%s",signature="%s"`,
		s.scheme, s.merchant, s.nonce, s.at.Unix(), s.serial, base64.StdEncoding.EncodeToString(raw))
}

// send answers the status, the answer and its signature.
func send(t *testing.T, method, address, authorization, body string) (int, string, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", authorization)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer), response.Header.Get("Wechatpay-Signature")
}

func TestACallIsServedOnceAndOnlyAsItWasSigned(t *testing.T) {
	_, keys, _, url := open(t, false)
	good := signature{"WECHATPAY2-SHA256-RSA2048", merchant, "nonce", keys.Serial(), time.Now(), keys.Merchant, path, body}
	if status, answer, signed := send(t, http.MethodPost, url+path, good.header(t, http.MethodPost), body); status != http.StatusNoContent || signed == "" {
		t.Fatalf("a good one: %d %s", status, answer)
	}
	for name, spoil := range map[string]func(*signature){
		"once more":           func(s *signature) { s.nonce = "nonce" },
		"no nonce":            func(s *signature) { s.nonce = "" },
		"old":                 func(s *signature) { s.at = s.at.Add(-5*time.Minute - 2*time.Second) },
		"of the future":       func(s *signature) { s.at = s.at.Add(5*time.Minute + 2*time.Second) },
		"another body":        func(s *signature) { s.body += " " },
		"another path":        func(s *signature) { s.path += "?a=b" },
		"another key":         func(s *signature) { s.key = keys.Platform },
		"another merchant":    func(s *signature) { s.merchant = "1900000002" },
		"another certificate": func(s *signature) { s.serial = "0" },
		"another scheme":      func(s *signature) { s.scheme = "WECHATPAY2-SM2-WITH-SM3" },
	} {
		bad := good
		bad.nonce = name
		spoil(&bad)
		status, answer, signed := send(t, http.MethodPost, url+path, bad.header(t, http.MethodPost), body)
		if status != http.StatusUnauthorized || !strings.Contains(answer, "SIGN_ERROR") || signed != "" {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	if status, _, _ := send(t, http.MethodGet, url+"/v3/billdownload/file?token=x", "", ""); status != http.StatusUnauthorized {
		t.Errorf("a download without a signature: %d", status)
	}
}

func TestWhatTheProtocolDoesNotKnowIsRefused(t *testing.T) {
	s, keys, _, url := open(t, false)
	for said, want := range map[string]string{
		`{"mchid":"1900000001","more":1}`: "PARAM_ERROR", `{"mchid":"1900000002"}`: "PARAM_ERROR", `{`: "PARAM_ERROR",
	} {
		call := signature{"WECHATPAY2-SHA256-RSA2048", merchant, said, keys.Serial(), time.Now(), keys.Merchant, path, said}
		call.nonce = fmt.Sprint(len(said))
		status, answer, signed := send(t, http.MethodPost, url+path, call.header(t, http.MethodPost), said)
		if status != http.StatusBadRequest || !strings.Contains(answer, want) || signed == "" {
			t.Errorf("%s: %d %s", said, status, answer)
		}
	}
	const prepay, foreign = "/v3/pay/transactions/app", `{"appid":"wxmini","mchid":"1900000002","description":"停车费","out_trade_no":"NUMBER1","notify_url":"https://h5.example.cn/","amount":{"total":100,"currency":"CNY"}}`
	call := signature{"WECHATPAY2-SHA256-RSA2048", merchant, "foreign", keys.Serial(), time.Now(), keys.Merchant, prepay, foreign}
	if status, answer, _ := send(t, http.MethodPost, url+prepay, call.header(t, http.MethodPost), foreign); status != http.StatusBadRequest || !strings.Contains(answer, "PARAM_ERROR") {
		t.Errorf("another merchant's charge: %d %s", status, answer)
	}
	if s.Pay("NUMBER1", "alice") == nil || s.FinishRefund("R1") == nil || s.FinishDeduction("NUMBER1") == nil || s.Repay("NUMBER1") == nil {
		t.Error("the unknown was paid, or refunded")
	}
	if _, _, err := s.Notice("NUMBER1"); err == nil {
		t.Error("there is something to tell of the unknown")
	}
	if s.SetCar("粤B12345", "YELLOW_GREEN", wechatpay.Car{}) == nil {
		t.Error("a colour that is not WeChat's")
	}
}

func TestADemonstrationGoesByItself(t *testing.T) {
	s, keys, clock, url := open(t, true)
	heard := make(chan string, 10)
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		_, kind, _ := strings.Cut(string(raw), `"event_type":"`)
		kind, _, _ = strings.Cut(kind, `"`)
		heard <- kind
	}))
	defer ear.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		s.Run(ctx)
		close(done)
	}()
	call := func(path, body string) {
		t.Helper()
		c := signature{"WECHATPAY2-SHA256-RSA2048", merchant, rand.Text(), keys.Serial(), time.Now(), keys.Merchant, path, body}
		if status, answer, _ := send(t, http.MethodPost, url+path, c.header(t, http.MethodPost), body); status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, status, answer)
		}
	}
	next := func(want string) {
		t.Helper()
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("heard %s instead of %s", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("never heard %s", want)
		}
	}
	call("/v3/pay/transactions/jsapi", `{"appid":"wxmini","mchid":"1900000001","description":"停车费","out_trade_no":"NUMBER1","notify_url":"`+ear.URL+`","amount":{"total":100,"currency":"CNY"},"payer":{"openid":"alice"}}`)
	if err := s.Pay("NUMBER1", "alice"); err != nil {
		t.Fatal(err)
	}
	next("TRANSACTION.SUCCESS")
	call("/v3/refund/domestic/refunds", `{"out_refund_no":"REFUND1","out_trade_no":"NUMBER1","notify_url":"`+ear.URL+`","amount":{"refund":40,"total":100,"currency":"CNY"}}`)
	next("REFUND.SUCCESS")
	if err := s.SetCar("粤B12345", "BLUE", wechatpay.Car{Payer: "alice", Service: wechatpay.Normal}); err != nil {
		t.Fatal(err)
	}
	call("/v3/vehicle/parking/parkings", `{"out_parking_no":"STAY01","plate_number":"粤B12345","plate_color":"BLUE","notify_url":"`+ear.URL+`","start_time":"2026-11-21T08:00:00+08:00","parking_name":"万象城","free_duration":0}`)
	reference := "PK" + clock.Now().Format("20060102") + "0000000004"
	call("/v3/vehicle/transactions/parking", `{"appid":"wxmini","description":"停车费","out_trade_no":"NUMBER2","trade_scene":"PARKING","notify_url":"`+ear.URL+`","amount":{"total":100,"currency":"CNY"},"parking_info":{"parking_id":"`+reference+`","plate_number":"粤B12345","plate_color":"BLUE","start_time":"2026-11-21T08:00:00+08:00","end_time":"2026-11-21T09:00:00+08:00","parking_name":"万象城","charging_duration":3600,"device_id":"gate"}}`)
	next("TRANSACTION.SUCCESS")
	stop()
	<-done
	var taken int64
	for _, p := range s.Payments() {
		taken += p.Taken()
	}
	if taken != 160 {
		t.Errorf("%d fen were taken", taken)
	}
}
