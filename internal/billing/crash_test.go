package billing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/refund"
	"parkbff/internal/billing"
	"parkbff/internal/parking"
	"parkbff/internal/permit"
)

// crash is what a process that is killed leaves behind: nothing after it happens.
type crash struct{}

// crashes counts the calls of store and channel, and dies at one of them.
type crashes struct {
	calls, at int
	die       func() // nil: a panic that survived takes for the end
}

func (c *crashes) step() {
	c.calls++
	if c.calls == c.at {
		if c.die != nil {
			c.die()
		}
		panic(crash{})
	}
}

// watch has every call of the store, and those of the channel before they arrive and before they are answered,
// counted.
func (c *crashes) watch(h *house) {
	h.Helper()
	h.must(h.store.WithTx(h.asSystem(), func(_ context.Context, tx *ent.Tx) error {
		tx.Client().Use(func(next ent.Mutator) ent.Mutator {
			return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
				c.step()
				return next.Mutate(ctx, m)
			})
		})
		tx.Client().Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
			return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
				c.step()
				return next.Query(ctx, q)
			})
		}))
		return nil
	}))
	h.channel.before = func() error { c.step(); return nil }
	h.channel.after = func() error { c.step(); return nil }
}

// survived runs a part of a story until it ends or the process dies.
func survived(do func()) (alive bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, dead := p.(crash); !dead {
				panic(p)
			}
		}
	}()
	do()
	return true
}

// A payment is killed between any two of its steps, and whoever pays asks again with the same keys, or does not. It
// ends paid or given back, whole, and never neither.
func TestAPaymentThatIsKilledBetweenAnyTwoStepsEndsPaidOrGivenBack(t *testing.T) {
	stories := map[string]struct {
		tell  func(h *house, quote parking.Quote) func()
		whole int64 // what is paid in the end
		least int   // how many steps there are
	}{
		"paid":            {func(h *house, quote parking.Quote) func() { return h.payingStory(quote, false) }, 1000, 30},
		"paid twice over": {func(h *house, quote parking.Quote) func() { return h.payingStory(quote, true) }, 1000, 30},
		"paid with a voucher": {func(h *house, quote parking.Quote) func() {
			return h.payingStory(quote, false, h.grants(amount(300)))
		}, 700, 40},
		"paid by two vouchers": {func(h *house, quote parking.Quote) func() {
			return h.payingStory(quote, false, h.grants(minutesOff(60)), h.grants(amount(500)))
		}, 0, 20},
		"a permit":      {func(h *house, _ parking.Quote) func() { return h.permitStory() }, monthly, 30},
		"a reservation": {func(h *house, _ parking.Quote) func() { return h.reserveStory() }, reserving, 30},
	}
	eachHouse(t, func(t *testing.T, h *house) {
		dies := &crashes{}
		dies.watch(h)
		for name, story := range stories {
			for _, again := range []bool{true, false} {
				deaths := 0
				for at := 1; ; at++ {
					plate := fmt.Sprintf("粤B%05d", 10000+h.codes)
					h.sees(in, plate)
					h.pass(2 * time.Hour)
					h.sees(out, plate)
					quote := h.laneQuote()
					before, last := h.channel.keeps(), h.lastPayment()
					play := story.tell(h, quote)

					dies.calls, dies.at = 0, at
					alive := survived(play)
					dies.at = 0
					if alive {
						h.settles()
						break
					}
					deaths++
					h.open(h.parking, h.outbox)
					if again {
						play()
					}
					h.settles()
					h.endsPaidOrGivenBack(name, at, last, h.channel.keeps()-before, story.whole)
				}
				h.balanced()
				t.Logf("%s: killed %d times", name, deaths)
				if deaths < story.least {
					t.Errorf("%s: killed only %d times", name, deaths)
				}
			}
		}
	})
}

// payingStory is a stay's payment from the quote to what follows it, with vouchers or without, which can be told again
// with the same keys.
func (h *house) payingStory(quote parking.Quote, twice bool, codes ...string) func() {
	order, keys := h.key(), []string{h.key(), h.key()}
	ctx := context.Background()
	return func() {
		made, err := h.CreateOrder(ctx, billing.NewOrder{IdempotencyKey: order, Quote: quote.(parking.Payable).Token, Codes: codes})
		h.must(err)
		var begun []*billing.Payment
		for _, key := range keys[:1+btoi(twice)] {
			p, err := h.tryPay(ctx, key, made)
			if err != nil { // paid meanwhile
				continue
			}
			begun = append(begun, p)
		}
		for _, p := range begun {
			if err := h.channel.pay(p.Number); err == nil {
				h.hears(p)
			}
		}
		h.works()
	}
}

// permitStory is a permit's purchase, which can be told again with the same keys.
func (h *house) permitStory() func() {
	buyer, plan, pay := h.driver(), h.publishes(h.monthlyPlan(1)), h.key()
	wanted := h.wants(plan, fmt.Sprintf("粤A%05d", 10000+h.codes), 1)
	return func() {
		made, err := h.BuyPermit(buyer, wanted)
		if errors.Is(err, permit.AlreadyHeld) { // another order of it was paid meanwhile
			return
		}
		h.must(err)
		if p, err := h.tryPay(buyer, pay, &billing.Ordered{Order: made}); err == nil {
			if err := h.channel.pay(p.Number); err == nil {
				h.hears(p)
			}
		}
		h.works()
	}
}

// reserveStory is a reservation's payment, which can be told again with the same keys.
func (h *house) reserveStory() func() {
	h.offers(terms(100))
	owner, pay := h.driver(), h.key()
	wanted := h.wish(fmt.Sprintf("粤A%05d", 10000+h.codes), time.Hour, time.Hour)
	return func() {
		made, err := h.ReserveSpace(owner, wanted)
		h.must(err)
		if p, err := h.tryPay(owner, pay, &billing.Ordered{Order: made.Order}); err == nil {
			if err := h.channel.pay(p.Number); err == nil {
				h.hears(p)
			}
		}
		h.works()
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// lastPayment is the row of the last payment that there is.
func (h *house) lastPayment() int64 {
	h.Helper()
	ids, err := h.store.Fresh(h.asSystem()).Payment.Query().Order(ent.Desc(payment.FieldID)).Limit(1).IDs(h.asSystem())
	h.must(err)
	return slices.Max(append(ids, 0))
}

// endsPaidOrGivenBack looks at the payments after one.
func (h *house) endsPaidOrGivenBack(story string, at int, after, kept, whole int64) {
	h.Helper()
	ctx := h.asSystem()
	payments, err := h.store.Fresh(ctx).Payment.Query().Where(payment.IDGT(after)).WithOrder().All(ctx)
	h.must(err)
	for _, p := range payments {
		owed := p.PaidFen - p.TakenFen
		switch {
		case p.State != payment.StateSUCCEEDED && p.State != payment.StateCLOSED:
			h.Fatalf("%s, killed at %d: a payment is left %s", story, at, p.State)
		case p.RefundedFen != owed:
			h.Fatalf("%s, killed at %d: of %d fen paid %d were taken and %d go back", story, at, p.PaidFen, p.TakenFen, p.RefundedFen)
		case p.TakenFen > 0 && p.Edges.Order.State != paymentorder.StatePAID:
			h.Fatalf("%s, killed at %d: taken, and the order is %s", story, at, p.Edges.Order.State)
		}
	}
	left, err := h.store.Fresh(ctx).Refund.Query().Where(refund.StateNEQ(refund.StateDONE)).Count(ctx)
	h.must(err)
	if left != 0 || kept != 0 && kept != whole {
		h.Fatalf("%s, killed at %d: %d refunds are left, the channel keeps %d fen", story, at, left, kept)
	}
}
