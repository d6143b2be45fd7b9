package alipay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/internal/money"
	"parkbff/internal/partner/alipay"
	"parkbff/internal/partner/charge"
	sandbox "parkbff/internal/partner/sandbox/alipay"
	"parkbff/internal/testkit"
)

const (
	seller      = "2088000000000001"
	otherSeller = "2088000000000002"
	one         = "P0000000000000000000000001"
	two         = "P0000000000000000000000002"
	backOne     = "R0000000000000000000000001"
	backTwo     = "R0000000000000000000000002"
	notify      = "https://bff.example.cn/callback/alipay/pay"
)

var morning = time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC) // nine in Beijing

// market is a stand-in with two merchants, and our client of the first.
type market struct {
	*sandbox.Sandbox
	clock *testkit.Clock
	keys  sandbox.Keys
	url   string
	pay   *alipay.Pay
}

func newMarket(t testing.TB) *market {
	t.Helper()
	keys, err := sandbox.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	m := &market{clock: testkit.NewClock(morning), keys: keys}
	m.Sandbox, err = sandbox.New(m.clock, rand.Reader,
		sandbox.App{ID: mini, Keys: keys, Seller: seller, Advances: true}, sandbox.App{ID: other, Keys: keys, Seller: otherSeller})
	if err != nil {
		t.Fatal(err)
	}
	m.url = serve(t, m.Sandbox)
	m.pay = m.client(t, m.config())
	return m
}

func (m *market) config() alipay.PayConfig {
	return alipay.PayConfig{
		App: alipay.Config{
			Gateway: m.url + "/gateway.do", AppID: mini, PrivateKey: m.keys.AppPrivate(), AlipayPublicKey: m.keys.AlipayPublic(),
			ContentKey: miniKey,
		},
		Seller: seller, NotifyURL: notify, ReturnURL: back, Advances: true,
	}
}

func (m *market) client(t testing.TB, c alipay.PayConfig) *alipay.Pay {
	t.Helper()
	p, err := alipay.NewPay(c, m.clock)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// behind is our client, with a handler before the stand-in.
func (m *market) behind(t testing.TB, h http.Handler) *alipay.Pay {
	t.Helper()
	c := m.config()
	c.App.Gateway = serve(t, h) + "/gateway.do"
	return m.client(t, c)
}

// reply is what the gateway says to a method, signed as Alipay.
func (m *market) reply(t testing.TB, method, said string) string {
	t.Helper()
	sum := sha256.Sum256([]byte(said))
	signature, err := rsa.SignPKCS1v15(rand.Reader, m.keys.Alipay, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	name := strings.ReplaceAll(method, ".", "_") + "_response"
	return fmt.Sprintf(`{%q:%s,"sign":%q}`, name, said, base64.StdEncoding.EncodeToString(signature))
}

// saying is our client of a gateway that says one thing to one method.
func (m *market) saying(t testing.TB, method, said string) *alipay.Pay {
	t.Helper()
	reply := m.reply(t, method, said)
	return m.behind(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("method") != method {
			m.ServeHTTP(w, r)
			return
		}
		_, _ = io.WriteString(w, reply)
	}))
}

func (m *market) charge(number string, way money.Way) charge.Charge {
	return charge.Charge{
		Number: number, Fen: 1250, Description: "停车费", Way: way, Payer: m.UserID("alice"), ExpiresAt: m.clock.Now().Add(15 * time.Minute),
	}
}

// paid makes a payment and pays it.
func (m *market) paid(t testing.TB, number string) {
	t.Helper()
	if _, err := m.pay.Prepare(t.Context(), m.charge(number, money.MiniProgram)); err != nil {
		t.Fatal(err)
	}
	if err := m.Pay(number, "alice"); err != nil {
		t.Fatal(err)
	}
}

// states are the stand-in's trades, in short.
func (m *market) states() string {
	var all []string
	for _, p := range m.Payments() {
		all = append(all, fmt.Sprintf("%s %s %d-%d", p.Number, p.State, p.Fen, p.Refunded))
	}
	return strings.Join(all, ", ")
}

func parameter(t *testing.T, l charge.Launch, name string) string {
	t.Helper()
	if len(l.Parameters) != 1 || l.Parameters[0].Name != name || l.Parameters[0].Value == "" || l.URL != "" {
		t.Fatalf("no %s to launch with", name)
	}
	return l.Parameters[0].Value
}
