package wechatpay_test

import (
	"crypto/rand"
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
	"parkbff/internal/partner/charge"
	sandbox "parkbff/internal/partner/sandbox/wechatpay"
	"parkbff/internal/partner/wechatpay"
	"parkbff/internal/testkit"
)

const (
	merchant = "1900000001"
	other    = "1900000002"
	miniApp  = "wxmini00000000001"
	h5App    = "wxofficial0000001"
	phoneApp = "wxapp000000000001"
	otherApp = "wxother0000000001"
	payer    = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
	number   = "01KAQ0000000000000000000A1"
)

// world is a stand-in with two merchants, our client of one of them, and what the stand-in has called us with.
type world struct {
	*sandbox.Sandbox
	clock  *testkit.Clock
	url    string
	keys   sandbox.Keys
	client *wechatpay.Client
	called *ear
}

// ear is a notify URL.
type ear struct {
	url     string
	deaf    bool
	calls   int
	client  *wechatpay.Client
	notices []*charge.Notice
}

func (e *ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.calls++
	body, err := io.ReadAll(r.Body)
	if err != nil || e.deaf {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	notice, err := e.client.Notice(r.Header, body)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	e.notices = append(e.notices, notice)
	w.WriteHeader(notice.Reply.Status)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	keys, err := sandbox.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{clock: testkit.NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)), keys: keys, called: &ear{}}
	another := keys
	another.APIv3 = strings.Repeat("x", 32)
	w.Sandbox, err = sandbox.New(sandbox.Config{Platform: keys.Platform, Merchants: []sandbox.Merchant{
		sandbox.NewMerchant(merchant, keys, miniApp, h5App, phoneApp, otherApp), sandbox.NewMerchant(other, another, otherApp),
	}}, w.clock, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.url = serve(t, w.Sandbox)
	w.called.url = serve(t, w.called)
	w.client = client(t, w, w.config())
	w.called.client = w.client
	return w
}

func (w *world) config() wechatpay.Config {
	return wechatpay.Config{
		BaseURL: w.url, MerchantID: merchant, CertificateSerial: w.keys.Serial(), PrivateKey: w.keys.MerchantPrivate(),
		APIv3Key: w.keys.APIv3, PlatformKeys: []wechatpay.PlatformKey{{ID: sandbox.PlatformKeyID, PEM: w.keys.PlatformPublic()}},
		AppIDs:    map[money.Way]string{money.MiniProgram: miniApp, money.H5: h5App, money.App: phoneApp},
		NotifyURL: w.called.url + "/callback/wechatpay",
	}
}

// swapped are keys of somebody who has none of ours.
func swapped(k sandbox.Keys) sandbox.Keys {
	return sandbox.Keys{Merchant: k.Platform, Platform: k.Merchant, APIv3: k.APIv3}
}

func client(t testing.TB, w *world, c wechatpay.Config) *wechatpay.Client {
	t.Helper()
	made, err := wechatpay.New(c, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// ours is a charge of 12.50 yuan for half an hour.
func (w *world) ours() charge.Charge {
	return charge.Charge{
		Number: number, Fen: 1250, Description: "停车费", Way: money.MiniProgram, Payer: payer, Address: "203.0.113.9",
		ExpiresAt: w.clock.Now().Add(30 * time.Minute),
	}
}

// paid is a charge that has been paid.
func (w *world) paid(t testing.TB) charge.Charge {
	t.Helper()
	of := w.ours()
	if _, err := w.client.Prepare(t.Context(), of); err != nil {
		t.Fatal(err)
	}
	must(t, w.Pay(number, payer))
	return of
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// taken is what payers have lost to us.
func (w *world) taken() (fen int64) {
	for _, p := range w.Payments() {
		fen += p.Taken()
	}
	return fen
}

// says fails when an error, or a cause of it, says any of the words.
func says(t testing.TB, err error, words ...string) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, word := range append(words, payer, "203.0.113.9", "BEGIN", "127.0.0.1") {
			if strings.Contains(err.Error(), word) {
				t.Errorf("the error says %q: %v", word, err)
			}
		}
	}
}

func TestTheErrorOfASettingNamesIt(t *testing.T) {
	w := newWorld(t)
	for want, spoil := range map[string]func(*wechatpay.Config){
		"base URL":      func(c *wechatpay.Config) { c.BaseURL = "://" },
		"a path":        func(c *wechatpay.Config) { c.BaseURL += "/wechat" },
		"merchant id":   func(c *wechatpay.Config) { c.MerchantID = "" },
		"serial":        func(c *wechatpay.Config) { c.CertificateSerial = "" },
		"APIv3 key":     func(c *wechatpay.Config) { c.APIv3Key = "short" },
		"an app id":     func(c *wechatpay.Config) { c.AppIDs = nil },
		"H5 is empty":   func(c *wechatpay.Config) { c.AppIDs = map[money.Way]string{money.H5: ""} },
		"notify URL":    func(c *wechatpay.Config) { c.NotifyURL = "callback" },
		"has a query":   func(c *wechatpay.Config) { c.NotifyURL += "?a=b" },
		"private key":   func(c *wechatpay.Config) { c.PrivateKey = c.PlatformKeys[0].PEM },
		"platform key":  func(c *wechatpay.Config) { c.PlatformKeys = nil },
		"neither":       func(c *wechatpay.Config) { c.PlatformKeys[0].PEM = "PEM" },
		"key has no id": func(c *wechatpay.Config) { c.PlatformKeys[0].ID = "" },
	} {
		c := w.config()
		spoil(&c)
		_, err := wechatpay.New(c, w.clock)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestSettingsAndChargesPrintNoSecret(t *testing.T) {
	w := newWorld(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, printed := range []string{fmt.Sprintf(verb, w.config()), fmt.Sprintf(verb, w.ours())} {
			if printed != "config" && printed != "charge" {
				t.Errorf("%s prints %s", verb, printed)
			}
		}
	}
}

func TestOnlyOurSignatureIsTaken(t *testing.T) {
	w := newWorld(t)
	thief := w.config()
	thief.PrivateKey = swapped(w.keys).MerchantPrivate()
	stranger := w.config()
	stranger.MerchantID = "1900000009"
	serial := w.config()
	serial.CertificateSerial = "0000"
	for name, c := range map[string]wechatpay.Config{"another key": thief, "another merchant": stranger, "another certificate": serial} {
		if _, err := client(t, w, c).Prepare(t.Context(), w.ours()); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := w.Payments(); len(got) != 0 {
		t.Errorf("%d charges were taken in", len(got))
	}
}

func TestRepliesThatWeChatHasNotSignedAreNotBelieved(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	deceived := w.config()
	deceived.PlatformKeys[0].PEM = swapped(w.keys).PlatformPublic()
	unnamed := w.config()
	unnamed.PlatformKeys[0].ID = "PUB_KEY_ID_2"
	for name, c := range map[string]wechatpay.Config{"another key": deceived, "another id of the key": unnamed} {
		if got, err := client(t, w, c).Find(t.Context(), number); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if got, err := client(t, w, c).Find(t.Context(), "01KAQ0000000000000000000B2"); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a refusal, %s: %v, %v", name, got, err)
		}
	}
	elsewhere := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("our signature went elsewhere") }))
	for name, reply := range map[string]http.HandlerFunc{
		"unsigned": func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(rw, `{"trade_state":"SUCCESS"}`)
		},
		"an unsigned refusal": func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(rw, `{"code":"ORDER_NOT_EXIST"}`)
		},
		"a redirect": func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/followed" {
				t.Error("a redirect was followed")
			}
			http.Redirect(rw, r, elsewhere+"/followed", http.StatusTemporaryRedirect)
		},
		"endless": func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(rw, strings.Repeat("x", 1<<20))
		},
	} {
		c := w.config()
		c.BaseURL = serve(t, reply)
		if _, err := client(t, w, c).Find(t.Context(), number); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// replaying answers every call with what a signed reply to another one was.
func replaying(t *testing.T, w *world, status int, body string) *wechatpay.Client {
	t.Helper()
	header, err := w.Sign([]byte(body))
	must(t, err)
	c := w.config()
	c.BaseURL = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			rw.Header()[name] = values
		}
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, body)
	}))
	return client(t, w, c)
}

func TestAnOldReplyIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	body := `{"appid":"` + miniApp + `","mchid":"` + merchant + `","out_trade_no":"` + number + `","trade_state":"NOTPAY","amount":{"total":1250}}`
	c := replaying(t, w, http.StatusOK, body)
	if got, err := c.Find(t.Context(), number); err != nil || got.State != charge.Pending {
		t.Errorf("a fresh one: %v, %v", got, err)
	}
	w.clock.Pass(5*time.Minute + time.Second)
	if _, err := c.Find(t.Context(), number); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestASignedReplyToSomethingElseIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	transaction := func(app, mch, no, state string) string {
		return fmt.Sprintf(`{"appid":%q,"mchid":%q,"out_trade_no":%q,"trade_state":%q,"transaction_id":"42","success_time":"2026-11-21T09:00:00+08:00","amount":{"total":1250}}`,
			app, mch, no, state)
	}
	for name, body := range map[string]string{
		"another payment":    transaction(miniApp, merchant, "01KAQ0000000000000000000B2", "SUCCESS"),
		"another merchant's": transaction(miniApp, other, number, "SUCCESS"),
		"another app's":      transaction("wxstranger", merchant, number, "SUCCESS"),
		"of no state":        transaction(miniApp, merchant, number, "MAYBE"),
		"without amount":     strings.ReplaceAll(transaction(miniApp, merchant, number, "SUCCESS"), "1250", "0"),
		"too long":           transaction(miniApp, merchant, number, "SUCCESS") + strings.Repeat(" ", 64<<10),
		"without time":       strings.ReplaceAll(transaction(miniApp, merchant, number, "SUCCESS"), "success_time", "time"),
		"without name":       strings.ReplaceAll(transaction(miniApp, merchant, number, "SUCCESS"), `"42"`, `""`),
		"null":               `null`, "empty": ``, "no object": `[1]`,
	} {
		if got, err := replaying(t, w, http.StatusOK, body).Find(t.Context(), number); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := replaying(t, w, http.StatusAccepted, transaction(miniApp, merchant, number, "SUCCESS")).Find(t.Context(), number); !errors.Is(err, fault.Unavailable) {
		t.Errorf("WeChat is not done: %v", err)
	}
	for _, way := range []money.Way{money.MiniProgram, money.H5, money.App} {
		of := w.ours()
		of.Way = way
		if _, err := replaying(t, w, http.StatusOK, `{}`).Prepare(t.Context(), of); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a charge prepared without an answer, %s: %v", way, err)
		}
	}
	if err := replaying(t, w, http.StatusAccepted, `{"code":"USER_PAYING"}`).Close(t.Context(), number); !errors.Is(err, fault.Unavailable) {
		t.Errorf("closed while the payer is paying: %v", err)
	}
	refund := `{"out_refund_no":"R00001","out_trade_no":"P00001","refund_id":"50","status":"SUCCESS","success_time":"2026-11-21T09:00:00+08:00","amount":{"refund":100}}`
	for _, of := range []charge.Refund{
		{Number: "R00002", PaymentNumber: "P00001", Fen: 100, PaidFen: 100},
		{Number: "R00001", PaymentNumber: "P00002", Fen: 100, PaidFen: 100},
		{Number: "R00001", PaymentNumber: "P00001", Fen: 200, PaidFen: 200},
	} {
		if _, err := replaying(t, w, http.StatusOK, refund).Refund(t.Context(), of); !errors.Is(err, fault.Unavailable) {
			t.Errorf("another refund: %v", err)
		}
	}
	if _, err := replaying(t, w, http.StatusOK, refund).FindRefund(t.Context(), "R00002"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another refund is found: %v", err)
	}
}

func TestRefusalsAreTranslatedWithoutWhatTheyQuote(t *testing.T) {
	w := newWorld(t)
	for said, want := range map[string]error{
		"400 PARAM_ERROR": charge.Refused, "400 INVALID_REQUEST": charge.Refused, "403 NO_AUTH": charge.Refused, "400 NEW_CODE": charge.Refused,
		"400 APPID_MCHID_NOT_MATCH": charge.Refused, "403 OUT_TRADE_NO_USED": charge.Refused, "400 ORDER_CLOSED": charge.Refused,
		"500 OPENID_MISMATCH": charge.Refused, "403 NOTENOUGH": charge.Declined, "403 NOT_ENOUGH": charge.Declined,
		"403 ACCOUNTERROR": charge.Declined, "403 USER_ACCOUNT_ABNORMAL": charge.Declined, "403 TRADE_ERROR": charge.Declined,
		"403 RULE_LIMIT": charge.Declined, "400 ORDERPAID": charge.AlreadyPaid, "400 ORDER_PAID": charge.AlreadyPaid,
		"429 FREQUENCY_LIMITED": fault.RateLimited, "429 OTHER": fault.RateLimited, "500 SYSTEM_ERROR": fault.Unavailable,
		"503 BANK_ERROR": fault.Unavailable, "401 SIGN_ERROR": fault.Unavailable, "302 X": fault.Unavailable,
	} {
		var status int
		var code string
		_, _ = fmt.Sscan(said, &status, &code)
		c := replaying(t, w, status, `{"code":"`+code+`","message":"the payer `+payer+` of 粤B12345"}`)
		_, err := c.Prepare(t.Context(), w.ours())
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", said, err)
		}
		says(t, err, "粤B")
	}
}
