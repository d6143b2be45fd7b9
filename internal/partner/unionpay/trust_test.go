package unionpay_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/partner/charge"
	sandbox "parkbff/internal/partner/sandbox/unionpay"
	"parkbff/internal/partner/unionpay"
	"parkbff/internal/partner/vouch"
)

// impostors sign with keys and certificates that are not UnionPay's.
func impostors(t *testing.T, w *world) map[string]sandbox.Identity {
	t.Helper()
	forever := start.AddDate(5, 0, 0)
	certified := func(name string, until time.Time) sandbox.Identity {
		i, err := w.keys.Issue(w.keys.UnionPay.Key, name, until)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	stolen := certified("041@Z12@"+unionpay.Owner+"@1", forever)
	stolen.Key = w.keys.Merchant.Key
	alone := w.keys.Merchant
	alone.Certificate = w.keys.Root.Certificate
	self := sandbox.Keys{Middle: sandbox.Identity{Key: w.keys.Merchant.Key, Certificate: w.keys.Merchant.Certificate}}
	unchained, err := self.Issue(w.keys.UnionPay.Key, "041@Z12@"+unionpay.Owner+"@1", forever)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]sandbox.Identity{
		"a merchant of the same authority": w.keys.Merchant,
		"another owner":                    certified("041@Z12@中国银联@1", forever),
		"no owner":                         certified(unionpay.Owner, forever),
		"an owner in the wrong place":      certified(unionpay.Owner+"@041@Z12", forever),
		"expired":                          certified("041@Z12@"+unionpay.Owner+"@1", start.Add(-time.Second)),
		"a certificate without its key":    stolen,
		"the authority itself":             alone,
		"certified by a merchant":          unchained,
	}
}

func TestNobodyButUnionPayIsBelieved(t *testing.T) {
	w := newWorld(t)
	due, _ := w.paid(t)
	for name, who := range impostors(t, w) {
		w.SignAs(who)
		if got, err := w.ours.Find(t.Context(), due.Named()); !errors.Is(err, fault.Unavailable) {
			t.Errorf("the reply of %s is believed: %v, %v", name, got.State, err)
		}
		form, err := w.Sandbox.Notice(number)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.ours.Notice(form); !errors.Is(err, vouch.Forged) || got != nil {
			t.Errorf("the notice of %s is believed: %v", name, err)
		}
	}
	w.SignAs(w.keys.UnionPay)
	if _, err := w.ours.Find(t.Context(), due.Named()); err != nil {
		t.Error(err)
	}
}

// The clock is the house's, not the machine's.
func TestACertificateIsBelievedAsLongAsItLasts(t *testing.T) {
	w := newWorld(t)
	end := time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC)
	who, err := w.keys.Issue(w.keys.UnionPay.Key, "041@Z12@"+unionpay.Owner+"@1", end)
	if err != nil {
		t.Fatal(err)
	}
	w.SignAs(who)
	for at, believed := range map[time.Time]bool{end: true, end.Add(time.Second): false} {
		w.clock.Set(at)
		if _, err := w.ours.Find(t.Context(), w.due(money.App).Named()); believed != (err == nil) {
			t.Errorf("at %v: %v", at, err)
		}
	}
}

func TestACertificateAmongTheRootsIsBelievedAsItIs(t *testing.T) {
	w := newWorld(t)
	config := w.config(merchant)
	config.Intermediates, config.Roots = "", w.keys.UnionPay.CertificatePEM()
	if got, err := w.client(t, config).Find(t.Context(), w.due(money.App).Named()); err != nil || got.State != charge.Unknown {
		t.Error(err)
	}
	config.Owner = "00040000:SIGN"
	if _, err := w.client(t, config).Find(t.Context(), w.due(money.App).Named()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("somebody else's: %v", err)
	}
}

// A reply that UnionPay once signed to another order, or to another merchant, says nothing of this one.
func TestAReplyToSomethingElseIsNoReply(t *testing.T) {
	w := newWorld(t)
	due, _ := w.paid(t)
	var kept string
	played := false
	between := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if played {
			_, _ = rw.Write([]byte(kept))
			return
		}
		recorder := httptest.NewRecorder()
		w.ServeHTTP(recorder, r)
		kept = recorder.Body.String()
		_, _ = rw.Write([]byte(kept))
	}))
	defer between.Close()
	config := w.config(merchant)
	config.Gateway = between.URL
	client := w.client(t, config)
	if _, err := client.Find(t.Context(), due.Named()); err != nil {
		t.Fatal(err)
	}
	played = true
	otherNumber, otherTime := due.Named(), due.Named()
	otherNumber.Number = strings.Replace(number, "A", "B", 1)
	otherTime.CreatedAt = otherTime.CreatedAt.Add(time.Second)
	for name, asked := range map[string]charge.Named{"another order": otherNumber, "an order of another second": otherTime} {
		if got, err := client.Find(t.Context(), asked); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, %v", name, got.State, err)
		}
	}
	config.MerchantID = neighbor
	if got, err := w.client(t, config).Find(t.Context(), due.Named()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("another merchant's: %v, %v", got.State, err)
	}
}

func TestRepliesThatAreNoneAreTrouble(t *testing.T) {
	w := newWorld(t)
	for name, body := range map[string]string{
		"nothing": "", "a page": "<html>502</html>", "unsigned": "respCode=00&merId=" + merchant, "twice": "respCode=00&respCode=34",
		"endless": strings.Repeat("a", 300<<10), "open": "respMsg={a&b",
	} {
		config := w.config(merchant)
		config.Gateway = serve(t, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(body)) }))
		if _, err := w.client(t, config).Find(t.Context(), w.due(money.App).Named()); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	config := w.config(merchant)
	config.Gateway = serve(t, http.RedirectHandler(w.url+"/gateway/api/queryTrans.do", http.StatusTemporaryRedirect))
	if _, err := w.client(t, config).Find(t.Context(), w.due(money.App).Named()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a redirect: %v", err)
	}
}

func TestAWrongSettingIsNamed(t *testing.T) {
	w := newWorld(t)
	for want, spoil := range map[string]func(*unionpay.Config){
		"gateway":                func(c *unionpay.Config) { c.Gateway = "gateway" },
		"files' address":         func(c *unionpay.Config) { c.Files = "" },
		"notice URL is not":      func(c *unionpay.Config) { c.NoticeURL = "/callback" },
		"notice URL has a query": func(c *unionpay.Config) { c.NoticeURL += "?a=b" },
		"return URL":             func(c *unionpay.Config) { c.ReturnURL = "" },
		"merchant id":            func(c *unionpay.Config) { c.MerchantID = "1" },
		"certificate is not one": func(c *unionpay.Config) { c.Certificate = c.PrivateKey },
		"private key is no":      func(c *unionpay.Config) { c.PrivateKey = c.Certificate },
		"not of our private key": func(c *unionpay.Config) { c.Certificate = w.keys.UnionPay.CertificatePEM() },
		"roots":                  func(c *unionpay.Config) { c.Roots = "" },
		"intermediates":          func(c *unionpay.Config) { c.Intermediates = "-" },
		"no way":                 func(c *unionpay.Config) { c.Product.Ways = nil },
		"a way that is none":     func(c *unionpay.Config) { c.Product.Ways = []money.Way{"CASH"} },
		"bizType":                func(c *unionpay.Config) { c.Product.BizType = "1" },
		"txnSubType":             func(c *unionpay.Config) { c.Product.SubType = "1" },
		"channelType":            func(c *unionpay.Config) { c.Product.ChannelType = "x" },
		"bank":                   func(c *unionpay.Config) { c.Product.Bank = "A&B" },
	} {
		config := w.config(merchant)
		spoil(&config)
		_, err := unionpay.New(config, w.clock)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestASettingPrintsNoKey(t *testing.T) {
	w := newWorld(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, w.config(merchant)); got != "config" {
			t.Error(got)
		}
	}
}
