package billing_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"parkbff/ent/ledgerline"
	"parkbff/ent/observation"
	"parkbff/ent/permitplan"
	"parkbff/internal/billing"
	"parkbff/internal/clock"
	"parkbff/internal/fault"
	"parkbff/internal/idempotent"
	"parkbff/internal/page"
	"parkbff/internal/permit"
)

const monthly = 30000

// monthlyPlan is a plan of a month for one plate, with so many pieces.
func (h *house) monthlyPlan(stock int) permit.NewPlan {
	return permit.NewPlan{
		IdempotencyKey: h.key(), LotCode: "A", Title: "月卡", PriceFen: monthly, Rule: permit.Rule{Renewal: permitplan.RenewalROLLING, Months: 1},
		Bays: 1, Plates: 1, Stock: stock, SoldUntil: h.clock.Now().AddDate(1, 0, 0),
	}
}

func (h *house) publishes(n permit.NewPlan) *permit.Plan {
	h.Helper()
	plan, err := h.permits.PublishPlan(h.manager(), n)
	h.must(err)
	return plan
}

// binds answers the row of a binding of a plate.
func (h *house) binds(plate string) int64 {
	h.bound = append(h.bound, plate)
	return int64(len(h.bound))
}

func (h *house) wants(plan *permit.Plan, plate string, periods int) billing.NewPermit {
	return billing.NewPermit{IdempotencyKey: h.key(), Plan: plan.Row, Kind: plan.Kind, Vehicle: h.binds(plate), Periods: periods}
}

func (h *house) ordersPermit(ctx context.Context, n billing.NewPermit) *billing.Ordered {
	h.Helper()
	order, err := h.BuyPermit(ctx, n)
	h.must(err)
	return &billing.Ordered{Order: order}
}

// holds buys a permit and answers it.
func (h *house) holds(ctx context.Context, plan *permit.Plan, plate string) *permit.Permit {
	h.Helper()
	h.paid(ctx, h.ordersPermit(ctx, h.wants(plan, plate, 1)))
	return h.permitsOf(ctx)[0]
}

func (h *house) permitsOf(ctx context.Context) []*permit.Permit {
	h.Helper()
	found, err := h.permits.Permits(ctx, page.Request{First: 10})
	h.must(err)
	return found.Items
}

func (h *house) periodsOf(ctx context.Context, of *permit.Permit) []*permit.Period {
	h.Helper()
	found, err := h.permits.Periods(ctx, of, page.Request{First: 10})
	h.must(err)
	return found.Items
}

func (h *house) permitsLeft(plan *permit.Plan) int {
	h.Helper()
	row, err := h.store.Fresh(h.asSystem()).PermitPlan.Get(h.asSystem(), plan.Row)
	h.must(err)
	return row.Stock
}

func (h *house) renews(ctx context.Context, of *permit.Permit, periods int) *billing.Ordered {
	h.Helper()
	order, err := h.RenewPermit(ctx, billing.Renewal{IdempotencyKey: h.key(), Permit: of.Row, Periods: periods})
	h.must(err)
	return &billing.Ordered{Order: order}
}

// leaves has a car leave now and answers what its stay costs.
func (h *house) leaves(plate string) int64 {
	h.Helper()
	return h.sees(out, plate).Stay.FeeFen
}

func (h *house) gives(order *billing.Ordered, fen int64) error {
	_, err := h.RefundOrder(h.manager(), billing.NewRefund{IdempotencyKey: h.key(), Order: order.Order.Row, Fen: fen, Reason: "x"})
	return err
}

func shanghai(y int, m time.Month, d int) time.Time {
	return time.Date(y, m, d, 0, 0, 0, 0, clock.Shanghai)
}

func TestAPermitIsBoughtAndItsCarParksForNothingUntilItEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		plan := h.publishes(h.monthlyPlan(3))
		if got := h.permitsOf(owner); len(got) != 0 {
			t.Fatal("a permit that nobody bought")
		}
		held := h.holds(owner, plan, car)
		if !held.EndsAt.Equal(shanghai(2026, 12, 21)) || len(held.Plates) != 1 || held.Plates[0] != car || h.permitsLeft(plan) != 2 {
			t.Errorf("it ends at %s, for %v; %d are left", held.EndsAt, held.Plates, h.permitsLeft(plan))
		}
		h.sees(in, car)
		h.sees(in, other)
		h.pass(2 * time.Hour)
		if got := h.sees(out, car); got.Barrier.Decision != observation.DecisionRELEASE || got.Barrier.Reason != observation.ReasonNOTHING_DUE {
			t.Errorf("the barrier: %+v", got.Barrier)
		}
		if got := h.leaves(other); got != 1000 {
			t.Errorf("a car without a permit pays %d fen", got)
		}
		if got := h.lines(ledgerline.AccountPERMITS); got != -monthly {
			t.Errorf("the ledger says %d fen for permits", got)
		}
		h.balanced()
	})
}

func TestAPermitIsGoodInItsLotAlone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.holds(h.driver(), h.publishes(h.monthlyPlan(3)), car)
		h.seesAt("B", in, car)
		h.pass(time.Hour)
		if got := h.seesAt("B", out, car).Stay.FeeFen; got != 500 {
			t.Errorf("elsewhere it pays %d fen", got)
		}
	})
}

func TestAStayThatOutlivesItsPermitPaysFromItsEnd(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		h.holds(h.driver(), h.publishes(h.monthlyPlan(3)), car)
		h.clock.Pass(shanghai(2026, 12, 20).Add(20 * time.Hour).Sub(h.clock.Now()))
		h.sees(in, car)
		h.pass(6 * time.Hour) // two of them after the end
		if got := h.leaves(car); got != 1000 {
			t.Errorf("it pays %d fen", got)
		}
	})
}

func TestAPermitThatIsBoughtInsideIsGoodFromThatDayOn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		plan := h.publishes(h.monthlyPlan(3))
		h.sees(in, car) // on the 21st, at nine
		h.pass(17 * time.Hour)
		h.holds(h.driver(), plan, car)
		h.pass(time.Hour)
		if got := h.leaves(car); got != 15*500 {
			t.Errorf("it pays %d fen: only the day before", got)
		}
	})
}

func TestARenewalInsideCoversTheStayThatGoesOn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		held := h.holds(owner, h.publishes(h.monthlyPlan(3)), car)
		h.clock.Pass(shanghai(2026, 12, 20).Add(20 * time.Hour).Sub(h.clock.Now()))
		h.sees(in, car)
		h.paid(owner, h.renews(owner, held, 2))
		h.pass(30 * 24 * time.Hour)
		if got := h.leaves(car); got != 0 {
			t.Errorf("it pays %d fen", got)
		}
		if got := h.permitsOf(owner)[0].EndsAt; !got.Equal(shanghai(2027, 2, 21)) {
			t.Errorf("it ends at %s", got)
		}
		h.balanced()
	})
}

func TestTheRenewalIsToldBeforeItIsPaidAndUnusedPeriodsAreShown(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		held := h.holds(owner, h.publishes(h.monthlyPlan(3)), car)
		term, err := h.permits.Renewal(owner, held.Row, 3)
		h.must(err)
		if !term.StartsAt.Equal(shanghai(2026, 12, 21)) || !term.EndsAt.Equal(shanghai(2027, 3, 21)) || term.AmountFen != 3*monthly {
			t.Errorf("%+v", term)
		}
		made := h.renews(owner, held, 3)
		if made.Order.DueFen != term.AmountFen || !h.permitsOf(owner)[0].EndsAt.Equal(held.EndsAt) {
			t.Errorf("%d fen are due, and it ends at %s", made.Order.DueFen, h.permitsOf(owner)[0].EndsAt)
		}
		h.paid(owner, made)
		periods := h.periodsOf(owner, held)
		if len(periods) != 2 || periods[0].State != permit.Unused || periods[1].State != permit.Running || !periods[0].EndsAt.Equal(term.EndsAt) {
			t.Errorf("periods %+v, %+v", periods[0], periods[1])
		}
		_, err = h.permits.Renewal(h.driver(), held.Row, 1)
		refused(t, err, fault.NotFound)
		_, err = h.RenewPermit(h.driver(), billing.Renewal{IdempotencyKey: "x", Permit: held.Row, Periods: 1})
		refused(t, err, fault.NotFound)
		for _, n := range []int{0, 13, -1} {
			_, err = h.permits.Renewal(owner, held.Row, n)
			refused(t, err, permit.InvalidPeriods)
		}
	})
}

func TestTheLastPermitIsOrderedByOneOfMany(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		plan := h.publishes(h.monthlyPlan(2))
		var all sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for i := range 8 {
			buyer, n := h.driver(), h.wants(plan, fmt.Sprintf("粤B1000%d", i), 1)
			all.Go(func() {
				_, err := h.BuyPermit(buyer, n)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else {
					refused(t, err, permit.SoldOut)
				}
			})
		}
		all.Wait()
		if made != 2 || h.permitsLeft(plan) != 0 {
			t.Errorf("%d of two were ordered, %d are left", made, h.permitsLeft(plan))
		}
	})
}

func TestAPermitThatIsNotPaidIsSoldToSomebodyElseAndLateMoneyGoesBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		plan := h.publishes(h.monthlyPlan(1))
		slow, quick := h.driver(), h.driver()
		first := h.begins(slow, h.ordersPermit(slow, h.wants(plan, car, 1)))
		_, err := h.BuyPermit(quick, h.wants(plan, other, 1))
		refused(t, err, permit.SoldOut)
		h.settles()
		h.pass(20 * time.Minute)
		h.must(h.CloseExpired(t.Context()))
		h.holds(quick, plan, other)
		h.channel.payLate(first.Number)
		h.hears(first)
		h.settles()
		if h.channel.keeps() != monthly || len(h.permitsOf(slow)) != 0 {
			t.Errorf("%d fen are kept", h.channel.keeps())
		}
		h.balanced()
	})
}

func TestMoneyForAPermitThatComesLateBuysItWhileOneIsLeft(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		plan, buyer := h.publishes(h.monthlyPlan(1)), h.driver()
		begun := h.begins(buyer, h.ordersPermit(buyer, h.wants(plan, car, 1)))
		h.settles()
		h.pass(26 * time.Hour)
		h.must(h.CloseExpired(t.Context()))
		if h.permitsLeft(plan) != 1 {
			t.Errorf("%d are left", h.permitsLeft(plan))
		}
		h.channel.payLate(begun.Number)
		h.hears(begun)
		if got := h.permitsOf(buyer); len(got) != 1 || h.permitsLeft(plan) != 0 || !h.periodsOf(buyer, got[0])[0].StartsAt.Equal(shanghai(2026, 11, 22)) {
			t.Errorf("%d permits, %d left", len(got), h.permitsLeft(plan))
		}
		h.balanced()
	})
}

func TestAPermitIsBoughtOncePerOrderAndOrderedOnceAtATime(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		plan, buyer := h.publishes(h.monthlyPlan(5)), h.driver()
		wanted := h.wants(plan, car, 1)
		made := h.ordersPermit(buyer, wanted)
		again := h.ordersPermit(buyer, wanted)
		wanted.Periods = 2
		_, err := h.BuyPermit(buyer, wanted)
		refused(t, err, idempotent.KeyReused)
		one, two := h.begins(buyer, made), h.begins(buyer, made)
		wanted.IdempotencyKey = "another"
		replaced := h.ordersPermit(buyer, wanted)
		if made.Order.Row != again.Order.Row || replaced.Order.Row == made.Order.Row || h.permitsLeft(plan) != 4 {
			t.Errorf("%d are left", h.permitsLeft(plan))
		}
		for _, begun := range []*billing.Payment{one, two} {
			h.must(h.channel.pay(begun.Number))
			h.hears(begun)
		}
		h.settles()
		held := h.permitsOf(buyer)
		if h.channel.keeps() != monthly || len(held) != 1 || len(h.periodsOf(buyer, held[0])) != 1 {
			t.Errorf("%d fen are kept for %d permits", h.channel.keeps(), len(held))
		}
		wanted.IdempotencyKey = "third"
		_, err = h.BuyPermit(buyer, wanted)
		refused(t, err, permit.AlreadyHeld)
		h.balanced()
	})
}

func TestAPermitThatIsOverGivesItsPlaceBackAndIsRenewedFromThatDay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner, next := h.driver(), h.driver()
		plan := h.publishes(h.monthlyPlan(1))
		held := h.holds(owner, plan, car)
		h.clock.Pass(held.EndsAt.Sub(h.clock.Now()) - time.Minute)
		h.must(h.permits.EndOver(t.Context()))
		if h.permitsLeft(plan) != 0 {
			t.Error("its place was given away before its end")
		}
		h.pass(time.Minute)
		keeping := h.renews(owner, held, 1)
		h.must(h.permits.EndOver(t.Context()))
		if h.permitsLeft(plan) != 0 {
			t.Error("its place was given away while somebody was paying for it")
		}
		_, err := h.CancelOrder(owner, keeping.Order.Row, "")
		h.must(err)
		if h.permitsLeft(plan) != 1 {
			t.Error("its place was not given back")
		}
		h.pass(5 * 24 * time.Hour)
		h.paid(owner, h.renews(owner, held, 1))
		got := h.permitsOf(owner)[0]
		if !got.EndsAt.Equal(shanghai(2027, 1, 26)) || h.permitsLeft(plan) != 0 {
			t.Errorf("it ends at %s", got.EndsAt)
		}
		h.clock.Pass(got.EndsAt.Sub(h.clock.Now()) + time.Hour)
		h.must(h.permits.EndOver(t.Context()))
		h.holds(next, plan, other)
		_, err = h.RenewPermit(owner, billing.Renewal{IdempotencyKey: "late", Permit: held.Row, Periods: 1})
		refused(t, err, permit.SoldOut)
		h.balanced()
	})
}

func TestARefundEndsThePermitAtOnceForItsWholePriceOnly(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		plan := h.publishes(h.monthlyPlan(1))
		made := h.ordersPermit(owner, h.wants(plan, car, 1))
		h.paid(owner, made)
		held := h.permitsOf(owner)[0]
		further := h.renews(owner, held, 2)
		h.paid(owner, further)
		h.sees(in, car)
		h.pass(time.Hour)
		refused(t, h.gives(further, monthly), billing.AmountDiffers)
		refused(t, h.gives(made, monthly), permit.NotRefundable)
		h.must(h.gives(further, 2*monthly))
		if got := h.permitsOf(owner)[0]; !got.EndsAt.Equal(held.EndsAt) || h.permitsLeft(plan) != 0 {
			t.Errorf("it ends at %s", got.EndsAt)
		}
		h.must(h.gives(made, monthly))
		h.settles()
		if got := h.permitsOf(owner)[0]; got.EndsAt.After(h.clock.Now()) || h.permitsLeft(plan) != 1 {
			t.Errorf("it ends at %s, %d are left", got.EndsAt, h.permitsLeft(plan))
		}
		before := h.clock.Now()
		h.pass(time.Hour)
		if got := h.leaves(car); got < 500 {
			t.Errorf("since %s it parks for %d fen", before, got)
		}
		if h.channel.keeps() != 0 {
			t.Errorf("%d fen are kept", h.channel.keeps())
		}
		h.balanced()
	})
}

func TestAPeriodThatIsOverIsNotRefunded(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		made := h.ordersPermit(owner, h.wants(h.publishes(h.monthlyPlan(1)), car, 1))
		h.paid(owner, made)
		h.pass(31 * 24 * time.Hour)
		refused(t, h.gives(made, monthly), permit.NotRefundable)
		h.balanced()
	})
}

func TestOfTwoRenewalsThatAreBothPaidNoneIsPaidByLessThanItsDays(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		owner := h.driver()
		n := h.monthlyPlan(1)
		n.Rule = permit.Rule{Renewal: permitplan.RenewalCALENDAR_MONTH}
		plan := h.publishes(n)
		made := h.ordersPermit(owner, h.wants(plan, car, 1)) // ten days of thirty
		late := h.begins(owner, made)
		h.settles()
		h.pass(20 * time.Minute)
		h.must(h.CloseExpired(t.Context()))
		held := h.holds(owner, plan, car)
		h.channel.payLate(late.Number) // a third of a month is no month
		h.hears(late)
		h.settles()
		if made.Order.DueFen != 10000 || h.channel.keeps() != 10000 || !held.EndsAt.Equal(shanghai(2026, 12, 1)) {
			t.Errorf("%d fen are due, %d kept until %s", made.Order.DueFen, h.channel.keeps(), held.EndsAt)
		}
		h.balanced()
	})
}

func TestOnlyAccountsBuyPermitsOfWhatIsOnSale(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		plan := h.publishes(h.monthlyPlan(5))
		wanted := h.wants(plan, car, 1)
		for _, c := range []struct {
			ctx  context.Context
			want error
		}{{t.Context(), fault.Unauthenticated}, {h.gate("A"), fault.Forbidden}, {h.manager(), fault.Forbidden}} {
			_, err := h.BuyPermit(c.ctx, wanted)
			refused(t, err, c.want)
		}
		buyer := h.driver()
		for _, c := range []struct {
			change func(n *billing.NewPermit)
			want   error
		}{
			{func(n *billing.NewPermit) { n.Plan = 1 << 40 }, permit.SoldOut},
			{func(n *billing.NewPermit) { n.Kind = permitplan.KindBAY }, permit.SoldOut},
			{func(n *billing.NewPermit) { n.Vehicle = 1 << 40 }, fault.NotFound},
			{func(n *billing.NewPermit) { n.Periods = 0 }, permit.InvalidPeriods},
			{func(n *billing.NewPermit) { n.Periods = 13 }, permit.InvalidPeriods},
			{func(n *billing.NewPermit) { n.IdempotencyKey = "" }, idempotent.InvalidKey},
		} {
			n := wanted
			c.change(&n)
			_, err := h.BuyPermit(buyer, n)
			refused(t, err, c.want)
		}
		if h.permitsLeft(plan) != 5 {
			t.Errorf("%d are left", h.permitsLeft(plan))
		}
		h.pass(400 * 24 * time.Hour)
		_, err := h.BuyPermit(buyer, wanted)
		refused(t, err, permit.SoldOut)
	})
}

func TestPlansAreTheManagersOfALotThatOffersThem(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		good := h.monthlyPlan(1)
		_, err := h.permits.PublishPlan(h.staff(8, "ATTENDANT"), good)
		refused(t, err, fault.Forbidden)
		_, err = h.permits.PublishPlan(t.Context(), good)
		refused(t, err, fault.Unauthenticated)
		for _, change := range []func(n *permit.NewPlan){
			func(n *permit.NewPlan) { n.Title = "" },
			func(n *permit.NewPlan) { n.PriceFen = 0 },
			func(n *permit.NewPlan) { n.Stock = 0 },
			func(n *permit.NewPlan) { n.Bays = 0 },
			func(n *permit.NewPlan) { n.Bays = 2 },
			func(n *permit.NewPlan) { n.SoldUntil = h.clock.Now() },
			func(n *permit.NewPlan) { n.Rule.Days = 3 },
			func(n *permit.NewPlan) {
				n.Rule = permit.Rule{Renewal: permitplan.RenewalSETTLEMENT_DAY, SettlementDay: 29}
			},
			func(n *permit.NewPlan) { n.Rule = permit.Rule{Renewal: permitplan.RenewalCUSTOM} },
			func(n *permit.NewPlan) { n.Bay, n.Stock = "B-12", 2 },
		} {
			bad := good
			change(&bad)
			_, err := h.permits.PublishPlan(h.manager(), bad)
			refused(t, err, permit.InvalidPlan)
		}
		one, again := h.publishes(good), h.publishes(good)
		if one.Row != again.Row {
			t.Error("the same key published twice")
		}
		good.PriceFen++
		_, err = h.permits.PublishPlan(h.manager(), good)
		refused(t, err, idempotent.KeyReused)
	})
}

func TestABayIsRentedOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		n := h.monthlyPlan(1)
		n.Bay = "B-012"
		plan := h.publishes(n)
		if plan.Kind != permitplan.KindBAY || plan.Bay == nil || *plan.Bay != "B-012" {
			t.Fatalf("%+v", plan)
		}
		owner := h.driver()
		h.holds(owner, plan, car)
		_, err := h.BuyPermit(h.driver(), h.wants(plan, other, 1))
		refused(t, err, permit.SoldOut)
		h.sees(in, car)
		h.pass(3 * time.Hour)
		if got := h.leaves(car); got != 0 {
			t.Errorf("it pays %d fen", got)
		}
	})
}
