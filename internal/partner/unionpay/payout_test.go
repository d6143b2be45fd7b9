package unionpay_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/sandbox/trouble"
	sandbox "parkbff/internal/partner/sandbox/unionpay"
	"parkbff/internal/partner/unionpay"
	"parkbff/internal/partner/unionpay/acp"
)

const (
	card     = "6216261000000000018"
	payoutNo = "01k9xq4zp0000000000000000p"
)

// payer is a client that has UnionPay's encryption certificate.
func (w *world) payer(t testing.TB) *unionpay.Client {
	t.Helper()
	config := w.config(merchant)
	config.Encryption = w.keys.Encryption.CertificatePEM()
	return w.client(t, config)
}

func (w *world) payout() charge.Payout {
	return charge.Payout{Number: payoutNo, Fen: 850, Card: card, Holder: "王小明", CreatedAt: start}
}

func TestAPayoutIsTakenInAndFoundPaid(t *testing.T) {
	w := newWorld(t)
	ours := w.payer(t)
	if got, err := ours.PayoutStatus(t.Context(), w.payout().Named()); err != nil || got.State != charge.Unknown {
		t.Errorf("%+v, %v", got, err)
	}
	w.clock.Pass(time.Minute)
	if got, err := ours.Payout(t.Context(), w.payout()); err != nil || got.State != charge.Pending {
		t.Errorf("%+v, %v", got, err)
	}
	again, err := ours.Payout(t.Context(), w.payout())
	if err != nil || again.State != charge.Done || again.Fen != 850 || again.Transaction == "" || !again.At.Equal(start.Add(time.Minute)) {
		t.Errorf("%+v, %v", again, err)
	}
	if got, err := ours.PayoutStatus(t.Context(), w.payout().Named()); err != nil || got != again {
		t.Errorf("%+v, %v", got, err)
	}
	want := []sandbox.PaidOut{{Number: payoutNo, Card: card, Holder: "王小明", Fen: 850}}
	if got := w.PaidOut(); len(got) != 1 || got[0] != want[0] {
		t.Errorf("%d payouts", len(got))
	}
}

func TestAPayoutsCardIsReadByUnionPayAlone(t *testing.T) {
	w := newWorld(t)
	var sent acp.Message
	config := w.config(merchant)
	config.Encryption = w.keys.Encryption.CertificatePEM()
	config.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		body := r.Clone(r.Context())
		if err := body.ParseForm(); err != nil {
			t.Error(err)
		}
		sent, _ = acp.FromForm(body.PostForm)
		return nil, errors.New("cut")
	})
	ours := w.client(t, config)
	var said []string
	for range 2 {
		_, err := ours.Payout(t.Context(), w.payout())
		if !errors.Is(err, fault.Unavailable) {
			t.Error(err)
		}
		silent(t, err, card, "王", payoutNo)
		for name, value := range sent {
			if strings.Contains(value, card) {
				t.Errorf("%s says the card", name)
			}
		}
		said = append(said, sent["accNo"])
	}
	if said[0] == "" || said[0] == said[1] {
		t.Error("what is encrypted is the same each time")
	}
	if got := fmt.Sprintf("%v %+v %#v", w.payout(), w.payout(), w.payout()); strings.Contains(got, card) || strings.Contains(got, "王") {
		t.Error("a payout prints its card")
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhatBecomesOfAPayoutItsAnswerSays(t *testing.T) {
	for answer, want := range map[string]struct {
		err     error
		state   charge.State
		badCard bool
	}{
		"61": {charge.Declined, charge.Closed, true}, "66": {charge.Declined, charge.Closed, true}, "33": {charge.Refused, charge.Closed, false},
		"05": {nil, charge.Pending, false}, "03": {nil, charge.Pending, false}, "37": {fault.Unavailable, charge.Closed, false},
	} {
		w := newWorld(t)
		ours := w.payer(t)
		w.RefuseCard(card, answer)
		if _, err := ours.Payout(t.Context(), w.payout()); !errors.Is(err, want.err) {
			t.Errorf("%s: %v", answer, err)
		}
		got, err := ours.PayoutStatus(t.Context(), w.payout().Named())
		if err != nil || got.State != want.state || got.BadCard != want.badCard || got.Fen != 0 {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
		if len(w.PaidOut()) != 0 {
			t.Errorf("%s: something was paid", answer)
		}
	}
}

func TestAPayoutWhoseAnswerIsLostIsPaidOnce(t *testing.T) {
	w := newWorld(t)
	ours := w.payer(t)
	w.Trouble.Make(trouble.LostAnswers, 1)
	if _, err := ours.Payout(t.Context(), w.payout()); !errors.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if got, err := ours.Payout(t.Context(), w.payout()); err != nil || got.State != charge.Done {
		t.Errorf("%+v, %v", got, err)
	}
	if len(w.PaidOut()) != 1 {
		t.Errorf("%d payouts", len(w.PaidOut()))
	}
}

func TestAPayoutThatCannotBeOneIsNotSent(t *testing.T) {
	w := newWorld(t)
	without := w.ours
	for name, c := range map[string]struct {
		client *unionpay.Client
		change func(p *charge.Payout)
	}{
		"no certificate":  {without, func(*charge.Payout) {}},
		"no amount":       {w.payer(t), func(p *charge.Payout) { p.Fen = 0 }},
		"no card":         {w.payer(t), func(p *charge.Payout) { p.Card = "62162610" }},
		"no holder":       {w.payer(t), func(p *charge.Payout) { p.Holder = "" }},
		"a field in it":   {w.payer(t), func(p *charge.Payout) { p.Holder = "王&phoneNo=1" }},
		"another's place": {w.payer(t), func(p *charge.Payout) { p.Holder = "{王}" }},
	} {
		p := w.payout()
		c.change(&p)
		if _, err := c.client.Payout(t.Context(), p); !errors.Is(err, charge.Refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := w.payer(t).PayoutStatus(t.Context(), w.payout().Named()); err != nil || got.State != charge.Unknown {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestANoticeOfAPayoutIsAcknowledgedAndBelievedInNothing(t *testing.T) {
	w := newWorld(t)
	ours := w.payer(t)
	if _, err := ours.Payout(t.Context(), w.payout()); err != nil {
		t.Fatal(err)
	}
	got, err := ours.Notice(w.notice(t, payoutNo))
	if err != nil || got.Payment != nil || got.Refund != nil || got.Reply.Status != http.StatusOK {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnEncryptionCertificateThatIsNoneIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, text := range []string{"x", w.keys.Merchant.KeyPEM()} {
		config := w.config(merchant)
		config.Encryption = text
		if _, err := unionpay.New(config, w.clock); err == nil {
			t.Error("it is taken")
		}
	}
}
