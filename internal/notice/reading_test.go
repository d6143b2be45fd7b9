package notice_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent"
	entnotice "parkbff/ent/notice"
	"parkbff/internal/fault"
	"parkbff/internal/notice"
	"parkbff/internal/page"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

func TestAReadingWithoutACursorDeliversOnlyWhatIsNew(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.replica(never), h.account()
		h.tell(s, h.entering(id, 0), h.entering(id, 0))
		r := h.open(s, id, 0)
		mustBeSilent(t, id, r)

		h.tell(s, h.entering(id, 0), h.entering(id, 0))

		mustDeliver(t, id, r, 3, 4)
		mustBeSilent(t, id, r)
	})
}

func TestAReadingAfterACursorReplaysAndThenGoesOnLive(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.replica(never), h.account()
		h.tell(s, h.entering(id, 0), h.entering(id, 0), h.entering(id, 0))
		r := h.open(s, id, rowOf(t, s, id, 1))
		mustDeliver(t, id, r, 2, 3)

		h.tell(s, h.entering(id, 0))

		mustDeliver(t, id, r, 4)
		mustBeSilent(t, id, r)
	})
}

func TestALongBacklogIsDeliveredWhole(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const count = 2*notice.Batch + 1
		s, id := h.service(never), h.account()
		h.tell(s, slices.Repeat([]notice.Telling{h.entering(id, 0)}, count)...)
		r := h.open(s, id, rowOf(t, s, id, 1))

		for want := int64(2); want <= count; want++ {
			mustDeliver(t, id, r, want)
		}
		mustBeSilent(t, id, r)
	})
}

func TestEveryReadingOfAnAccountIsTold(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id, other := h.replica(never), h.account(), h.account()
		first, second, foreign := h.open(s, id, 0), h.open(s, id, 0), h.open(s, other, 0)

		h.tell(s, h.entering(id, 0))

		mustDeliver(t, id, first, 1)
		mustDeliver(t, id, second, 1)
		mustBeSilent(t, other, foreign)
	})
}

func TestAClosedReadingIsForgotten(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	s, id := h.service(never), h.account()
	first, second := h.open(s, id, 0), h.open(s, id, 0)

	first.Close()
	first.Close()
	h.tell(s, h.entering(id, 0))

	mustDeliver(t, id, second, 1)
	second.Close()
	if n := s.Watched(); n != 0 {
		t.Errorf("%d accounts are still watched", n)
	}
}

func TestAReaderInTheMiddleOfAStormSeesEverySequenceOnce(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		near, far := h.replica(never), h.replica(never)
		rapid.Check(t, func(t *rapid.T) {
			id := h.account()
			tellers := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 3).Draw(t, "told by each teller")
			fromFirst := rapid.Bool().Draw(t, "from the first notice")
			h.tell(near, h.entering(id, 0))
			after, total := int64(0), int64(1)
			if fromFirst {
				after = rowOf(t, near, id, 1)
			}

			var storm sync.WaitGroup
			for i, count := range tellers {
				total += int64(count)
				storm.Go(func() { h.storm(t, []*notice.Service{near, far}[i%2], id, count) })
			}
			r, err := open(near, id, after)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			// A reading from now on may have been opened behind the storm, so one more is told.
			calm := make(chan struct{})
			go func() {
				defer close(calm)
				storm.Wait()
				h.storm(t, near, id, 1)
			}()
			defer func() { <-calm }()

			first := next(t, id, r).Sequence
			if fromFirst && first != 2 {
				t.Fatalf("the first delivered is notice %d", first)
			}
			for want := first + 1; want <= total+1; want++ {
				mustDeliver(t, id, r, want)
			}
		})
	})
}

func TestWhatIsToldWhileAReadingOpensIsDeliveredAtOnce(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	s := h.service(never)
	for range 100 {
		id := h.account()
		var telling sync.WaitGroup
		telling.Go(func() { h.storm(t, s, id, 1) })
		r := h.open(s, id, 0)
		if r.Position() == 0 {
			mustDeliver(t, id, r, 1)
		}
		telling.Wait()
		r.Close()
	}
}

func silent() {}

// storm tells count notices, some behind a transaction that rolls back.
func (h *house) storm(t rapid.TB, s *notice.Service, id int64, count int) {
	for range count {
		if rand.N(2) == 0 {
			if err := h.patientTell(s, errChangedMind, h.entering(id, 0)); !errors.Is(err, errChangedMind) {
				t.Errorf("got %v", err)
			}
		}
		if err := h.patientTell(s, nil, h.entering(id, 0)); err != nil {
			t.Errorf("got %v", err)
		}
	}
}

func TestEvictionHidesFromTheNextEventOn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.replica(never), h.account()
		stay := h.stay(id)
		r := h.open(s, id, 0)
		h.tell(s, h.entering(id, stay), h.entering(id, stay), h.entering(id, 0))
		mustDeliver(t, id, r, 1)

		h.write(func(ctx context.Context, tx *ent.Tx) error {
			if err := forget(ctx, tx, id, stay); err != nil {
				return err
			}
			return s.Tell(ctx, tx, notice.Telling{
				AccountID: id, Kind: entnotice.KindEVICTED, VehicleID: 7, Plate: plate, OccurredAt: noon,
			})
		})

		mustDeliver(t, id, r, 3, 4)
		mustBeSilent(t, id, r)
	})
}

func TestRowsHeldForASlowReaderAreReadAnewAfterASecond(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		stay := h.stay(id)
		r := h.open(s, id, 0)
		h.tell(s, h.entering(id, 0), h.entering(id, stay), h.entering(id, 0))
		mustDeliver(t, id, r, 1)

		h.evict(id, stay)
		h.clock.pass(2 * time.Second)

		mustDeliver(t, id, r, 3)
		mustBeSilent(t, id, r)
	})
}

func TestARousedReadingReadsAnewWhatItHolds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		stay := h.stay(id)
		w := h.open(s, id, 0)
		h.tell(s, h.entering(id, 0), h.entering(id, stay), h.entering(id, 0))
		mustDeliver(t, id, w, 1)

		h.evict(id, stay)
		s.Rouse(id)

		mustDeliver(t, id, w, 3)
	})
}

func TestAStoreThatTakesLongerThanRowsAreFreshStillDelivers(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		w := h.open(s, id, 0)
		h.tell(s, h.entering(id, 0), h.entering(id, 0), h.entering(id, 0))
		h.observe(func(int) { h.clock.pass(time.Minute); s.Rouse(id) })

		mustDeliver(t, id, w, 1, 2, 3)
		mustBeSilentNow(t, id, w)
	})
}

func TestWhatWasWithheldIsNotDeliveredLater(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id, other := h.service(never), h.account(), h.account()
		first, second := h.stay(other), h.stay(other)
		r := h.open(s, id, 0)

		h.tell(s, h.entering(id, 0), h.entering(id, first))
		mustDeliver(t, id, r, 1)
		h.grant(id, first)
		h.tell(s, h.entering(id, first))
		mustDeliver(t, id, r, 3)

		h.tell(s, h.entering(id, second))
		mustBeSilent(t, id, r)
		h.grant(id, second)
		h.tell(s, h.entering(id, second))
		mustDeliver(t, id, r, 5)
	})
}

func TestACursorAtANoticeThatIsNowWithheldStillHoldsItsPlace(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		stay := h.stay(id)
		h.tell(s, h.entering(id, stay), h.entering(id, stay), h.entering(id, 0))
		cursor := rowOf(t, s, id, 1)

		h.evict(id, stay)

		mustDeliver(t, id, h.open(s, id, cursor), 3)
	})
}

func TestACursorThatLeavesAGapAsksForAResync(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id, other := h.service(never), h.account(), h.account()
		h.tell(s, h.entering(id, 0), h.entering(other, 0))

		for name, row := range map[string]int64{"unknown": 4711, "of another": rowOf(t, s, other, 1)} {
			_, err := open(s, id, row)
			if !errors.Is(err, notice.ResyncRequired) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		mine := rowOf(t, s, id, 1)
		h.clock.pass(notice.DefaultRetention)
		h.open(s, id, mine).Close()
		h.clock.pass(time.Microsecond)
		_, err := open(s, id, mine)
		mustFail(t, err, notice.ResyncRequired)
		if n := s.Watched(); n != 0 {
			t.Errorf("%d refused readings are kept", n)
		}
	})
}

func TestOnlyTheAccountItselfWatches(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	s, id, other := h.service(never), h.account(), h.account()
	r := h.open(s, id, 0)
	anonymous := viewer.With(t.Context(), viewer.Nobody())

	_, err := s.Open(anonymous, id, 0, silent)
	mustFail(t, err, fault.Unauthenticated)
	_, err = s.Open(as(other), id, 0, silent)
	mustFail(t, err, fault.Forbidden)
	_, _, err = r.Next(anonymous)
	mustFail(t, err, fault.Unauthenticated)
	_, _, err = r.Next(as(other))
	mustFail(t, err, fault.Forbidden)
}

func TestAReadingThatWasInterruptedGoesOnWhereItWas(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		r := h.open(s, id, 0)
		h.tell(s, h.entering(id, 0), h.entering(id, 0))
		ended, end := context.WithCancel(as(id))
		end()

		for range 3 {
			if _, ok, err := r.Next(ended); ok || !errors.Is(err, context.Canceled) {
				t.Fatalf("delivered %v, error %v", ok, err)
			}
		}

		mustDeliver(t, id, r, 1, 2)
	})
}

// rowOf answers the row of one of the account's newest hundred notices: what a cursor holds.
func rowOf(t rapid.TB, s *notice.Service, accountID, sequence int64) int64 {
	t.Helper()
	request := page.Request{First: 100}
	for {
		got, err := s.Page(as(accountID), request)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range got.Items {
			if n.Sequence == sequence {
				return n.Row
			}
			request.After = n.Row
		}
		if !got.More {
			t.Fatalf("the account sees no notice %d", sequence)
		}
	}
}

func TestAReadingThatIsToldWhileItOpensBeginsBehindItsCursor(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id, other := h.service(never), h.account(), h.account()
		h.bus.lossy.Store(true) // each hears once of a notice, by its own telling
		h.tell(s, slices.Repeat([]notice.Telling{h.entering(id, 0)}, 3)...)
		cursor, busy := rowOf(t, s, id, 3), h.open(s, other, 0)
		var told atomic.Bool
		h.intercept(func() error { // while it is found out where the cursor stands
			if told.CompareAndSwap(false, true) {
				h.tell(s, h.entering(id, 0), h.entering(other, 0))
				mustDeliver(t, other, busy, 1) // read by one statement for all who were woken
			}
			return nil
		})

		w := h.open(s, id, cursor)

		mustDeliver(t, id, w, 4)
		mustBeSilentNow(t, id, w)
	})
}
