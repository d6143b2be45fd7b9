package billing_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/ledgerline"
	"parkbff/ent/observation"
	"parkbff/ent/paymentorder"
	"parkbff/ent/voucher"
	"parkbff/internal/billing"
	"parkbff/internal/clock"
	"parkbff/internal/discount"
	"parkbff/internal/fault"
	"parkbff/internal/parking"
	"parkbff/internal/viewer"
)

// opensStore is the staff of a new store.
func (h *house) opensStore(code string) context.Context {
	h.Helper()
	var row int64
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		made, err := tx.Store.Create().SetCode(code).SetName(code).Save(ctx)
		if err == nil {
			row = made.ID
		}
		return err
	}))
	return viewer.With(context.Background(), &viewer.Viewer{
		Kind: viewer.Staff, StaffID: 100 + row, Stores: []viewer.StoreRole{{StoreID: row, Role: viewer.Clerk}},
	})
}

func storeOf(ctx context.Context) int64 { return viewer.Of(ctx).Stores[0].StoreID }

// lets has the manager of lot A let a store give so many.
func (h *house) lets(code string, t discount.Terms, pieces int) int64 {
	h.Helper()
	return h.letsBy(discount.NewContingent{StoreCode: code, Terms: t, Pieces: pieces, MostPerStay: 1, MostPerDay: pieces})
}

func (h *house) letsBy(n discount.NewContingent) int64 {
	h.Helper()
	n.IdempotencyKey, n.LotCode, n.EndsAt = h.key(), "A", h.clock.Now().Add(30*24*time.Hour)
	added, err := h.vouchers.AddContingent(h.manager(), n)
	h.must(err)
	return added.Row
}

// presents has a store give one to a plate.
func (h *house) presents(ctx context.Context, from int64, plate string) bool {
	h.Helper()
	taken, err := h.vouchers.GiveToPlate(ctx, discount.Gift{IdempotencyKey: h.key(), Contingent: from}, plate, "")
	h.must(err)
	return taken
}

func (h *house) leftOf(from int64) int {
	h.Helper()
	row, err := h.store.Fresh(h.asSystem()).MerchantContingent.Get(h.asSystem(), from)
	h.must(err)
	return row.Pieces
}

// bears is what the ledger says that a store owes.
func (h *house) bears(storeID int64) (fen int64) {
	h.Helper()
	rows, err := h.store.Fresh(h.asSystem()).LedgerLine.Query().
		Where(ledgerline.AccountEQ(ledgerline.AccountMERCHANTS), ledgerline.StoreID(storeID)).All(h.asSystem())
	h.must(err)
	for _, row := range rows {
		fen += row.Fen
	}
	return fen
}

func TestWhatAMerchantGaveToAPlateIsTakenOffWhateverOrderComesAndTheMerchantOwesIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop := h.opensStore("S1")
		from := h.lets("S1", amount(300), 2)
		h.sees(in, car)
		h.pass(2 * time.Hour)
		if !h.presents(shop, from, car) || h.leftOf(from) != 1 {
			t.Fatal("it was not given, or not counted once")
		}
		h.sees(out, car)
		made := h.orders(t.Context(), h.laneQuote())
		if o := made.Order; o.FeeFen != 1000 || o.DiscountFen != 300 || o.DueFen != 700 {
			t.Fatalf("%d - %d = %d fen", o.FeeFen, o.DiscountFen, o.DueFen)
		}
		again := h.orders(t.Context(), h.laneQuote())
		if again.Order.DiscountFen != 300 {
			t.Error("the order that replaces it has lost the discount")
		}
		h.paid(t.Context(), again)
		h.mustStand(voucher.StateUSED)
		if got := h.bears(storeOf(shop)); got != 300 || h.channel.keeps() != 700 || h.leftOf(from) != 1 {
			t.Errorf("the store owes %d fen, the channel keeps %d, %d are left", got, h.channel.keeps(), h.leftOf(from))
		}
		statement, err := h.MerchantStatement(shop, storeOf(shop), h.clock.Now().In(clock.Shanghai))
		h.must(err)
		if statement.OwedFen != 300 || len(statement.Lots) != 1 || statement.Lots[0].Discounts != 1 || *statement.Lots[0].LotCode != "A" {
			t.Errorf("%+v", statement)
		}
		h.balanced()
	})
}

func TestAMerchantLearnsOfACarThatOwesNothingWhatItLearnsOfAnAbsentOne(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop := h.opensStore("S1")
		from := h.letsBy(discount.NewContingent{StoreCode: "S1", Terms: all(), Pieces: 9, MostPerStay: 1, MostPerDay: 9})
		const free, owned, elsewhere = "粤B10001", "粤B10002", "粤B10003"
		h.verifies(owned)
		h.sees(in, owned)
		h.seesAt("B", in, elsewhere)
		h.sees(in, car)
		h.pass(time.Hour)
		h.sees(in, free)
		for _, plate := range []string{free, owned, elsewhere, "粤B10004"} {
			if h.presents(shop, from, plate) {
				t.Errorf("it was given to %s", plate)
			}
		}
		if !h.presents(shop, from, car) || h.presents(shop, from, car) || h.leftOf(from) != 8 {
			t.Error("a stay was not given its share, or more than that")
		}
		h.presents(shop, from, car)
		_, err := h.vouchers.GiveToPlate(shop, discount.Gift{IdempotencyKey: h.key(), Contingent: from}, car, "")
		refused(t, err, fault.RateLimited)
	})
}

// verifies gives a plate a verified owner.
func (h *house) verifies(plate string) {
	h.Helper()
	owner := viewer.Of(h.agrees(plate)).AccountID
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		return tx.Vehicle.Update().SetOwnerAccountID(owner).SetPasswordFree(false).Exec(ctx)
	}))
}

func TestOfManyGiversAtOnceNoneGivesMoreThanIsLeftNorThanADayAllows(t *testing.T) {
	for name, n := range map[string]discount.NewContingent{
		"pieces": {Pieces: 3, MostPerDay: 9},
		"a day":  {Pieces: 9, MostPerDay: 3},
	} {
		eachHouse(t, func(t *testing.T, h *house) {
			shop := h.opensStore("S1")
			n.StoreCode, n.Terms, n.MostPerStay = "S1", amount(100), 1
			from := h.letsBy(n)
			var all sync.WaitGroup
			var mu sync.Mutex
			given := 0
			for i := range 8 {
				key := h.key()
				all.Go(func() {
					_, err := h.vouchers.Give(shop, discount.Gift{IdempotencyKey: key, Contingent: from})
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						given++
					} else if f := fault.As(err); f == nil || f.Code() != discount.Exhausted.Code() {
						t.Errorf("%s, %d: %v", name, i, err)
					}
				})
			}
			all.Wait()
			if given != 3 || h.leftOf(from) != n.Pieces-3 {
				t.Errorf("%s: %d were given, %d are left", name, given, h.leftOf(from))
			}
		})
	}
}

func TestADiscountThatIsNotUsedComesBackToItsContingent(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop := h.opensStore("S1")
		from := h.letsBy(discount.NewContingent{StoreCode: "S1", Terms: amount(100), Pieces: 2, MostPerStay: 1, MostPerDay: 2})
		gift := discount.Gift{IdempotencyKey: h.key(), Contingent: from}
		code, err := h.vouchers.Give(shop, gift)
		h.must(err)
		if again, err := h.vouchers.Give(shop, gift); err != nil || again.Code != code.Code || h.leftOf(from) != 1 {
			t.Errorf("the same key gave another, or counted twice: %v", err)
		}
		h.sees(in, car)
		h.pass(11 * time.Minute)
		h.must(h.vouchers.ReturnLapsed(t.Context()))
		h.mustStand(voucher.StateREVOKED)
		h.pass(time.Hour)
		if !h.presents(shop, from, car) || h.leftOf(from) != 1 {
			t.Fatal("it was not given, or the one before has not come back")
		}
		made := h.orders(t.Context(), h.plateQuote(car))
		h.pass(25 * time.Hour)
		h.must(h.vouchers.ReturnLapsed(t.Context()))
		h.mustStand(voucher.StateREVOKED, voucher.StateRESERVED)
		_, err = h.CancelOrder(t.Context(), made.Order.Row, made.Proof)
		h.must(err)
		h.must(h.vouchers.ReturnLapsed(t.Context()))
		h.mustStand(voucher.StateREVOKED, voucher.StateREVOKED)
		if h.leftOf(from) != 2 {
			t.Errorf("%d are left, not 2", h.leftOf(from))
		}
		if o := h.orders(t.Context(), h.plateQuote(car)).Order; o.DiscountFen != 0 {
			t.Error("what has lapsed takes something off")
		}
	})
}

func TestCashAndDeductionsAreLessByWhatMerchantsGave(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop := h.opensStore("S1")
		some, whole := h.lets("S1", amount(300), 9), h.lets("S1", all(), 9)
		h.sees(in, car)
		h.sees(in, other)
		h.pass(2 * time.Hour)
		h.presents(shop, some, car)
		h.presents(shop, whole, other)
		h.opensShift(h.manager(), 0)
		first, second := h.sees(out, car).Stay, h.sees(out, other).Stay
		_, err := h.TakeCash(h.manager(), billing.Cash{IdempotencyKey: h.key(), Session: first.Row, Fen: 1000})
		refused(t, err, billing.AmountDiffers)
		took, err := h.TakeCash(h.manager(), billing.Cash{IdempotencyKey: h.key(), Session: first.Row, Fen: 700})
		h.must(err)
		if took.State != paymentorder.StatePAID || took.DiscountFen != 300 {
			t.Errorf("%s, %d fen off", took.State, took.DiscountFen)
		}
		nothing := billing.Cash{IdempotencyKey: h.key(), Session: second.Row}
		for range 2 {
			if took, err = h.TakeCash(h.manager(), nothing); err != nil || took.State != paymentorder.StatePAID || took.DiscountFen != 1000 {
				t.Errorf("of what a merchant bears whole: %v", err)
			}
		}
		if h.bears(storeOf(shop)) != 1300 {
			t.Errorf("the store owes %d fen", h.bears(storeOf(shop)))
		}
		h.balanced()
	})
}

func TestADeductionTakesWhatMerchantsLeaveAndNothingWhenTheyBearAll(t *testing.T) {
	for name, c := range map[string]struct {
		terms    discount.Terms
		deducted int
		keeps    int64
	}{"a part": {amount(300), 1, 700}, "all": {all(), 0, 0}} {
		eachHouse(t, func(t *testing.T, h *house) {
			h.agrees(car)
			shop := h.opensStore("S1")
			from := h.lets("S1", c.terms, 9)
			h.sees(in, car)
			h.works()
			h.pass(2 * time.Hour)
			if !h.presents(shop, from, car) {
				t.Fatal("it was not given")
			}
			seen := h.sees(out, car)
			want := observation.ReasonDEDUCTING
			if c.deducted == 0 {
				want = observation.ReasonNOTHING_DUE
			}
			if seen.Barrier.Reason != want || h.deductions() != c.deducted {
				t.Errorf("%s: the gate is told %s, %d deductions", name, seen.Barrier.Reason, h.deductions())
			}
			h.settles()
			if h.channel.keeps() != c.keeps {
				t.Errorf("%s: %d fen were deducted", name, h.channel.keeps())
			}
			if stay, err := h.parking.Stay(h.asSystem(), seen.Stay.Row); err != nil || stay.OwedFen() != 0 {
				t.Errorf("%s: %v, or something is still owed", name, err)
			}
			h.balanced()
		})
	}
}

func TestACodeIsForTheStayToWhichItWasAppliedAndForNoOther(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		shop := h.opensStore("S1")
		from := h.lets("S1", amount(300), 9)
		row := h.sees(in, car).Stay.Row
		elsewhere := h.seesAt("B", in, other).Stay.Row
		code := func() string {
			given, err := h.vouchers.Give(shop, discount.Gift{IdempotencyKey: h.key(), Contingent: from})
			h.must(err)
			return given.Code
		}
		_, err := h.using(t.Context(), h.passedTo(car), code())
		refused(t, err, discount.Unusable)
		driver := h.driver()
		_, err = h.vouchers.Claim(driver, code())
		refused(t, err, discount.Unusable)
		_, err = h.vouchers.Apply(driver, row, code())
		refused(t, err, fault.NotFound)
		h.grantsAccess(driver, row, elsewhere)
		_, err = h.vouchers.Apply(driver, elsewhere, code())
		refused(t, err, discount.Unusable)
		good := code()
		for range 2 {
			_, err = h.vouchers.Apply(driver, row, good)
			h.must(err)
		}
		_, err = h.vouchers.Apply(driver, row, code())
		refused(t, err, discount.Unusable)
		if made := h.orders(t.Context(), h.passedTo(car)); made.Order.DiscountFen != 300 {
			t.Errorf("%d fen off", made.Order.DiscountFen)
		}
	})
}

// passedTo lets an hour pass, and quotes a plate.
func (h *house) passedTo(plate string) parking.Quote {
	h.pass(time.Hour)
	return h.plateQuote(plate)
}

// grantsAccess lets an account see stays.
func (h *house) grantsAccess(driver context.Context, stays ...int64) {
	h.Helper()
	h.must(h.store.WithTx(h.asSystem(), func(ctx context.Context, tx *ent.Tx) error {
		for _, stay := range stays {
			if err := tx.SessionAccess.Create().SetAccountID(viewer.Of(driver).AccountID).SetSessionID(stay).SetBound(true).
				Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
}
