package notice_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parkbff/ent"
	"parkbff/ent/account"
	entnotice "parkbff/ent/notice"
	"parkbff/internal/fault"
	"parkbff/internal/notice"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/vault"
	"parkbff/internal/viewer"
)

var errChangedMind = errors.New("the transaction changed its mind")

func TestEachAccountCountsItsOwnNoticesFromOne(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(never)
		one, other := h.account(), h.account()

		h.tell(s, h.entering(one, 0), h.entering(one, 0), h.entering(other, 0))
		h.tell(s, h.entering(one, 0))

		mustBeNumbered(t, h, one, 3)
		mustBeNumbered(t, h, other, 1)
	})
}

func TestTransactionsAtOnceAndThoseThatRollBackLeaveNoGap(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const transactions = 50
		s := h.service(never)
		accounts := []int64{h.account(), h.account(), h.account()}
		told := make([]atomic.Int64, len(accounts))

		var storm sync.WaitGroup
		for i := range transactions {
			storm.Go(func() {
				which := i % len(accounts)
				var ending error
				if rand.N(3) == 0 {
					ending = errChangedMind
				}
				switch err := h.patientTell(s, ending, h.entering(accounts[which], 0)); {
				case err == nil:
					told[which].Add(1)
				case !errors.Is(err, errChangedMind):
					t.Error(err)
				}
			})
		}
		storm.Wait()

		for i, id := range accounts {
			mustBeNumbered(t, h, id, told[i].Load())
		}
	})
}

// patientTell tries again when so many others were in the way that the store gave up, as a gate does.
func (h *house) patientTell(s *notice.Service, ending error, t notice.Telling) error {
	for {
		if err := h.tryTell(s, ending, t); !errors.Is(err, fault.Unavailable) {
			return err
		}
	}
}

func TestNothingIsSaidOfATransactionThatRollsBack(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.replica(never)
		id := h.account()
		r := h.open(s, id, 0)

		mustFail(t, h.tryTell(s, errChangedMind, h.entering(id, 0)), errChangedMind)

		mustBeSilent(t, id, r)
		if said := h.bus.everything(); said != "" {
			t.Errorf("said %q", said)
		}
	})
}

func TestTheStoreKeepsThePlateSealedUnderTheAccountsOwnKey(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.service(never)
		id := h.account()
		h.tell(s, h.entering(id, 0))

		row := h.store.Client(t.Context()).Notice.Query().Where(entnotice.AccountID(id)).
			OnlyX(viewer.AsSystem(t.Context(), "test"))

		if strings.Contains(string(row.Plate), plate) {
			t.Error("the plate is in the open")
		}
		opened, err := h.vault.OpenString(t.Context(), vault.AccountKey(id), "notice.plate", row.Plate)
		if err != nil || opened != plate {
			t.Errorf("opened %v, error %v", opened == plate, err)
		}
	})
}

func TestTheBusCarriesRowIdsAndSequencesOnly(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s := h.replica(never)
		id := h.account()
		h.tell(s, h.entering(id, h.stay(id)), h.entering(id, 0))

		want := fmt.Sprintf("notice.%d 1\nnotice.%d 2", id, id)
		if diff := cmp.Diff(want, h.bus.everything()); diff != "" {
			t.Error(diff)
		}
		if !regexp.MustCompile(`^(notice\.\d+ \d+\n?)+$`).MatchString(h.bus.everything()) {
			t.Error("the bus carries more than numbers")
		}
	})
}

func TestTellingOutsideATransactionIsRefused(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	id := h.account()
	var tx *ent.Tx
	h.write(func(_ context.Context, inner *ent.Tx) error { tx = inner; return nil })

	if err := h.service(never).Tell(t.Context(), tx, h.entering(id, 0)); err == nil {
		t.Error("it was written")
	}
}

func TestAnAccountThatDoesNotExistIsNotTold(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const nobody = 4711
		if err := h.vault.Provide(t.Context(), vault.AccountKey(nobody)); err != nil {
			t.Fatal(err)
		}
		if err := h.tryTell(h.service(never), nil, h.entering(nobody, 0)); err == nil {
			t.Error("it was told")
		}
	})
}

func TestAPrintedNoticeShowsNothing(t *testing.T) {
	name := "万象城停车场"
	told := notice.Telling{Plate: plate}
	shown := notice.Notice{Plate: plate, LotName: &name, HalfLotName: "万***停车场"}

	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		got := fmt.Sprintf(format+format+format+format, told, &told, shown, &shown)
		if strings.ContainsAny(got, plate+name) {
			t.Errorf("%s prints %s", format, got)
		}
	}
}

// mustBeNumbered checks that an account's notices are numbered 1 to count, and its counter agrees.
func mustBeNumbered(t *testing.T, h *house, accountID, count int64) {
	t.Helper()
	ctx := viewer.AsSystem(t.Context(), "test")
	var got, want []int64
	for _, row := range h.store.Client(ctx).Notice.Query().Where(entnotice.AccountID(accountID)).
		Order(ent.Asc(entnotice.FieldSequence)).AllX(ctx) {
		got = append(got, row.Sequence)
	}
	for i := range count {
		want = append(want, i+1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if counter := h.store.Client(ctx).Account.Query().Where(account.ID(accountID)).OnlyX(ctx).NoticeSequence; counter != count {
		t.Errorf("the counter is at %d, want %d", counter, count)
	}
}

func BenchmarkTell(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.Store{"sqlite": testkit.SQLite, "postgres": testkit.Postgres} {
		b.Run(engine, func(b *testing.B) {
			h := newHouse(b, open(b))
			s, id := h.service(never), h.account()
			telling := h.entering(id, h.stay(id))
			b.ReportAllocs()
			for b.Loop() {
				h.tell(s, telling)
			}
		})
	}
}
