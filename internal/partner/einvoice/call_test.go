package einvoice_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/einvoice"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/testkit"
)

func TestATokenIsAskedForOnceAndRenewedOnceItIsWorthless(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			if _, err := w.client.Issue(t.Context(), request(fmt.Sprintf("A%d", n))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := w.Signs(); got != 1 {
		t.Errorf("%d tokens for twenty invoices", got)
	}
	for name, spoil := range map[string]func(){"ended": func() { w.clock.Pass(24 * time.Hour) }, "revoked": w.Revoke} {
		before := w.Signs()
		spoil()
		if _, err := w.client.Find(t.Context(), "A1"); err != nil || w.Signs() != before+1 {
			t.Errorf("%s: %v, %d tokens more", name, err, w.Signs()-before)
		}
	}
}

func TestWhoWaitsForATokenNeedNotWaitForEver(t *testing.T) {
	w := newWorld(t)
	asked, hold := make(chan struct{}), make(chan struct{})
	w.config.TokenURL = serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-hold }))
	c := client(t, w.config, w.clock)
	first := make(chan error, 1)
	go func() { _, err := c.Find(t.Context(), "A1"); first <- err }()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Find(ctx, "A1"); !errors.Is(err, context.Canceled) || !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	close(hold)
	if err := <-first; !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestTroubleIsToldApart(t *testing.T) {
	w := newWorld(t)
	w.issue(t, request("A1"))
	for _, c := range []struct {
		kind trouble.Kind
		want error
	}{{trouble.Down, fault.Unavailable}, {trouble.Limited, fault.RateLimited}, {trouble.LostAnswers, fault.Unavailable}} {
		w.Trouble.Make(c.kind, 1)
		if _, err := w.client.Find(t.Context(), "A1"); !errors.Is(err, c.want) {
			t.Errorf("%d: %v", c.kind, err)
		}
	}
	for name, spoil := range map[string]func(*einvoice.Config){
		"another secret": func(c *einvoice.Config) { c.AppSecret = "guessed" },
		"another app":    func(c *einvoice.Config) { c.AppKey = "other" },
		"another seller": func(c *einvoice.Config) { c.Seller.TaxNumber = buyerTax },
	} {
		other := w.config
		spoil(&other)
		_, err := client(t, other, w.clock).Find(t.Context(), "A1")
		if !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
		says(t, err, "guessed", "secret", buyerTax)
	}
	late := testkit.NewClock(start.Add(-11 * time.Minute))
	if _, err := client(t, w.config, late).Find(t.Context(), "A1"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a clock that is wrong: %v", err)
	}
}

// The value was computed by another implementation of HMAC.
func TestTheSignatureIsTheServices(t *testing.T) {
	got := einvoice.Sign("F65E41ED8A2B4F65", "HnPARK01", "0123456789abcdef0123456789abcdef", "12345678", "1790000000", []byte(`{"order":{"buyerName":"张三"}}`))
	if want := "ZjuC6j6Qr8tiLyaP5zRTPz8Tafk="; got != want {
		t.Errorf("%s, not %s", got, want)
	}
}
