package billing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"
	"time"

	"parkbff/internal/billing"
	"parkbff/internal/fault"
	"parkbff/internal/money"
	"parkbff/internal/parking"
	"parkbff/internal/partner/charge"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

// victimPart is the variable by which this executable is told to be a process that pays, and when it is killed.
const victimPart = "PARKBFF_TEST_VICTIM"

func TestMain(m *testing.M) {
	if part := os.Getenv(victimPart); part != "" {
		playVictim(part)
		return
	}
	os.Exit(m.Run())
}

// victim is a process that orders what was quoted and pays it, at a channel that is another process.
type victim struct {
	Store           store.Options
	Channel         string // its URL
	Now             time.Time
	Quote           string // the token
	OrderKey, Key   string
	Dies            int    // at which call of store or channel; 0: never
	SecondPaymentBy string // its key; empty: there is none
}

// TestAPaymentSurvivesKillMinus9BetweenAnyTwoOfItsSteps is TestAPaymentThatIsKilled… with processes and SIGKILL: what
// the database has of a transaction that was going on, and what the channel has heard, is all that is left.
func TestAPaymentSurvivesKillMinus9BetweenAnyTwoOfItsSteps(t *testing.T) {
	for engine, options := range map[string]func(t *testing.T) store.Options{
		"sqlite":   func(t *testing.T) store.Options { return store.Options{Dir: t.TempDir()} },
		"postgres": func(t *testing.T) store.Options { return store.Options{URL: testkit.PostgresURL(t)} },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			of := options(t)
			h := newHouse(t, testkit.Open(t, of))
			wire := httptest.NewServer(&wired{h.channel})
			t.Cleanup(wire.Close)
			deaths := 0
			for at := 1; ; at++ {
				plate := fmt.Sprintf("粤B%05d", 10000+h.codes)
				h.sees(in, plate)
				h.pass(2 * time.Hour)
				h.sees(out, plate)
				quote, owes := h.laneQuote().(parking.Payable)
				if !owes {
					t.Fatal("nothing is owed")
				}
				before, last, opened := h.channel.keeps(), h.lastPayment(), h.opened()
				v := victim{
					Store: of, Channel: wire.URL, Now: h.clock.Now(), Quote: quote.Token, OrderKey: h.key(), Key: h.key(), Dies: at,
				}
				if at%3 == 0 {
					v.SecondPaymentBy = h.key()
				}
				killed := v.plays(t)
				if killed {
					deaths++
					if at%2 == 0 { // whoever pays asks again with the same keys
						v.Dies = 0
						v.plays(t)
					}
				}
				h.settles()
				h.endsPaidOrGivenBack("kill -9", at, last, h.channel.keeps()-before, 1000)
				if paid := h.channel.keeps() > before; paid != (h.opened() > opened) {
					t.Fatalf("killed at %d: paid %v, the gate was told to open %d times", at, paid, h.opened()-opened)
				}
				if !killed {
					break
				}
			}
			h.balanced()
			t.Logf("killed %d times", deaths)
			if deaths < 30 {
				t.Errorf("killed only %d times", deaths)
			}
		})
	}
}

// plays runs the process, and tells whether it was killed.
func (v victim) plays(t *testing.T) (killed bool) {
	t.Helper()
	part, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), self)
	process.Env = append(os.Environ(), victimPart+"="+string(part))
	said, err := process.CombinedOutput()
	ended := (*exec.ExitError)(nil)
	switch {
	case err == nil:
		return false
	case errors.As(err, &ended) && !ended.Exited():
		return true
	}
	t.Fatalf("the victim, to be killed at %d, ended by itself: %v\n%s", v.Dies, err, said)
	return false
}

// playVictim is the process. What goes wrong in it is a panic, which ends it with a status.
func playVictim(part string) {
	var v victim
	if err := json.Unmarshal([]byte(part), &v); err != nil {
		panic(err)
	}
	t := &stage{ctx: context.Background()}
	s, err := store.Open(t.ctx, v.Store)
	t.must(err)
	h := newHouse(t, s)
	h.clock.Set(v.Now)
	dies := &crashes{at: v.Dies, die: kill}
	dies.watch(h)
	h.till = &wire{url: v.Channel, step: dies.step}
	h.open(h.parking, h.outbox)
	dies.calls = 0
	v.pays(h)
}

func kill() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {} // the signal is on its way
}

// pays is payingStory, with a channel that is elsewhere.
func (v victim) pays(h *house) {
	channel := &wire{url: v.Channel, step: func() {}}
	made, err := h.CreateOrder(h.Context(), billing.NewOrder{IdempotencyKey: v.OrderKey, Quote: v.Quote})
	h.must(err)
	for _, key := range []string{v.Key, v.SecondPaymentBy} {
		if key == "" {
			continue
		}
		p, err := h.tryPay(h.Context(), key, made)
		if err != nil { // paid meanwhile
			continue
		}
		if channel.ask("pay", p.Number, nil) != nil {
			continue
		}
		receipt, err := h.till.Find(h.Context(), charge.Named{Number: p.Number})
		h.must(err)
		h.must(h.Received(h.Context(), money.WeChat, receipt))
	}
	h.works()
}

// stage is what a house wants of a test, in a process that is none.
type stage struct {
	testing.TB
	ctx context.Context //nolint:containedctx // as a test has one
}

func (*stage) Helper()                    {}
func (*stage) Cleanup(func())             {}
func (s *stage) Context() context.Context { return s.ctx }
func (*stage) Fatal(args ...any)          { panic(fmt.Sprint(args...)) }

func (s *stage) must(err error) {
	if err != nil {
		panic(err)
	}
}

// wired answers over HTTP what the channel of a test answers.
type wired struct{ *channel }

// said is an answer of wired.
type said struct {
	Answer json.RawMessage
	Error  string
}

// toldApart are the errors that billing tells apart.
var toldApart = []error{charge.Refused, charge.Declined, charge.AlreadyPaid, charge.NotBegun, errNotPayable}

func (c *wired) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, read := r.Context(), json.NewDecoder(r.Body)
	var answer any
	var err error
	switch r.URL.Path {
	case "/prepare":
		answer, err = asked(read, func(in charge.Charge) (charge.Launch, error) { return c.Prepare(ctx, in) })
	case "/find":
		answer, err = asked(read, func(in charge.Named) (charge.Receipt, error) { return c.Find(ctx, in) })
	case "/close":
		answer, err = asked(read, func(in charge.Named) (any, error) { return nil, c.Close(ctx, in) })
	case "/refund":
		answer, err = asked(read, func(in charge.Refund) (charge.RefundReceipt, error) { return c.Refund(ctx, in) })
	case "/findRefund":
		answer, err = asked(read, func(in charge.Refund) (charge.RefundReceipt, error) { return c.FindRefund(ctx, in) })
	case "/pay":
		answer, err = asked(read, func(number string) (any, error) { return nil, c.pay(number) })
	default:
		http.NotFound(w, r)
		return
	}
	text, broken := json.Marshal(answer)
	out := said{Answer: text}
	if err = errors.Join(err, broken); err != nil {
		out.Error = err.Error()
		for _, known := range toldApart {
			if errors.Is(err, known) {
				out.Error = known.Error()
			}
		}
	}
	_ = json.NewEncoder(w).Encode(out)
}

func asked[In, Out any](read *json.Decoder, do func(In) (Out, error)) (out Out, err error) {
	var in In
	if err := read.Decode(&in); err != nil {
		return out, err
	}
	return do(in)
}

// wire is a channel that is another process. It counts a step before each call leaves, and one before its answer is heard.
type wire struct {
	url  string
	step func()
}

func (w *wire) ask(call string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	w.step()
	response, err := http.Post(w.url+"/"+call, "application/json", bytes.NewReader(text))
	if err != nil {
		return fault.Unavailable.Because(err)
	}
	defer func() { _ = response.Body.Close() }()
	var heard said
	if err := json.NewDecoder(response.Body).Decode(&heard); err != nil {
		return fault.Unavailable.Because(err)
	}
	w.step()
	for _, known := range toldApart {
		if heard.Error == known.Error() {
			return known
		}
	}
	switch {
	case heard.Error != "":
		return errors.New(heard.Error)
	case out == nil:
		return nil
	}
	return json.Unmarshal(heard.Answer, out)
}

func (w *wire) Prepare(_ context.Context, c charge.Charge) (launch charge.Launch, err error) {
	err = w.ask("prepare", c, &launch)
	return launch, err
}

func (w *wire) Find(_ context.Context, of charge.Named) (receipt charge.Receipt, err error) {
	err = w.ask("find", of, &receipt)
	return receipt, err
}

func (w *wire) Close(_ context.Context, of charge.Named) error { return w.ask("close", of, nil) }

func (w *wire) Refund(_ context.Context, r charge.Refund) (receipt charge.RefundReceipt, err error) {
	err = w.ask("refund", r, &receipt)
	return receipt, err
}

func (w *wire) FindRefund(_ context.Context, r charge.Refund) (receipt charge.RefundReceipt, err error) {
	err = w.ask("findRefund", r, &receipt)
	return receipt, err
}
