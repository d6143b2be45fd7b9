package payout_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/ent/settlement"
	"parkbff/internal/billing/ledger"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/partner/sandbox/trouble"
	"parkbff/internal/payout"
	"parkbff/internal/viewer"
)

const (
	pending = settlement.StatePENDING
	paid    = settlement.StatePAID
	failed  = settlement.StateFAILED
)

func TestWhatAnOwnerHasEarnedIsPaidToTheCardOnceADay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o := h.owner()
		second := o.shares("B-2")
		o.earns(o.space, 600)
		o.earns(second, 250)
		o.sets(goodCard)
		h.must(h.SettleDue(t.Context()))
		o.mustBe(850, 0) // a card is paid to from the next day on
		h.days(1)
		o.mustBe(850, 850, pending)
		o.earns(o.space, 100)
		h.must(h.SettleDue(t.Context()))
		o.mustBe(950, 850, pending)
		h.works(5)
		o.mustBe(100, 0, paid)
		h.days(1)
		h.works(5)
		o.mustBe(0, 0, paid, paid)
		h.days(1)
		o.mustBe(0, 0, paid, paid)
		h.paidOut(850, 100)
		first := o.settled()[1]
		if len(first.Items) != 2 || first.Items[0].Fen != 600 || first.Items[1].Fen != 250 || *first.Items[0].LotCode != "A" ||
			first.CardNumber != "****0018" || first.DecidedAt == nil || first.Reason != nil {
			t.Errorf("%#v", *first)
		}
	})
}

func TestLessThanAYuanWaitsUntilItIsOne(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o := h.owner()
		o.sets(goodCard)
		o.earns(o.space, ledger.LeastPayout-1)
		h.days(1)
		o.mustBe(99, 0)
		o.earns(o.space, 1)
		h.days(1)
		h.works(5)
		o.mustBe(0, 0, paid)
		h.paidOut(100)
	})
}

func TestManyReplicasMakeOneSettlementADay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o := h.owner()
		o.sets(goodCard)
		o.earns(o.space, 600)
		h.clock.Pass(24 * time.Hour)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := h.SettleDue(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		o.mustBe(600, 600, pending)
	})
}

// Two replicas may do one task: the message of the one came late, or it was held for too long.
func TestASettlementThatManyReplicasPayIsPaidOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o := h.owner()
		o.sets(goodCard)
		o.earns(o.space, 600)
		h.days(1)
		about := h.pending()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 3 {
					_ = h.try(context.Background(), about) // it may be told to come again
				}
			})
		}
		all.Wait()
		h.works(5)
		h.must(h.try(t.Context(), about)) // what is done is done
		o.mustBe(0, 0, paid)
		h.paidOut(600)
	})
}

func TestASettlementWhoseProcessIsKilledIsPaidOnce(t *testing.T) {
	for _, when := range []string{"before the bank hears of it", "before we hear the answer"} {
		t.Run(when, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				o := h.owner()
				o.sets(goodCard)
				o.earns(o.space, 600)
				h.days(1)
				about, bank := h.pending(), h.client
				h.client = &dying{Bank: bank, before: when == "before the bank hears of it", after: true}
				h.opens()
				func() {
					defer func() {
						if recover() == nil {
							t.Error("it was not killed")
						}
					}()
					_ = h.try(t.Context(), about)
				}()
				o.mustBe(600, 600, pending)
				h.days(1) // what is being paid is not settled again
				o.mustBe(600, 600, pending)
				h.client = bank
				h.opens()
				h.works(5)
				o.mustBe(0, 0, paid)
				h.paidOut(600)
			})
		})
	}
}

func TestWhateverIsLostOnTheWayItIsPaidOnce(t *testing.T) {
	for name, kind := range map[string]trouble.Kind{"down": trouble.Down, "limited": trouble.Limited, "answers lost": trouble.LostAnswers} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				o := h.owner()
				o.sets(goodCard)
				o.earns(o.space, 600)
				h.days(1)
				about := h.pending()
				for calls := range 4 {
					h.bank.Trouble.Make(kind, calls)
					_ = h.try(t.Context(), about)
				}
				h.bank.Trouble.Make(trouble.None, 0)
				h.works(5)
				o.mustBe(0, 0, paid)
				h.paidOut(600)
			})
		})
	}
}

func TestWhileNobodyKnowsTheBankIsAskedAndNothingElseIsPaid(t *testing.T) {
	for answer, then := range map[string]settlement.State{"00": paid, "61": failed} {
		t.Run(answer, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				o := h.owner()
				h.bank.RefuseCard(goodCard, "05")
				o.sets(goodCard)
				o.earns(o.space, 600)
				for range 3 {
					h.days(1)
					h.works(3)
					o.mustBe(600, 600, pending)
				}
				h.must(h.bank.SettlePayout(o.settled()[0].Number, answer))
				h.works(3)
				if then == paid {
					o.mustBe(0, 0, paid)
					h.paidOut(600)
				} else {
					o.mustBe(600, 0, failed)
					h.paidOut()
				}
			})
		})
	}
}

func TestACardThatIsRefusedIsNotPaidToUntilItIsSetAnew(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o := h.owner()
		h.bank.RefuseCard(goodCard, "61")
		o.sets(goodCard)
		o.earns(o.space, 600)
		h.days(1)
		h.works(5)
		o.mustBe(600, 0, failed)
		if got := o.settled()[0]; got.Reason == nil || *got.Reason != settlement.ReasonCARD_REFUSED {
			t.Errorf("%#v", got.Reason)
		}
		if got, err := o.Account(o.ctx); err != nil || !got.Refused {
			t.Errorf("%v, %v", got, err)
		}
		h.days(2)
		o.mustBe(600, 0, failed)
		o.sets(nextCard)
		if got, err := o.Account(o.ctx); err != nil || got.Refused {
			t.Errorf("%v, %v", got, err)
		}
		h.days(1)
		h.works(5)
		o.mustBe(0, 0, paid, failed)
		h.paidOut(600)
		if h.bank.PaidOut()[0].Card != nextCard {
			t.Error("the card that was refused is paid to")
		}
	})
}

// What is not the card's fault is tried again by the settlement of the next day.
func TestAPayoutThatTheBankDoesNotTakeIsOwedAndTriedTheNextDay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o := h.owner()
		h.bank.RefuseCard(goodCard, "33")
		o.sets(goodCard)
		o.earns(o.space, 600)
		h.days(1)
		h.works(5)
		o.mustBe(600, 0, failed)
		h.bank.RefuseCard(goodCard, "00")
		h.days(1)
		h.works(5)
		o.mustBe(0, 0, paid, failed)
		h.paidOut(600)
	})
}

// A settlement pays the card that was set when it was made, and a card that is set meanwhile is not blamed for it.
func TestACardThatIsChangedOrRemovedMeanwhileChangesNoSettlement(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o := h.owner()
		o.sets(goodCard)
		o.earns(o.space, 600)
		h.days(1)
		o.sets(nextCard)
		h.works(5)
		if got := h.bank.PaidOut(); len(got) != 1 || got[0].Card != goodCard {
			t.Errorf("%d payouts", len(got))
		}
		h.bank.RefuseCard(nextCard, "61")
		o.earns(o.space, 300)
		h.days(1)
		o.sets(goodCard)
		h.works(5)
		if got, err := o.Account(o.ctx); err != nil || got.Refused {
			t.Errorf("%v, %v", got, err)
		}
		h.days(1)
		h.must(o.Remove(o.ctx))
		h.works(5)
		o.mustBe(0, 0, paid, failed, paid)
		h.paidOut(600, 300)
		h.must(o.Remove(o.ctx))
		if got, err := o.Account(o.ctx); err != nil || got != nil {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// What a settlement of an account pays that was erased meanwhile is followed up all the same.
func TestASettlementOfAnAccountThatIsGoneIsFollowedUp(t *testing.T) {
	for name, sent := range map[string]bool{"the bank knows of it": true, "nobody can ask for it any more": false} {
		t.Run(name, func(t *testing.T) {
			eachHouse(t, func(t *testing.T, h *house) {
				o := h.owner()
				o.sets(goodCard)
				o.earns(o.space, 600)
				h.days(1)
				about := h.pending()
				if sent {
					_ = h.try(t.Context(), about)
				}
				h.system(func(ctx context.Context, tx *ent.Tx) {
					h.must(tx.Settlement.UpdateOneID(about).ClearAccountID().ClearPayee().ClearMaskedCard().Exec(ctx))
				})
				h.works(2)
				h.clock.Pass(24 * time.Hour)
				h.works(2)
				row, err := h.store.Fresh(h.asSystem()).Settlement.Get(h.asSystem(), about)
				h.must(err)
				if sent && row.State != paid || !sent && (row.State != failed || *row.Reason != settlement.ReasonACCOUNT_CLOSED) {
					t.Error(row.State)
				}
				if sent {
					h.paidOut(600)
				} else {
					h.paidOut()
				}
			})
		})
	}
}

func TestACardMustBeOneAndItsOwnersWhoSharesABay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o := h.owner()
		set := func(card, bank string) error {
			_, err := o.Set(o.ctx, payout.Card{Number: card, Bank: bank})
			return err
		}
		for _, good := range []string{"6216 2610-0000 0000 018", "６２１６２６１０００００００００018", "400000000002"} {
			h.must(set(good, " 招商银行 "))
		}
		for _, bad := range []string{"", "6216261000000000019", "62162610000", "62162610000000000180", "6216x61000000000018", "0000000000000000"} {
			if err := set(bad, "招商银行"); !errors.Is(err, payout.InvalidCard) {
				t.Errorf("%d digits: %v", len(bad), err)
			}
		}
		for _, bad := range []string{"", " ", strings.Repeat("行", 61), "招\n商"} {
			if err := set(goodCard, bad); !errors.Is(err, payout.InvalidBank) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		for ctx, want := range map[context.Context]error{
			viewer.With(t.Context(), viewer.Nobody()):                                                                        fault.Unauthenticated,
			viewer.With(t.Context(), &viewer.Viewer{Kind: viewer.Staff}):                                                     fault.Forbidden,
			viewer.With(t.Context(), &viewer.Viewer{Kind: viewer.Driver, AccountID: 77, Consents: []string{"PARKING_CORE"}}): payout.NoSpace,
		} {
			if _, err := h.Set(ctx, payout.Card{Number: goodCard, Bank: "x"}); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
		h.client = nil
		h.opens()
		if err := set(goodCard, "招商银行"); !errors.Is(err, payout.NotOffered) {
			t.Error(err)
		}
	})
}

func TestNobodyElseSeesACardOrASettlement(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		o, other := h.owner(), h.owner()
		o.sets(goodCard)
		o.earns(o.space, 600)
		h.days(1)
		h.works(5)
		row := o.settled()[0].Row
		got, err := o.Settlement(o.ctx, row)
		h.must(err)
		account, err := o.Account(o.ctx)
		h.must(err)
		if account.CardNumber != "****0018" || account.Holder != "王**" || account.Bank != "招商银行" || !account.Since.Equal(morning) {
			t.Errorf("%q %q %q", account.CardNumber, account.Holder, account.Bank)
		}
		for _, told := range []string{fmt.Sprintf("%v %+v %#v", got, account, payout.Card{Number: goodCard}), fmt.Sprint(got.Items[0])} {
			for _, secret := range []string{goodCard, "0018", "王", "招商"} {
				if strings.Contains(told, secret) {
					t.Errorf("it is printed: %s", secret)
				}
			}
		}
		for _, ctx := range []context.Context{
			other.ctx, viewer.With(t.Context(), viewer.Nobody()), viewer.With(t.Context(), &viewer.Viewer{
				Kind: viewer.Staff, StaffID: 7, Lots: []viewer.LotRole{{LotID: h.lot, Role: viewer.Manager}},
			}),
		} {
			if got, err := h.Account(ctx); err != nil || got != nil {
				t.Errorf("%v, %v", got, err)
			}
			if got, err := h.Settlements(ctx, page.Request{First: 5}); err != nil || len(got.Items) != 0 {
				t.Errorf("%v, %v", got, err)
			}
			if _, err := h.Settlement(ctx, row); !errors.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
		if got, err := h.Earnings(other.ctx); err != nil || got.OwedFen != 0 {
			t.Errorf("%v, %v", got, err)
		}
	})
}
