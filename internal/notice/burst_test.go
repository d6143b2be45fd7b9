package notice_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parkbff/ent"
	"parkbff/internal/notice"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

func TestManyAccountsToldTogetherAreReadInFewStatements(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const many, workers = 1000, 8
		s := h.service(never)
		accounts := h.accounts(many)
		watchers := make([]watcher, many)
		atOnce(workers, many, func(i int) {
			w, err := open(s, accounts[i], 0)
			if err != nil {
				t.Error(err)
			}
			watchers[i] = w
		})
		var statements atomic.Int64
		h.intercept(func() error { statements.Add(1); return nil })
		tellings := make([]notice.Telling, many)
		for i, id := range accounts {
			tellings[i] = h.entering(id, 0)
		}

		h.tell(s, tellings...)

		atOnce(workers, many, func(i int) {
			n, ok, err := watchers[i].Next(as(accounts[i]))
			if err != nil || !ok || n.Sequence != 1 {
				t.Errorf("reading %d: delivered %v, error %v", i, ok, err)
			}
		})
		if n := statements.Load(); n > 12 {
			t.Errorf("%d statements for %d readings", n, many)
		}
		for _, w := range watchers {
			w.Close()
		}
	})
}

func TestALoneReadingCostsOneStatementAndSilenceNone(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		w := h.open(s, id, 0)
		var statements atomic.Int64
		h.intercept(func() error { statements.Add(1); return nil })

		for range 3 {
			if _, ok, err := w.Next(as(id)); ok || err != nil {
				t.Fatalf("delivered %v, error %v", ok, err)
			}
		}
		if n := statements.Load(); n != 0 {
			t.Errorf("silence cost %d statements", n)
		}
		h.tell(s, h.entering(id, 0))
		mustDeliver(t, id, w, 1)
		if n := statements.Load(); n != 1 {
			t.Errorf("one notice cost %d statements", n)
		}
	})
}

func TestReadingsThatAreFarBehindShareTheRowsOfAStatement(t *testing.T) {
	for readings := 1; readings <= notice.ReadAtOnce; readings++ {
		if each := notice.RowsEach(readings); each < 1 || each > notice.Batch || int(each)*readings > notice.RowsAtOnce {
			t.Errorf("each of %d readings gets %d rows", readings, each)
		}
	}
}

func TestALongStretchThatIsWithheldIsPassedOver(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id, other := h.service(never), h.account(), h.account()
		foreign := h.stay(other)
		w := h.open(s, id, 0)
		h.tell(s, slices.Repeat([]notice.Telling{h.entering(id, foreign)}, 2*notice.Batch)...)
		h.tell(s, h.entering(id, 0))

		mustDeliver(t, id, w, 2*notice.Batch+1)
		mustBeSilentNow(t, id, w)
	})
}

func TestAStoreThatFailsIsToldToThoseWhoWaitAndNothingIsLost(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, one, other := h.service(never), h.account(), h.account()
		first, second := h.open(s, one, 0), h.open(s, other, 0)
		broken := errors.New("the store is broken")
		var fails atomic.Bool
		fails.Store(true)
		h.tell(s, h.entering(one, 0), h.entering(other, 0))
		h.intercept(func() error {
			if fails.Load() {
				return broken
			}
			return nil
		})

		for range 2 {
			_, _, err := first.Next(as(one))
			mustFail(t, err, broken)
		}
		fails.Store(false)

		mustDeliver(t, one, first, 1)
		mustDeliver(t, other, second, 1)
		mustBeSilentNow(t, one, first)
		mustBeSilentNow(t, other, second)
	})
}

func TestReadingsOfOneAccountStandWhereEachOfThemHasRead(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		h.tell(s, slices.Repeat([]notice.Telling{h.entering(id, 0)}, 5)...)
		fromFirst, fromThird, fromNow := h.open(s, id, rowOf(t, s, id, 1)), h.open(s, id, rowOf(t, s, id, 3)), h.open(s, id, 0)

		h.tell(s, h.entering(id, 0))

		mustDeliver(t, id, fromNow, 6)
		mustDeliver(t, id, fromThird, 4, 5, 6)
		mustDeliver(t, id, fromFirst, 2, 3, 4, 5, 6)
		for _, w := range []watcher{fromFirst, fromThird, fromNow} {
			mustBeSilentNow(t, id, w)
		}
	})
}

func TestClosedReadingsOfManyAccountsLeaveNothingBehind(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	s, id := h.service(never), h.account()
	watchers := make([]watcher, 5)
	for i := range watchers {
		watchers[i] = h.open(s, id, 0)
	}
	for _, i := range []int{2, 0, 4, 1} {
		watchers[i].Close()
		h.tell(s, h.entering(id, 0))
	}
	mustDeliver(t, id, watchers[3], 1, 2, 3, 4)
	watchers[3].Close()
	if n := s.Watched(); n != 0 {
		t.Errorf("%d accounts are still watched", n)
	}
}

func TestAReadingOfAnAccountThatIsClosedEnds(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		w := h.open(s, id, 0)
		h.write(func(ctx context.Context, tx *ent.Tx) error { return tx.Account.DeleteOneID(id).Exec(ctx) })
		h.hint(id, 1)

		_, err := w.await(as(id))
		if !isNotFound(err) {
			t.Errorf("got %v", err)
		}
		if _, err := open(s, id, 0); !isNotFound(err) {
			t.Errorf("opening it answers %v", err)
		}
	})
}

func BenchmarkIdleReadings(b *testing.B) {
	h := newHouse(b, testkit.SQLite(b))
	const many = 15_000
	s := h.service(never)
	accounts := h.accounts(many)
	contexts := make([]context.Context, many)
	for i, id := range accounts {
		contexts[i] = as(id)
	}
	for b.Loop() {
		readings := make([]*notice.Reading, many)
		before := heap()
		atOnce(32, many, func(i int) {
			r, err := s.Open(contexts[i], accounts[i], 0, silent)
			if err != nil {
				b.Error(err)
			}
			readings[i] = r
		})
		b.ReportMetric(float64(heap()-before)/many, "B/reading")
		for _, r := range readings {
			r.Close()
		}
	}
}

func BenchmarkBurst(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.Store{"sqlite": testkit.SQLite, "postgres": testkit.Postgres} {
		b.Run(engine, func(b *testing.B) {
			const many = 1000
			h := newHouse(b, open(b))
			s := h.service(never)
			accounts := h.accounts(many)
			readings := make([]*notice.Reading, many)
			var tellings []notice.Telling
			for i, id := range accounts {
				readings[i], _ = s.Open(as(id), id, 0, silent)
				tellings = append(tellings, h.entering(id, h.stay(id)))
			}
			for b.Loop() {
				b.StopTimer()
				h.tell(s, tellings...)
				b.StartTimer()
				atOnce(8, many, func(i int) {
					if _, ok, err := readings[i].Next(as(accounts[i])); !ok || err != nil {
						b.Error(ok, err)
					}
				})
			}
			for _, r := range readings {
				r.Close()
			}
		})
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// atOnce does something for each of many, some at a time.
func atOnce(workers, many int, do func(i int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < many; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

func TestAReadingThatOpensWhileTheStoreFailsOthersBeginsWhereItOpened(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, one, other := h.service(never), h.account(), h.account()
		first := h.open(s, one, 0)
		h.tell(s, h.entering(one, 0))
		broken, began, fails := errors.New("the store is broken"), make(chan struct{}), make(chan struct{})
		var met atomic.Bool
		h.intercept(func() error {
			if !met.CompareAndSwap(false, true) {
				return nil
			}
			close(began)
			<-fails
			return broken
		})
		failed, opened := make(chan error, 1), make(chan watcher, 1)
		go func() {
			_, _, err := first.Next(as(one))
			failed <- err
		}()
		<-began
		go func() {
			second, _ := open(s, other, 0)
			opened <- second
		}()
		eventually(t, func() bool { return s.Asked() == 1 })
		close(fails)
		mustFail(t, <-failed, broken)

		second := <-opened
		h.tell(s, h.entering(other, 0))
		mustDeliver(t, other, second, 1)
	})
}

func TestWhoAsksDoesNotWaitForThoseWhoAskLater(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const later = 5
		s := h.service(never)
		accounts := h.accounts(1 + later)
		watchers := make([]watcher, len(accounts))
		for i, id := range accounts {
			watchers[i] = h.open(s, id, 0)
		}
		reads, answered := 0, make(chan struct{})
		var others sync.WaitGroup
		h.observe(func(int) {
			reads++
			switch {
			case reads < later: // whenever a reading ends, somebody else has asked
				n := reads
				h.tell(s, h.entering(accounts[n], 0))
				others.Go(func() { mustDeliver(t, accounts[n], watchers[n], 1) })
				eventually(t, func() bool { return s.Asked() > 0 })
			case reads == later:
				select {
				case <-answered:
				case <-time.After(5 * time.Second):
					t.Error("four others who asked later were answered first")
				}
			}
		})
		h.tell(s, h.entering(accounts[0], 0))

		mustDeliver(t, accounts[0], watchers[0], 1)

		close(answered)
		others.Wait()
	})
}
