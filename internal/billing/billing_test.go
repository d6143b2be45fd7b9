package billing_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/notice"
	"parkbff/ent/observation"
	"parkbff/ent/payment"
	"parkbff/ent/paymentorder"
	"parkbff/ent/task"
	"parkbff/internal/billing"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/money"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

func refused(t testing.TB, err error, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestAStrangerAtTheLanePaysAndTheGateOpens(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(2 * time.Hour)
		if held := h.sees(out, car); held.Barrier.Decision != observation.DecisionHOLD {
			t.Fatalf("the barrier: %s", held.Barrier.Decision)
		}
		made := h.orders(t.Context(), h.laneQuote())
		if h.opened() != 0 {
			t.Fatal("the gate opened for an order")
		}
		begun := h.begins(t.Context(), made)
		if begun.Launch == nil || begun.Launch.URL == nil || h.opened() != 0 {
			t.Fatal("no page to pay on, or the gate opened for an attempt")
		}
		h.must(h.channel.pay(begun.Number))
		h.hears(begun)

		if got := h.opened(); got != 1 {
			t.Errorf("the gate was ordered to open %d times", got)
		}
		order := h.order(made.Order.Row)
		if order.State != paymentorder.StatePAID || order.PaidFen != 1000 || *order.Channel != money.WeChat {
			t.Errorf("%s, %d fen", order.State, order.PaidFen)
		}
		if again := h.sees(out, car); again.Barrier.Decision != observation.DecisionRELEASE {
			t.Errorf("seen again: %s", again.Barrier.Decision)
		}
		h.balanced()
	})
}

func TestWhatAChannelSaysTwiceIsBookedOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		made := h.orders(t.Context(), h.plateQuote(car))
		begun := h.begins(t.Context(), made)
		h.must(h.channel.pay(begun.Number))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { h.hears(begun) })
		}
		all.Wait()
		if got := h.order(made.Order.Row).PaidFen; got != 500 {
			t.Errorf("%d fen", got)
		}
		h.balanced()
	})
}

func TestWhoPaysBeforeLeavingHasTheGraceAndPaysForStayingLonger(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		h.pays(t.Context(), h.plateQuote(car))
		h.pass(14 * time.Minute)
		if _, nothing := h.plateQuote(car).(parking.NothingToPay); !nothing {
			t.Error("within the grace something is owed")
		}
		h.pass(time.Hour)
		held := h.sees(out, car)
		if held.Barrier.Decision != observation.DecisionHOLD || held.Stay.FeeFen-held.Stay.PaidFen != 1000 {
			t.Fatalf("%s, %d of %d fen paid", held.Barrier.Decision, held.Stay.PaidFen, held.Stay.FeeFen)
		}
		h.pays(t.Context(), h.laneQuote())
		if h.opened() != 1 {
			t.Error("the gate did not open for what was left")
		}
		h.balanced()
	})
}

func TestTheSecondOfTwoWhoPayForOneStayGetsItBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		first := h.orders(t.Context(), h.plateQuote(car))
		one := h.begins(t.Context(), first)
		second := h.orders(t.Context(), h.plateQuote(car))
		two := h.begins(t.Context(), second)
		h.must(h.channel.pay(one.Number))
		h.must(h.channel.pay(two.Number))
		h.hears(two)
		h.hears(one)

		h.settles()

		if got := h.order(second.Order.Row); got.State != paymentorder.StatePAID {
			t.Errorf("whose money came first: %s", got.State)
		}
		if got := h.order(first.Order.Row); got.State != paymentorder.StateCLOSED || got.PaidFen != 0 {
			t.Errorf("whose money came second: %s, %d fen kept", got.State, got.PaidFen)
		}
		if got := h.channel.keeps(); got != 500 {
			t.Errorf("the channel keeps %d fen", got)
		}
		h.balanced()
	})
}

func TestAStayHasOneOpenOrder(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		quote := h.plateQuote(car)
		var all sync.WaitGroup
		for range 8 {
			key := h.key()
			all.Go(func() {
				_, err := h.tryOrder(context.Background(), key, quote)
				h.must(err)
			})
		}
		all.Wait()
		open, err := h.store.Fresh(h.asSystem()).PaymentOrder.Query().Where(paymentorder.StateEQ(paymentorder.StateOPEN)).Count(h.asSystem())
		if err != nil || open != 1 {
			t.Errorf("%d open orders, %v", open, err)
		}
	})
}

func TestTheSameKeyOrdersAndPaysOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.sees(in, other)
		h.pass(time.Hour)
		quote := h.plateQuote(car)
		first, err := h.tryOrder(t.Context(), "k", quote)
		h.must(err)
		again, err := h.tryOrder(t.Context(), "k", quote)
		h.must(err)
		if first.Order.Row != again.Order.Row || first.Proof != again.Proof {
			t.Error("two orders")
		}
		_, err = h.tryOrder(t.Context(), "k", h.plateQuote(other))
		refused(t, err, idempotent.KeyReused)
		_, err = h.tryOrder(t.Context(), "", quote)
		refused(t, err, idempotent.InvalidKey)

		one, err := h.tryPay(t.Context(), "p", again)
		h.must(err)
		two, err := h.tryPay(t.Context(), "p", again)
		h.must(err)
		if one.Number != two.Number {
			t.Error("two payments")
		}
		another := h.orders(t.Context(), h.plateQuote(other))
		_, err = h.tryPay(t.Context(), "p", another)
		refused(t, err, idempotent.KeyReused)
		if mine, err := h.tryOrder(h.driver(), "k", quote); err != nil || mine.Order.Row == first.Order.Row {
			t.Errorf("another's key was answered: %v", err)
		}
	})
}

func TestAnOrderIsPaidOnlyWhileItsAmountHolds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		quote := h.plateQuote(car)
		made := h.orders(t.Context(), quote)
		h.pass(6 * time.Minute)
		_, err := h.tryPay(t.Context(), h.key(), made)
		refused(t, err, billing.OrderClosed)
		_, err = h.tryOrder(t.Context(), h.key(), quote)
		refused(t, err, parking.QuoteExpired)
		if got := h.order(made.Order.Row).State; got != paymentorder.StateCLOSED {
			t.Errorf("an expired order is shown %s", got)
		}
		h.must(h.CloseExpired(t.Context()))
		stored, err := h.store.Fresh(h.asSystem()).PaymentOrder.Get(h.asSystem(), made.Order.Row)
		if err != nil || stored.State != paymentorder.StateCLOSED || *stored.CloseReason != paymentorder.CloseReasonEXPIRED {
			t.Errorf("%v %v", stored, err)
		}
	})
}

func TestThePriceIsCheckedAgain(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		quote := h.plateQuote(car)
		mine := h.orders(t.Context(), quote)
		h.pays(t.Context(), quote)
		_, err := h.tryOrder(t.Context(), h.key(), quote)
		refused(t, err, billing.PriceChanged)
		_, err = h.tryPay(t.Context(), h.key(), mine)
		refused(t, err, billing.OrderClosed)
	})
}

func TestAForgedQuoteIsNone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, token := range []string{"", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
			_, err := h.CreateOrder(t.Context(), billing.NewOrder{IdempotencyKey: h.key(), Quote: token})
			refused(t, err, parking.QuoteExpired)
		}
	})
}

func TestALostCallBackIsMadeUpForByAsking(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		made := h.orders(t.Context(), h.plateQuote(car))
		begun := h.begins(t.Context(), made)
		h.must(h.channel.pay(begun.Number))
		h.settles()
		if got := h.order(made.Order.Row).State; got != paymentorder.StatePAID {
			t.Errorf("the order is %s", got)
		}
		h.balanced()
	})
}

func TestAPaymentNobodyMadeIsClosedAtTheChannel(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		begun := h.begins(t.Context(), h.orders(t.Context(), h.plateQuote(car)))
		h.settles()
		if err := h.channel.pay(begun.Number); !errors.Is(err, errNotPayable) {
			t.Error("it can still be paid")
		}
		row, err := h.store.Fresh(h.asSystem()).Payment.Get(h.asSystem(), begun.Row)
		if err != nil || row.State != payment.StateCLOSED {
			t.Errorf("%v %v", row.State, err)
		}
	})
}

func TestMoneyThatComesAfterTheTimeoutIsTakenWhileItIsOwedAndGoesBackElse(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, owed := range []bool{true, false} {
			plate := map[bool]string{true: car, false: other}[owed]
			h.sees(in, plate)
			h.pass(time.Hour)
			made := h.orders(t.Context(), h.plateQuote(plate))
			begun := h.begins(t.Context(), made)
			h.settles()
			if !owed {
				h.sees(out, plate)
				h.pays(t.Context(), h.laneQuote())
			}
			before := h.channel.keeps()
			h.channel.payLate(begun.Number)
			h.hears(begun)
			h.settles()
			got := h.order(made.Order.Row)
			if kept := h.channel.keeps() - before; owed && (kept != 500 || got.State != paymentorder.StatePAID) || !owed && (kept != 0 || got.PaidFen != 0) {
				t.Errorf("owed %t: %d fen kept, order %s", owed, kept, got.State)
			}
		}
		h.balanced()
	})
}

func TestNothingIsTakenForAGhost(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		made := h.orders(t.Context(), h.plateQuote(car))
		begun := h.begins(t.Context(), made)
		h.seesAt("B", in, car)
		h.must(h.channel.pay(begun.Number))
		h.hears(begun)
		h.settles()
		if got := h.channel.keeps(); got != 0 {
			t.Errorf("%d fen were kept", got)
		}
		h.balanced()
	})
}

func TestWhoPaysMoreThanWasAskedGetsTheRestBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		h.channel.overpay = 123
		h.pays(t.Context(), h.plateQuote(car))
		h.settles()
		if got := h.channel.keeps(); got != 500 {
			t.Errorf("%d fen were kept", got)
		}
		h.balanced()
	})
}

func TestAManagerRefundsAPartAndThenTheRest(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		driver := h.driver()
		h.sees(in, car)
		h.pass(2 * time.Hour)
		h.sees(out, car)
		made := h.pays(driver, h.laneQuote())
		give := func(ctx context.Context, key string, fen int64) error {
			_, err := h.RefundOrder(ctx, billing.NewRefund{IdempotencyKey: key, Order: made.Order.Row, Fen: fen, Reason: "重复收费"})
			return err
		}
		h.channel.busy = true
		h.must(give(h.manager(), "a", 300))
		h.must(give(h.manager(), "a", 300))
		refused(t, give(h.manager(), "a", 200), idempotent.KeyReused)
		refused(t, give(h.manager(), "b", 701), billing.RefundTooLarge)
		refused(t, give(h.manager(), "b", 0), billing.RefundTooLarge)
		refused(t, give(h.staff(7, viewer.Attendant), "b", 1), fault.Forbidden)
		refused(t, give(h.staff(withoutFactor, viewer.Manager), "b", 1), errNoFactor)
		refused(t, give(driver, "b", 1), fault.Forbidden)
		refused(t, give(h.driver(), "b", 1), fault.NotFound)
		refused(t, give(t.Context(), "b", 1), fault.Unauthenticated)
		h.settles()
		if got := h.order(made.Order.Row); got.State != paymentorder.StatePAID || got.RefundedFen != 300 || h.channel.keeps() != 700 {
			t.Errorf("%s, %d fen refunded, %d kept", got.State, got.RefundedFen, h.channel.keeps())
		}
		h.must(give(h.manager(), "c", 700))
		h.settles()
		if got := h.order(made.Order.Row); got.State != paymentorder.StateREFUNDED || h.channel.keeps() != 0 {
			t.Errorf("%s, %d kept", got.State, h.channel.keeps())
		}
		var kinds []notice.Kind
		for _, n := range h.told {
			kinds = append(kinds, n.Kind)
		}
		if len(kinds) != 3 || kinds[0] != notice.KindPAID || kinds[1] != notice.KindREFUNDED || *h.told[2].FeeFen != 700 {
			t.Errorf("told %v", kinds)
		}
		h.balanced()
	})
}

func TestWhatAChannelCannotGiveBackWaitsForAnOperatorAndStaysOwed(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		h.channel.overpay = 1
		h.pays(t.Context(), h.plateQuote(car))
		h.channel.hopeless = true
		h.settles()
		dead, err := h.store.Fresh(h.asSystem()).Task.Query().Where(task.StateEQ(task.StateDEAD), task.KindEQ(task.KindREFUND)).Only(h.asSystem())
		h.must(err)
		h.balanced()
		h.channel.hopeless = false
		h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
			return tx.Task.UpdateOneID(dead.ID).SetState(task.StateWAITING).SetAttempts(0).SetDueAt(h.clock.Now()).Exec(ctx)
		}))
		h.settles()
		if got := h.channel.keeps(); got != 500 {
			t.Errorf("%d fen are kept", got)
		}
		h.balanced()
	})
}

func TestAnAttendantTakesCash(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		held := h.sees(out, car)
		cash := billing.Cash{IdempotencyKey: "c", Session: held.Stay.Row, Fen: 500}
		attendant := h.staff(3, viewer.Attendant)
		h.opensShift(attendant, 0)
		h.opensShift(h.manager(), 200)
		few := cash
		few.Fen = 499
		_, err := h.TakeCash(attendant, few)
		refused(t, err, billing.AmountDiffers)
		_, err = h.TakeCash(t.Context(), cash)
		refused(t, err, fault.Unauthenticated)
		_, err = h.TakeCash(h.driver(), cash)
		refused(t, err, fault.NotFound)
		_, err = h.TakeCash(h.gate("A"), cash)
		refused(t, err, fault.Forbidden)

		order, err := h.TakeCash(attendant, cash)
		h.must(err)
		again, err := h.TakeCash(attendant, cash)
		h.must(err)
		if order.State != paymentorder.StatePAID || *order.Channel != money.Cash || again.Row != order.Row || h.opened() != 1 {
			t.Errorf("%s, %d times opened", order.State, h.opened())
		}
		_, err = h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: "r", Order: order.Row, Fen: 200, Reason: "找零"})
		h.must(err)
		h.balanced()
	})
}

func TestNobodySeesOrPaysAnothersOrder(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		owner, stranger := h.driver(), h.driver()
		mine := h.orders(owner, h.plateQuote(car))
		for name, ctx := range map[string]context.Context{"a stranger": stranger, "nobody": t.Context(), "a gate": h.gate("A")} {
			_, err := h.Order(ctx, mine.Order.Row, "")
			refused(t, err, fault.NotFound)
			_, err = h.Order(ctx, mine.Order.Row, "wrong")
			refused(t, err, fault.NotFound)
			_, err = h.CancelOrder(ctx, mine.Order.Row, "")
			refused(t, err, fault.NotFound)
			if ctx == h.gate("A") {
				continue
			}
			_, err = h.Pay(ctx, billing.Attempt{IdempotencyKey: name[:1], Order: mine.Order.Row, Channel: money.WeChat, Way: money.H5})
			if err == nil {
				t.Errorf("%s pays it", name)
			}
		}
		if _, err := h.Order(t.Context(), mine.Order.Row, mine.Proof); err != nil {
			t.Errorf("the proof does not show it: %v", err)
		}
		listed, err := h.Orders(owner, page.Request{First: 10})
		if err != nil || len(listed.Items) != 1 {
			t.Errorf("%d orders, %v", len(listed.Items), err)
		}
		if listed, err := h.Orders(stranger, page.Request{First: 10}); err != nil || len(listed.Items) != 0 {
			t.Errorf("a stranger's list has %d, %v", len(listed.Items), err)
		}
		cancelled, err := h.CancelOrder(owner, mine.Order.Row, "")
		if err != nil || cancelled.State != paymentorder.StateCLOSED {
			t.Errorf("cancelled: %v", err)
		}
	})
}

func TestPayingInTheAppNeedsAnAccount(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		made := h.orders(t.Context(), h.plateQuote(car))
		in := billing.Attempt{IdempotencyKey: "a", Order: made.Order.Row, Proof: made.Proof, Channel: money.WeChat, Way: money.App}
		_, err := h.Pay(t.Context(), in)
		refused(t, err, billing.RegistrationRequired)
		_, err = h.Pay(h.driver(), in)
		h.must(err)
		in.IdempotencyKey, in.Channel = "b", money.Cash
		_, err = h.Pay(h.driver(), in)
		refused(t, err, billing.ChannelNotOffered)
	})
}

func TestAChannelThatIsAwayIsAskedAgainWithTheSameKey(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		made := h.orders(t.Context(), h.plateQuote(car))
		h.channel.after = func() error { return errAway }
		_, err := h.tryPay(t.Context(), "k", made)
		refused(t, err, fault.Unavailable)
		h.channel.after = func() error { return nil }
		begun, err := h.tryPay(t.Context(), "k", made)
		h.must(err)
		if len(h.channel.charges) != 1 || begun.State != payment.StatePENDING {
			t.Errorf("%d charges, %s", len(h.channel.charges), begun.State)
		}
		h.must(h.channel.pay(begun.Number))
		paid, err := h.tryPay(t.Context(), "k", made)
		h.must(err)
		if paid.State != payment.StateSUCCEEDED || paid.Launch != nil {
			t.Errorf("asked again once it is paid: %s", paid.State)
		}
		h.balanced()
	})
}

func TestPaymentsUnderWayAreBounded(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.sees(in, car)
		h.pass(time.Hour)
		made := h.orders(t.Context(), h.plateQuote(car))
		for range 5 {
			h.begins(t.Context(), made)
		}
		_, err := h.tryPay(t.Context(), h.key(), made)
		refused(t, err, billing.TooManyPayments)
	})
}
