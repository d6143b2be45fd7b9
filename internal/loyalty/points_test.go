package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent"
	"parkbff/ent/consent"
	"parkbff/ent/privacy"
	"parkbff/internal/fault"
	"parkbff/internal/loyalty"
	"parkbff/internal/page"
	"parkbff/internal/viewer"
)

func TestEveryWholeYuanPaidEarnsAPointOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who, other := h.member(), h.member()
		payment := h.pays(who, 12*yuan+99)
		for range 2 {
			h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error {
				return h.Earn(ctx, tx, loyalty.Paid{AccountID: accountOf(who), PaymentID: payment, OrderID: 1, Fen: 12 * yuan})
			}))
		}
		h.pays(who, 99)
		h.has(who, 12, 0)
		h.moves(who, move{"EARNED", 12, 12})
		h.has(other, 0, 0)
		h.moves(other)
	})
}

func TestNobodyEarnsWithoutBothConsentsAndWhatIsThereStays(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		for _, purpose := range []consent.Purpose{consent.PurposePARKING_CORE, consent.PurposeMEMBERSHIP} {
			who := h.member()
			h.pays(who, 5*yuan)
			h.withdraws(who, purpose)
			h.pays(who, 5*yuan)
			h.has(who, 5, 0)
		}
		stranger := viewer.With(context.Background(), &viewer.Viewer{Kind: viewer.Driver, AccountID: 999, Consents: []string{"PARKING_CORE"}})
		h.pays(stranger, 5*yuan)
		if n, err := h.store.Fresh(h.asSystem()).Membership.Query().Count(h.asSystem()); err != nil || n != 2 {
			t.Errorf("%d memberships, %v", n, err)
		}
		_, err := h.Of(stranger)
		refused(t, err, viewer.ConsentRequired)
		_, err = h.Ledger(stranger, page.Request{First: 1})
		refused(t, err, viewer.ConsentRequired)
		for _, v := range []*viewer.Viewer{viewer.Nobody(), {Kind: viewer.Staff}, {Kind: viewer.Gate}} {
			if m, err := h.Of(viewer.With(context.Background(), v)); m != nil || err != nil {
				t.Errorf("%v has %v, %v", v.Kind, m, err)
			}
		}
	})
}

func TestPointsLapseAsTheTwelfthMonthAfterThatTheyWereEarnedInEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who := h.member()
		h.pays(who, 10*yuan)
		h.clock.Set(time.Date(2026, 11, 30, 15, 59, 0, 0, time.UTC)) // the month's last minute in Shanghai
		h.pays(who, 5*yuan)
		h.clock.Pass(time.Minute)
		h.pays(who, 3*yuan)
		h.clock.Set(time.Date(2027, 10, 31, 16, 0, 0, 0, time.UTC))
		if m := h.has(who, 18, 0); m.ExpiringPoints != 15 {
			t.Errorf("%d lapse this month", m.ExpiringPoints)
		}
		h.clock.Set(time.Date(2027, 11, 30, 15, 59, 0, 0, time.UTC))
		h.must(h.Lapse(t.Context()))
		h.has(who, 18, 0)
		h.clock.Pass(time.Minute)
		if m := h.has(who, 3, 0); m.ExpiringPoints != 3 { // no round has passed yet
			t.Errorf("%d lapse this month", m.ExpiringPoints)
		}
		refused(t, h.trySpend(who, 4, 99), loyalty.NotEnough)
		for range 2 {
			h.must(h.Lapse(t.Context()))
		}
		h.moves(who, move{"EXPIRED", -15, 3}, move{"EARNED", 3, 18}, move{"EARNED", 5, 15}, move{"EARNED", 10, 10})
	})
}

func TestTheOldestPointsAreSpentFirstAndReturnedAsTheyWere(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who := h.member()
		h.pays(who, 10*yuan)
		h.clock.Pass(31 * 24 * time.Hour)
		h.pays(who, 10*yuan)
		order := h.spends(who, 13)
		h.has(who, 7, 0)
		for range 2 {
			h.returns(order)
		}
		h.has(who, 20, 0)
		h.clock.Set(time.Date(2027, 11, 1, 0, 0, 0, 0, time.UTC))
		if m := h.has(who, 20, 0); m.ExpiringPoints != 10 {
			t.Errorf("%d lapse this month", m.ExpiringPoints)
		}
		late := h.spends(who, 15)
		h.clock.Pass(31 * 24 * time.Hour)
		h.returns(late) // of which ten have lapsed meanwhile
		h.has(who, 10, 0)
		h.moves(who, move{"EXPIRED", -10, 10}, move{"RETURNED", 15, 20}, move{"SPENT", -15, 5}, move{"RETURNED", 13, 20},
			move{"SPENT", -13, 7}, move{"EARNED", 10, 20}, move{"EARNED", 10, 10})
	})
}

func TestARefundTakesBackWhatItsPartEarned(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who := h.member()
		first := h.pays(who, 10*yuan)
		h.pays(who, 7*yuan)
		h.refunds(first, 10*yuan, 2*yuan+50) // 7.50 are kept
		h.has(who, 14, 0)
		h.refunds(first, 750, 750)
		h.has(who, 7, 0)
		h.refunds(777, 10*yuan, yuan) // which earned nothing
		h.has(who, 7, 0)
		h.moves(who, move{"TAKEN_BACK", -7, 7}, move{"TAKEN_BACK", -3, 14}, move{"EARNED", 7, 17}, move{"EARNED", 10, 10})
	})
}

func TestWhatWasSpentAndIsTakenBackIsOwedAndTheNextEarningsPayIt(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who := h.member()
		payment := h.pays(who, 10*yuan)
		order := h.spends(who, 8)
		h.refunds(payment, 10*yuan, 10*yuan)
		h.has(who, 0, 8)
		refused(t, h.trySpend(who, 1, 98), loyalty.NotEnough)
		h.pays(who, 3*yuan)
		h.has(who, 0, 5)
		h.pays(who, 6*yuan)
		h.has(who, 1, 0)
		h.returns(order)
		h.has(who, 9, 0)
		h.moves(who, move{"RETURNED", 8, 9}, move{"TAKEN_BACK", -5, 1}, move{"EARNED", 6, 6}, move{"TAKEN_BACK", -3, 0}, move{"EARNED", 3, 3},
			move{"TAKEN_BACK", -2, 0}, move{"SPENT", -8, 2}, move{"EARNED", 10, 10})
	})
}

func TestWhatIsReturnedPaysWhatIsOwedToo(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who := h.member()
		payment := h.pays(who, 10*yuan)
		order := h.spends(who, 10)
		h.refunds(payment, 10*yuan, 4*yuan)
		h.has(who, 0, 4)
		h.returns(order)
		h.has(who, 6, 0)
	})
}

func TestALevelIsReachedByWhatAYearEarnedAndBringsMore(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who := h.member()
		stands := func(level loyalty.Level, next int) {
			t.Helper()
			m, err := h.Of(who)
			h.must(err)
			left := 0
			if m.NextLevelPoints != nil {
				left = *m.NextLevelPoints
			}
			if m.Level != level || left != next {
				t.Errorf("%s, %d to the next; want %s, %d", m.Level, left, level, next)
			}
		}
		stands(loyalty.Ordinary, 500)
		h.pays(who, 499*yuan)
		stands(loyalty.Ordinary, 1)
		h.pays(who, 1*yuan)
		stands(loyalty.Silver, 1500)
		h.spends(who, 500) // spending costs no level
		silver := h.pays(who, 5*yuan)
		h.has(who, 6, 0) // 1.2 for each
		h.pays(who, 1250*yuan)
		stands(loyalty.Gold, 0)
		h.pays(who, 3*yuan)
		h.has(who, 6+1500+4, 0) // 1.5 for each, rounded down
		h.refunds(silver, 5*yuan, 5*yuan)
		h.has(who, 1500+4, 0) // at the rate by which it was earned
		h.clock.Set(morning.AddDate(1, 0, 1))
		stands(loyalty.Ordinary, 500)
		h.pays(who, 2*yuan)
		stands(loyalty.Ordinary, 498)
	})
}

func TestOfManyWhoSpendAtOnceNoneOverdraws(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who := h.member()
		payment := h.pays(who, 10*yuan)
		h.pays(who, 10*yuan)
		var all sync.WaitGroup
		var mu sync.Mutex
		spent := 0
		for i := range 8 {
			all.Go(func() {
				err := h.trySpend(who, 4, 500+int64(i))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					spent++
				case !errors.Is(err, loyalty.NotEnough):
					t.Error(err)
				}
			})
		}
		all.Go(func() { h.pays(who, 4*yuan) })
		all.Go(func() {
			h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error {
				return h.TakeBack(ctx, tx, loyalty.GivenBack{PaymentID: payment, RefundID: 900, OrderID: 1, Before: 10 * yuan, After: 8 * yuan})
			}))
		})
		all.Wait()
		if got := h.row(who); spent < 4 || spent > 6 || got.Balance < 0 || got.Balance-got.OwedPoints != int64(22-4*spent) {
			t.Errorf("spent %d times four, %d are left, %d are owed", spent, got.Balance, got.OwedPoints)
		}
	})
}

// Histories of all that can become of points, against a count that knows no lots.
func TestWhateverBecomesOfPointsTheBooksAgree(t *testing.T) {
	deeds := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int {
		return [2]int{rapid.IntRange(0, 4).Draw(t, "deed"), rapid.IntRange(0, 30).Draw(t, "much")}
	}), 10, 30)
	eachHouse(t, func(t *testing.T, h *house) {
		for example := range 15 {
			who := h.member()
			type paid struct{ row, kept int64 }
			var payments []*paid
			var orders []int64
			for _, d := range deeds.Example(example) {
				much := int64(d[1])
				switch d[0] {
				case 0:
					fen := much * 77
					payments = append(payments, &paid{h.pays(who, fen), fen})
				case 1:
					h.causes++
					before := h.held(who)
					err := h.trySpend(who, much+1, h.causes)
					if enough := before >= much+1; enough != (err == nil) {
						t.Fatalf("example %d: %d of %d: %v", example, much+1, before, err)
					} else if enough {
						orders = append(orders, h.causes)
					}
				case 2:
					if len(payments) > 0 {
						p := payments[int(much)%len(payments)]
						fen := p.kept * much / 30
						h.refunds(p.row, p.kept, fen)
						p.kept -= fen
					}
				case 3:
					if len(orders) > 0 {
						h.returns(orders[int(much)%len(orders)])
					}
				case 4:
					h.clock.Pass(time.Duration(much) * 5 * 24 * time.Hour)
				}
			}
			h.must(h.Lapse(context.Background()))
			h.proven()
		}
	})
}

// held is what an account may spend.
func (h *house) held(who context.Context) int64 {
	h.Helper()
	m, err := h.Of(who)
	h.must(err)
	return int64(m.Points - m.OwedPoints)
}

func TestEntriesAreTheirPersonsAndTellTheDayAlone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who, other := h.member(), h.member()
		h.pays(who, 3*yuan)
		h.pays(who, 4*yuan)
		first, err := h.Ledger(who, page.Request{First: 1})
		h.must(err)
		if !first.More || len(first.Items) != 1 || first.Items[0].Points != 4 {
			t.Fatalf("%+v", first)
		}
		second, err := h.Ledger(who, page.Request{First: 1, After: first.Items[0].Row})
		h.must(err)
		if got := second.Items[0]; second.More || got.Points != 3 || got.Day.Format(time.RFC3339) != "2026-11-21T00:00:00+08:00" ||
			got.ExpiresAt.Format(time.RFC3339) != "2027-11-30T16:00:00Z" || got.OrderID == nil {
			t.Errorf("%v", got)
		}
		if got, err := h.One(who, first.Items[0].Row); err != nil || got.Points != 4 {
			t.Errorf("%v, %v", got, err)
		}
		for _, stranger := range []context.Context{other, viewer.With(context.Background(), viewer.Nobody())} {
			_, err = h.One(stranger, first.Items[0].Row)
			refused(t, err, fault.NotFound)
			if got, err := h.Ledger(stranger, page.Request{First: 9}); err != nil || len(got.Items) != 0 {
				t.Errorf("%v, %v", got.Items, err)
			}
		}
		if got := fmt.Sprintf("%v %+v", first.Items[0], *first.Items[0]); strings.Contains(got, "4") {
			t.Errorf("it prints %s", got)
		}
		for _, deed := range []func(ctx context.Context) error{
			func(ctx context.Context) error {
				return h.store.Fresh(ctx).PointEntry.DeleteOneID(first.Items[0].Row).Exec(ctx)
			},
			func(ctx context.Context) error {
				_, err := h.store.Fresh(ctx).PointEntry.Delete().Exec(ctx)
				return err
			},
		} {
			refused(t, deed(h.asSystem()), privacy.Deny)
		}
	})
}

func TestPointsThatSomebodyTampersWithAreFound(t *testing.T) {
	for change, found := range map[string]string{
		"UPDATE memberships SET balance = balance + 1":                                    "membership 1",
		"UPDATE memberships SET owed_points = 1":                                          "membership 1",
		"UPDATE point_entries SET points = points + 1 WHERE id = 1":                       "membership 1",
		"UPDATE point_lots SET remaining = remaining + 1":                                 "lot of points 1",
		"UPDATE point_lots SET remaining = remaining + 1; UPDATE point_uses SET points=1": "membership 1",
		"UPDATE point_uses SET points = points + 1":                                       "lot of points 1",
	} {
		eachTampered(t, func(t *testing.T, h *house) {
			who := h.member()
			h.pays(who, 10*yuan)
			h.spends(who, 2)
			h.proven()
			h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error {
				for statement := range strings.SplitSeq(change, ";") {
					if _, err := tx.ExecContext(ctx, statement); err != nil {
						return err
					}
				}
				return nil
			}))
			offences, err := h.Prove(t.Context())
			h.must(err)
			for _, o := range offences {
				if strings.HasPrefix(o.String(), found+":") {
					return
				}
			}
			t.Errorf("after %s: %v", change, offences)
		})
	}
}

func TestARefundTakesThePointsThatItsPaymentEarnedBeforeOthers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		who := h.member()
		h.pays(who, 10*yuan)
		h.clock.Pass(31 * 24 * time.Hour)
		later := h.pays(who, 10*yuan)
		h.refunds(later, 10*yuan, 10*yuan)
		h.clock.Set(time.Date(2027, 11, 1, 0, 0, 0, 0, time.UTC))
		if m := h.has(who, 10, 0); m.ExpiringPoints != 10 {
			t.Errorf("%d lapse this month: those of the other payment are left", m.ExpiringPoints)
		}
	})
}

func TestNothingIsSpentThatIsOwed(t *testing.T) {
	eachTampered(t, func(t *testing.T, h *house) {
		who := h.member()
		h.pays(who, 10*yuan)
		h.must(h.tx(func(ctx context.Context, tx *ent.Tx) error { // as of an account that owed some when it became one with this
			return tx.Membership.UpdateOneID(h.row(who).ID).SetOwedPoints(4).Exec(ctx)
		}))
		refused(t, h.trySpend(who, 7, 98), loyalty.NotEnough)
		h.must(h.trySpend(who, 6, 99))
		h.has(who, 4, 4)
	})
}
