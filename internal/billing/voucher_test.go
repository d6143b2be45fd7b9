package billing_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"parkbff/ent/paymentorder"
	"parkbff/ent/voucher"
	"parkbff/internal/billing"
	"parkbff/internal/discount"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

func amount(fen int64) discount.Terms { return discount.Terms{Kind: voucher.KindAMOUNT, Fen: fen} }

func minutesOff(n int) discount.Terms { return discount.Terms{Kind: voucher.KindTIME, Minutes: n} }
func all() discount.Terms             { return discount.Terms{Kind: voucher.KindWAIVER} }

// grants has a manager give a voucher out for lot A, and answers its code.
func (h *house) grants(t discount.Terms) string {
	h.Helper()
	return h.grantsFor(7, t)
}

func (h *house) grantsFor(days int, t discount.Terms) string {
	h.Helper()
	given, err := h.vouchers.Grant(h.manager(), discount.Grant{IdempotencyKey: h.key(), LotCode: "A", Terms: t, HoldsDays: days})
	h.must(err)
	return given.Code
}

// using orders with vouchers by their codes.
func (h *house) using(ctx context.Context, quote parking.Quote, codes ...string) (*billing.Ordered, error) {
	return h.CreateOrder(ctx, billing.NewOrder{IdempotencyKey: h.key(), Quote: quote.(parking.Payable).Token, Codes: codes})
}

func (h *house) uses(ctx context.Context, quote parking.Quote, codes ...string) *billing.Ordered {
	h.Helper()
	made, err := h.using(ctx, quote, codes...)
	h.must(err)
	return made
}

// paid begins to pay an order, has the channel take it and say so.
func (h *house) paid(ctx context.Context, made *billing.Ordered) {
	h.Helper()
	begun := h.begins(ctx, made)
	h.must(h.channel.pay(begun.Number))
	h.hears(begun)
}

// states are the vouchers' states, in the order in which they were given out.
func (h *house) states() (states []voucher.State) {
	h.Helper()
	rows, err := h.store.Fresh(h.asSystem()).Voucher.Query().Order(voucher.ByID()).All(h.asSystem())
	h.must(err)
	for _, row := range rows {
		states = append(states, row.State)
	}
	return states
}

func (h *house) mustStand(want ...voucher.State) {
	h.Helper()
	got := h.states()
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			h.Errorf("the vouchers are %v, not %v", got, want)
			return
		}
	}
}

func TestAVoucherTakesItsAmountOffAndIsUsedOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.sees(in, other)
		h.pass(2 * time.Hour)
		h.sees(out, car)
		code := h.grants(amount(300))
		made := h.uses(t.Context(), h.laneQuote(), code)
		if o := made.Order; o.FeeFen != 1000 || o.DiscountFen != 300 || o.DueFen != 700 {
			t.Fatalf("%d - %d = %d fen", o.FeeFen, o.DiscountFen, o.DueFen)
		}
		h.mustStand(voucher.StateRESERVED)
		_, err := h.using(t.Context(), h.plateQuote(other), code)
		refused(t, err, discount.Unusable)
		h.paid(t.Context(), made)
		h.mustStand(voucher.StateUSED)
		if h.opened() != 1 || h.channel.keeps() != 700 {
			t.Errorf("opened %d times, %d fen kept", h.opened(), h.channel.keeps())
		}
		if got := h.sees(out, car); got.Stay.OwedFen() != 0 || got.Stay.PaidFen != 700 || got.Stay.DiscountedFen != 300 {
			t.Errorf("of %d fen %d paid, %d taken off", got.Stay.FeeFen, got.Stay.PaidFen, got.Stay.DiscountedFen)
		}
		_, err = h.using(t.Context(), h.plateQuote(other), code)
		refused(t, err, discount.Unusable)
		h.balanced()
	})
}

func TestAnOrderOfWhichNothingIsLeftToPayIsSettledAtOnceAndTheGateOpens(t *testing.T) {
	for name, terms := range map[string]discount.Terms{"more than all": amount(5000), "a waiver": all(), "many minutes": minutesOff(600)} {
		eachHouse(t, func(t *testing.T, h *house) {
			h.sees(in, car)
			h.pass(2 * time.Hour)
			h.sees(out, car)
			made := h.uses(t.Context(), h.laneQuote(), h.grants(terms))
			if o := made.Order; o.State != paymentorder.StatePAID || o.DueFen != 0 || o.DiscountFen != 1000 || h.opened() != 1 {
				t.Errorf("%s: %s, %d fen due, opened %d times", name, o.State, o.DueFen, h.opened())
			}
			if again := h.sees(out, car); again.Stay.OwedFen() != 0 || again.Barrier.DisplayText != "" && again.Stay.PaidFen != 0 {
				t.Errorf("%s: %d fen are owed", name, again.Stay.OwedFen())
			}
			h.mustStand(voucher.StateUSED)
			h.balanced()
		})
	}
}

func TestWhatVouchersTookOffCountsInTheGraceAndNotForStayingLonger(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		row := h.sees(in, car).Stay.Row
		h.pass(time.Hour)
		h.uses(t.Context(), h.plateQuote(car), h.grants(all()))
		h.pass(14 * time.Minute)
		if stay, err := h.parking.Stay(h.asSystem(), row); err != nil || stay.FeeFen != 500 || stay.OwedFen() != 0 {
			t.Errorf("%v, or within the grace the stay costs something else", err)
		}
		if _, nothing := h.plateQuote(car).(parking.NothingToPay); !nothing {
			t.Error("within the grace something is owed")
		}
		h.pass(time.Hour)
		if held := h.sees(out, car); held.Stay.OwedFen() != 1000 {
			t.Errorf("%d fen are owed for staying longer", held.Stay.OwedFen())
		}
		_, err := h.using(t.Context(), h.laneQuote(), h.grants(all()))
		refused(t, err, discount.AfterPayment)
		h.pays(t.Context(), h.laneQuote())
		if h.opened() != 1 {
			t.Error("the gate did not open for what was left")
		}
		h.balanced()
	})
}

func TestAVoucherIsFreeAgainWhenItsOrderClosesUnpaid(t *testing.T) {
	for name, closes := range map[string]func(h *house, made *billing.Ordered){
		"expired": func(h *house, _ *billing.Ordered) {
			h.pass(6 * time.Minute)
			h.must(h.CloseExpired(context.Background()))
		},
		"replaced": func(h *house, _ *billing.Ordered) { h.orders(context.Background(), h.plateQuote(car)) },
		"cancelled": func(h *house, made *billing.Ordered) {
			_, err := h.CancelOrder(context.Background(), made.Order.Row, made.Proof)
			h.must(err)
		},
		"overtaken by cash": func(h *house, _ *billing.Ordered) {
			stay := h.sees(out, car).Stay
			h.opensShift(h.manager(), 0)
			_, err := h.TakeCash(h.manager(), billing.Cash{IdempotencyKey: "c", Session: stay.Row, Fen: stay.OwedFen()})
			h.must(err)
		},
	} {
		eachHouse(t, func(t *testing.T, h *house) {
			h.sees(in, car)
			h.pass(time.Hour)
			code := h.grants(amount(100))
			closes(h, h.uses(t.Context(), h.plateQuote(car), code))
			if got := h.states()[0]; got != voucher.StateFREE {
				t.Errorf("%s: the voucher is %s", name, got)
			}
			h.balanced()
		})
	}
}

func TestMoneyThatComesLateTakesTheVouchersOfItsOrderIfTheyAreFreeStill(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.sees(in, other)
		h.pass(time.Hour)
		for _, plate := range []string{car, other} {
			code := h.grants(amount(200))
			made := h.uses(t.Context(), h.plateQuote(plate), code)
			begun := h.begins(t.Context(), made)
			h.settles()
			h.pass(time.Minute)
			h.must(h.CloseExpired(t.Context()))
			if plate == other {
				h.sees(in, "粤B77777")
				h.pass(time.Hour)
				h.uses(t.Context(), h.plateQuote("粤B77777"), code)
			}
			h.channel.payLate(begun.Number)
			h.hears(begun)
			h.settles()
		}
		h.mustStand(voucher.StateUSED, voucher.StateRESERVED)
		h.balanced()
	})
}

func TestWhoPaysForAStayThatAnotherHasPaidKeepsMoneyAndVoucher(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		first := h.uses(t.Context(), h.plateQuote(car), h.grants(amount(200)))
		begun := h.begins(t.Context(), first)
		h.pays(t.Context(), h.plateQuote(car))
		h.must(h.channel.pay(begun.Number))
		h.hears(begun)
		h.settles()
		h.mustStand(voucher.StateFREE)
		if h.channel.keeps() != 500 {
			t.Errorf("%d fen are kept", h.channel.keeps())
		}
		h.balanced()
	})
}

func TestARefundGivesMoneyBackAndNoVoucher(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(2 * time.Hour)
		h.sees(out, car)
		made := h.uses(t.Context(), h.laneQuote(), h.grants(amount(300)))
		h.paid(t.Context(), made)
		give := func(fen int64) error {
			_, err := h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: h.key(), Order: made.Order.Row, Fen: fen, Reason: "x"})
			return err
		}
		refused(t, give(701), billing.RefundTooLarge)
		h.must(give(700))
		h.settles()
		h.mustStand(voucher.StateUSED)
		if got := h.order(made.Order.Row).State; got != paymentorder.StateREFUNDED || h.channel.keeps() != 0 {
			t.Errorf("%s, %d fen kept", got, h.channel.keeps())
		}
		h.balanced()
	})
}

func TestVouchersAreRefusedAlikeWhateverIsWrongWithThem(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.seesAt("B", in, other)
		h.pass(time.Hour)
		code, second, third := h.grants(amount(1)), h.grants(amount(2)), h.grants(amount(3))
		quote := h.plateQuote(car)
		for name, codes := range map[string][]string{"unknown": {"NONE"}, "empty": {""}, "twice": {code, code}} {
			_, err := h.using(t.Context(), quote, codes...)
			if !errors.Is(err, discount.Unusable) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := h.using(t.Context(), quote, code, second, third)
		refused(t, err, discount.TooMany)
		elsewhere, err := h.parking.QuotePlate(t.Context(), other, "", "B")
		h.must(err)
		_, err = h.using(t.Context(), elsewhere, code)
		refused(t, err, discount.Unusable)
		row := h.store.Fresh(h.asSystem()).Voucher.Query().FirstIDX(h.asSystem())
		for _, ctx := range []context.Context{t.Context(), h.driver()} {
			_, err = h.CreateOrder(ctx, billing.NewOrder{IdempotencyKey: h.key(), Quote: quote.(parking.Payable).Token, Vouchers: []int64{row}})
			refused(t, err, discount.Unusable)
		}
		_, err = h.CreateOrder(t.Context(), billing.NewOrder{IdempotencyKey: "k", Quote: quote.(parking.Payable).Token, Codes: []string{code}})
		h.must(err)
		_, err = h.tryOrder(t.Context(), "k", quote)
		refused(t, err, idempotent.KeyReused)
		h.pass(8 * 24 * time.Hour)
		h.must(h.CloseExpired(t.Context()))
		h.sees(in, "粤B77777")
		h.pass(time.Hour)
		_, err = h.using(t.Context(), h.plateQuote("粤B77777"), second)
		refused(t, err, discount.Unusable)
	})
}

func TestOneVoucherIsReservedByOneOfManyOrders(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		plates := []string{"粤B10007", "粤B20008", "粤B30009", "粤B40006"}
		var quotes []parking.Quote
		for _, plate := range plates {
			h.sees(in, plate)
		}
		h.pass(time.Hour)
		for _, plate := range plates {
			quotes = append(quotes, h.plateQuote(plate))
		}
		code := h.grants(all())
		var all sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for _, quote := range quotes {
			key := h.key()
			all.Go(func() {
				_, err := h.CreateOrder(context.Background(), billing.NewOrder{IdempotencyKey: key, Quote: quote.(parking.Payable).Token, Codes: []string{code}})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else {
					refused(t, err, discount.Unusable)
				}
			})
		}
		all.Wait()
		if made != 1 {
			t.Errorf("%d orders used one voucher", made)
		}
		h.balanced()
	})
}

func TestAVoucherBelongsToWhoeverClaimsItFirst(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, stranger := h.driver(), h.driver()
		code := h.grants(amount(100))
		mine, err := h.vouchers.Claim(owner, code)
		h.must(err)
		again, err := h.vouchers.Claim(owner, code)
		if err != nil || again.Row != mine.Row {
			t.Errorf("claimed again: %v", err)
		}
		_, err = h.vouchers.Claim(stranger, code)
		refused(t, err, discount.Unusable)
		_, err = h.vouchers.Claim(t.Context(), code)
		refused(t, err, fault.Unauthenticated)
		_, err = h.vouchers.Claim(h.manager(), code)
		refused(t, err, fault.Forbidden)
		_, err = h.vouchers.One(stranger, mine.Row)
		refused(t, err, fault.NotFound)
		if listed, err := h.vouchers.Vouchers(owner, page.Request{First: 5}); err != nil || len(listed.Items) != 1 {
			t.Errorf("%d vouchers, %v", len(listed.Items), err)
		}
		if listed, err := h.vouchers.Vouchers(stranger, page.Request{First: 5}); err != nil || len(listed.Items) != 0 {
			t.Errorf("a stranger has %d, %v", len(listed.Items), err)
		}
		h.sees(in, car)
		h.pass(time.Hour)
		_, err = h.using(t.Context(), h.plateQuote(car), code)
		refused(t, err, discount.Unusable)
		made, err := h.CreateOrder(owner, billing.NewOrder{IdempotencyKey: "k", Quote: h.plateQuote(car).(parking.Payable).Token, Vouchers: []int64{mine.Row}})
		if err != nil || made.Order.DueFen != 400 {
			t.Errorf("%v", err)
		}
	})
}

func TestOnlyManagersOfTheLotGiveVouchersOutOncePerKey(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		grant := discount.Grant{IdempotencyKey: "k", LotCode: "A", Terms: amount(100), HoldsDays: 7}
		for _, c := range []struct {
			ctx  context.Context
			want error
		}{
			{t.Context(), fault.Unauthenticated},
			{h.driver(), fault.Forbidden},
			{h.gate("A"), fault.Forbidden},
			{h.staff(3, viewer.Attendant), fault.Forbidden},
		} {
			_, err := h.vouchers.Grant(c.ctx, grant)
			refused(t, err, c.want)
		}
		one, err := h.vouchers.Grant(h.manager(), grant)
		h.must(err)
		h.pass(time.Hour)
		two, err := h.vouchers.Grant(h.manager(), grant)
		h.must(err)
		if one.Code != two.Code || len(one.Code) != 16 {
			t.Errorf("%q and %q", one.Code, two.Code)
		}
		for _, change := range []func(g *discount.Grant){
			func(g *discount.Grant) { g.Terms = amount(200) },
			func(g *discount.Grant) { g.HoldsDays = 8 },
		} {
			other := grant
			change(&other)
			_, err = h.vouchers.Grant(h.manager(), other)
			refused(t, err, idempotent.KeyReused)
		}
		for _, wrong := range []discount.Grant{
			{IdempotencyKey: "w", LotCode: "A", Terms: amount(0), HoldsDays: 7},
			{IdempotencyKey: "w", LotCode: "A", Terms: minutesOff(-1), HoldsDays: 7},
			{IdempotencyKey: "w", LotCode: "A", Terms: amount(1), HoldsDays: 0},
			{IdempotencyKey: "w", LotCode: "A", Terms: discount.Terms{Kind: voucher.KindWAIVER, Fen: 1}, HoldsDays: 1},
		} {
			_, err = h.vouchers.Grant(h.manager(), wrong)
			refused(t, err, discount.InvalidVoucher)
		}
		_, err = h.vouchers.Grant(h.manager(), discount.Grant{IdempotencyKey: "B", LotCode: "B", Terms: all(), HoldsDays: 1})
		refused(t, err, fault.Forbidden)
	})
}

func TestByAVoucherAloneNobodyComesToSeeAStayAndByMoneyThePayerDoes(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			plate string
			terms discount.Terms
			sees  bool
		}{{car, all(), false}, {other, amount(100), true}} {
			stay := h.sees(in, c.plate).Stay.Row
			h.pass(time.Hour)
			driver := h.driver()
			made := h.uses(driver, h.plateQuote(c.plate), h.grants(c.terms))
			if c.sees {
				h.paid(driver, made)
			}
			if _, err := h.parking.Stay(driver, stay); (err == nil) != c.sees || (len(h.told) > 0) != c.sees {
				t.Errorf("by a voucher of %s: %v, told %d times", c.terms.Kind, err, len(h.told))
			}
		}
	})
}
