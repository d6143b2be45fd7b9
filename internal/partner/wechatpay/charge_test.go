package wechatpay_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/sandbox/trouble"
)

// parameter answers a launch's parameter.
func parameter(l charge.Launch, name string) string {
	for _, p := range l.Parameters {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// signedByUs holds when our key has signed these lines.
func (w *world) signedByUs(t *testing.T, signature string, lines ...string) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(signature)
	must(t, err)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	if err := rsa.VerifyPKCS1v15(&w.keys.Merchant.PublicKey, crypto.SHA256, sum[:], raw); err != nil {
		t.Error("the launch is not signed by us")
	}
}

func TestEachWayIsLaunchedWithItsOwnSignedParameters(t *testing.T) {
	w := newWorld(t)
	mini, err := w.client.Prepare(t.Context(), w.ours())
	must(t, err)
	if id := parameter(mini, "package"); !strings.HasPrefix(id, "prepay_id=wx") || parameter(mini, "signType") != "RSA" || parameter(mini, "appId") != miniApp {
		t.Errorf("a mini-program is launched with %s", id)
	}
	w.signedByUs(t, parameter(mini, "paySign"), miniApp, parameter(mini, "timeStamp"), parameter(mini, "nonceStr"), parameter(mini, "package"))

	of := w.ours()
	of.Number, of.Way = of.Number[:25]+"2", money.App
	app, err := w.client.Prepare(t.Context(), of)
	must(t, err)
	if parameter(app, "partnerid") != merchant || parameter(app, "package") != "Sign=WXPay" || parameter(app, "appid") != phoneApp {
		t.Error("an app is launched wrongly")
	}
	w.signedByUs(t, parameter(app, "sign"), phoneApp, parameter(app, "timestamp"), parameter(app, "noncestr"), parameter(app, "prepayid"))

	of.Number, of.Way = of.Number[:25]+"3", money.H5
	h5, err := w.client.Prepare(t.Context(), of)
	if err != nil || !strings.HasPrefix(h5.URL, w.url+"/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=") {
		t.Errorf("a browser is led to %s: %v", h5.URL, err)
	}
}

func TestAChargeIsFoundAsItComesAlong(t *testing.T) {
	w := newWorld(t)
	want := func(want charge.Receipt) {
		t.Helper()
		got, err := w.client.Find(t.Context(), number)
		if err != nil || len(got.Transaction) < 10 == (want.State == charge.Done) {
			t.Errorf("transaction %q: %v", got.Transaction, err)
		}
		got.Transaction = ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	want(charge.Receipt{Number: number, State: charge.Unknown})
	_, err := w.client.Prepare(t.Context(), w.ours())
	must(t, err)
	want(charge.Receipt{Number: number, State: charge.Pending, Fen: 1250})
	w.clock.Pass(time.Minute)
	must(t, w.Pay(number, payer))
	paid := charge.Receipt{Number: number, State: charge.Done, Fen: 1250, PaidAt: time.Date(2026, 11, 21, 1, 1, 0, 0, time.UTC)}
	want(paid)
	_, err = w.client.Refund(t.Context(), charge.Refund{Number: "R" + number, PaymentNumber: number, Fen: 50, PaidFen: 1250})
	must(t, err)
	want(paid) // it was paid, and something went back
}

func TestTheSameChargeIsPreparedAgainAndAChangedOneRefused(t *testing.T) {
	w := newWorld(t)
	first, err := w.client.Prepare(t.Context(), w.ours())
	must(t, err)
	again, err := w.client.Prepare(t.Context(), w.ours())
	if err != nil || parameter(again, "package") != parameter(first, "package") {
		t.Errorf("another charge was made of the same number: %v", err)
	}
	for name, change := range map[string]func(*charge.Charge){
		"amount": func(c *charge.Charge) { c.Fen++ }, "payer": func(c *charge.Charge) { c.Payer = "somebody" },
		"way": func(c *charge.Charge) { c.Way = money.H5 }, "end": func(c *charge.Charge) { c.ExpiresAt = c.ExpiresAt.Add(time.Minute) },
	} {
		of := w.ours()
		change(&of)
		if _, err := w.client.Prepare(t.Context(), of); !errors.Is(err, charge.Refused) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	must(t, w.Pay(number, payer))
	if _, err := w.client.Prepare(t.Context(), w.ours()); !errors.Is(err, charge.AlreadyPaid) {
		t.Errorf("paid: %v", err)
	}
	if w.taken() != 1250 {
		t.Errorf("%d fen were taken", w.taken())
	}
}

func TestAChargeThatLacksSomethingIsRefused(t *testing.T) {
	w := newWorld(t)
	for name, spoil := range map[string]func(*charge.Charge){
		"no amount": func(c *charge.Charge) { c.Fen = 0 }, "negative": func(c *charge.Charge) { c.Fen = -1 },
		"no payer": func(c *charge.Charge) { c.Payer = "" }, "no words": func(c *charge.Charge) { c.Description = "" },
		"expired":           func(c *charge.Charge) { c.ExpiresAt = w.clock.Now() },
		"no address for H5": func(c *charge.Charge) { c.Way, c.Address = money.H5, "" },
		"no number":         func(c *charge.Charge) { c.Number = "" }, "another way": func(c *charge.Charge) { c.Way = "QR" },
	} {
		of := w.ours()
		spoil(&of)
		_, err := w.client.Prepare(t.Context(), of)
		if !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err)
	}
	foreign := w.config()
	foreign.AppIDs = map[money.Way]string{money.MiniProgram: "wxstranger"}
	if _, err := client(t, w, foreign).Prepare(t.Context(), w.ours()); !errors.Is(err, charge.Refused) {
		t.Errorf("an app that is not the merchant's: %v", err)
	}
	open := w.config()
	open.NotifyURL = "http://198.51.100.7/callback"
	if _, err := client(t, w, open).Prepare(t.Context(), w.ours()); !errors.Is(err, charge.Refused) {
		t.Errorf("a notify URL without TLS: %v", err)
	}
}

func TestAClosedChargeIsPaidNoMore(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Prepare(t.Context(), w.ours())
	must(t, err)
	for range 2 {
		must(t, w.client.Close(t.Context(), number))
	}
	if w.Pay(number, payer) == nil || w.taken() != 0 {
		t.Error("a closed charge was paid")
	}
	if got, err := w.client.Find(t.Context(), number); err != nil || got.State != charge.Closed {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := w.client.Prepare(t.Context(), w.ours()); !errors.Is(err, charge.Refused) {
		t.Errorf("prepared again: %v", err)
	}
	of := w.ours()
	of.Number = of.Number[:25] + "2"
	for range 2 { // nobody has heard of it, and nobody will
		must(t, w.client.Close(t.Context(), of.Number))
	}
	if _, err := w.client.Prepare(t.Context(), of); !errors.Is(err, charge.Refused) {
		t.Errorf("prepared after it was closed: %v", err)
	}
	for _, code := range []string{"ORDER_NOT_EXIST", "ORDERCLOSED"} {
		if err := replaying(t, w, http.StatusNotFound, `{"code":"`+code+`"}`).Close(t.Context(), number); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
}

func TestAPaidChargeIsNotClosed(t *testing.T) {
	w := newWorld(t)
	w.paid(t)
	if err := w.client.Close(t.Context(), number); !errors.Is(err, charge.AlreadyPaid) {
		t.Error(err)
	}
	if got, err := w.client.Find(t.Context(), number); err != nil || got.State != charge.Done {
		t.Errorf("%v, %v", got, err)
	}
}

func TestOnlyItsPayerPaysAndOnlyInTime(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Prepare(t.Context(), w.ours())
	must(t, err)
	if w.Pay(number, "somebody") == nil || w.Pay("unknown", payer) == nil {
		t.Error("somebody else has paid")
	}
	w.clock.Pass(30 * time.Minute)
	if w.Pay(number, payer) == nil {
		t.Error("paid when it had expired")
	}
}

func TestWhatBecameOfALostAnswerIsFound(t *testing.T) {
	w := newWorld(t)
	w.Trouble.Make(trouble.LostAnswers, 1)
	if _, err := w.client.Prepare(t.Context(), w.ours()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a lost answer: %v", err)
	} else {
		says(t, err)
	}
	if got, err := w.client.Find(t.Context(), number); err != nil || got.State != charge.Pending {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := w.client.Prepare(t.Context(), w.ours()); err != nil {
		t.Errorf("again: %v", err)
	}
	must(t, w.Pay(number, payer))
	refund := charge.Refund{Number: "R" + number, PaymentNumber: number, Fen: 1250, PaidFen: 1250}
	w.Trouble.Make(trouble.LostAnswers, 1)
	if _, err := w.client.Refund(t.Context(), refund); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a lost refund: %v", err)
	}
	if got, err := w.client.FindRefund(t.Context(), refund.Number); err != nil || got.State != charge.Pending {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := w.client.Refund(t.Context(), refund); err != nil || w.taken() != 0 {
		t.Errorf("%d fen are left: %v", w.taken(), err)
	}
}

func TestTroubleOfWeChatIsTold(t *testing.T) {
	w := newWorld(t)
	for kind, want := range map[trouble.Kind]error{trouble.Down: fault.Unavailable, trouble.Limited: fault.RateLimited} {
		w.Trouble.Make(kind, 1)
		if _, err := w.client.Find(t.Context(), number); !errors.Is(err, want) {
			t.Errorf("%d: %v", kind, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	c := w.config()
	c.BaseURL = gone.URL
	_, err := client(t, w, c).Find(t.Context(), number)
	if !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestTheH5PagePaysWhenAskedTo(t *testing.T) {
	w := newWorld(t)
	of := w.ours()
	of.Way = money.H5
	launch, err := w.client.Prepare(t.Context(), of)
	must(t, err)
	visit := func(address string) (int, string) {
		t.Helper()
		response, err := http.Get(address)
		must(t, err)
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		must(t, err)
		return response.StatusCode, string(body)
	}
	if status, page := visit(launch.URL); status != http.StatusOK || !strings.Contains(page, "¥12.50") || w.taken() != 0 {
		t.Errorf("%d %s", status, page)
	}
	for range 2 {
		if status, page := visit(launch.URL + "&pay=1"); status != http.StatusOK || !strings.Contains(page, "已支付") {
			t.Errorf("%d %s", status, page)
		}
	}
	if w.taken() != 1250 {
		t.Errorf("%d fen were taken", w.taken())
	}
	if status, _ := visit(w.url + "/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=x&pay=1"); status != http.StatusNotFound {
		t.Errorf("an unknown charge: %d", status)
	}
}
