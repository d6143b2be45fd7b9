package notice_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	entnotice "parkbff/ent/notice"
	"parkbff/internal/fault"
	"parkbff/internal/notice"
	"parkbff/internal/page"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

func TestANoticeIsReadAsItWasTold(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		told := h.entering(id, h.stay(id))
		told.Kind, told.FeeFen = entnotice.KindEXITED, new(int64(1250))
		h.tell(s, told)

		got := only(t, s, id)

		want := &notice.Notice{
			Row: got.Row, Sequence: 1, Kind: entnotice.KindEXITED, LotID: h.lot, VehicleID: 7,
			LotName: new("万象城停车场"), HalfLotName: "万***停车场", Plate: plate,
			OccurredAt: noon.Add(-time.Minute), FeeFen: new(int64(1250)),
		}
		if diff := cmp.Diff(*want, *got); diff != "" {
			t.Error(diff)
		}
		again, err := s.Notice(as(id), got.Row)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(*want, *again); diff != "" {
			t.Error(diff)
		}
	})
}

func TestANoticeAboutNoLotHasNoLotName(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		h.tell(s, notice.Telling{AccountID: id, Kind: entnotice.KindBOUND_BY_ANOTHER, VehicleID: 7, Plate: plate, OccurredAt: noon})

		got := only(t, s, id)

		if got.LotName != nil || got.HalfLotName != "" || got.LotID != 0 || got.FeeFen != nil {
			t.Error("it names a lot or a fee")
		}
	})
}

func TestANoticeOfARecordThatTheAccountHidIsHidden(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id, other := h.service(never), h.account(), h.account()
		hidden, shown := h.stay(id), h.stay(id)
		h.tell(s, h.entering(id, hidden), h.entering(id, shown), h.entering(id, 0))
		h.hide(id, hidden)
		h.grant(other, shown)
		h.hide(other, shown)

		got, err := s.Page(as(id), page.Request{First: 10})
		if err != nil {
			t.Fatal(err)
		}

		var hides []bool
		for _, n := range got.Items {
			hides = append(hides, n.Hidden)
		}
		if diff := cmp.Diff([]bool{false, false, true}, hides); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNobodySeesTheNoticesOfAnother(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id, other := h.service(never), h.account(), h.account()
		h.tell(s, h.entering(id, 0))
		row := only(t, s, id).Row

		got, err := s.Page(as(other), page.Request{First: 10})
		if err != nil || len(got.Items) != 0 {
			t.Errorf("another driver sees %d, error %v", len(got.Items), err)
		}
		for name, who := range map[string]*viewer.Viewer{
			"another driver": {Kind: viewer.Driver, AccountID: other, Consents: []string{"PARKING_CORE"}},
			"staff":          {Kind: viewer.Staff, Lots: []viewer.LotRole{{LotID: h.lot, Role: viewer.Manager}}},
			"nobody":         viewer.Nobody(),
		} {
			t.Run(name, func(t *testing.T) {
				_, err := s.Notice(viewer.With(t.Context(), who), row)
				mustFail(t, err, fault.NotFound)
			})
		}
		_, err = s.Page(t.Context(), page.Request{First: 10})
		mustFail(t, err, fault.Unauthenticated)
	})
}

func TestAnEvictedBinderNoLongerSeesNoticesOfTheStay(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		stay := h.stay(id)
		h.tell(s, h.entering(id, stay), h.entering(id, 0))
		h.evict(id, stay)

		if got := only(t, s, id).Sequence; got != 2 {
			t.Errorf("sees notice %d", got)
		}
	})
}

func TestAPageAfterAnExpiredNoticeIsEmpty(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id := h.service(never), h.account()
		h.tell(s, h.entering(id, 0))

		got, err := s.Page(as(id), page.Request{First: 10, After: 4711})

		if err != nil || len(got.Items) != 0 || got.More {
			t.Errorf("got %d notices, error %v", len(got.Items), err)
		}
	})
}

func TestPagesPutTogetherAreEveryNoticeNewestFirst(t *testing.T) {
	h := newHouse(t, testkit.SQLite(t))
	s, id, other := h.service(never), h.account(), h.account()
	const count = 23
	for range count {
		h.tell(s, h.entering(id, 0), h.entering(other, 0))
	}
	rapid.Check(t, func(t *rapid.T) {
		request := page.Request{First: rapid.IntRange(1, 30).Draw(t, "first")}
		want := int64(count)
		for {
			got, err := s.Page(as(id), request)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range got.Items {
				if n.Sequence != want {
					t.Fatalf("notice %d, want %d", n.Sequence, want)
				}
				want--
				request.After = n.Row
			}
			if !got.More {
				break
			}
		}
		if want != 0 {
			t.Fatalf("notices 1 to %d are missing", want)
		}
	})
}

// only answers the one notice that the account sees.
func only(t *testing.T, s *notice.Service, accountID int64) *notice.Notice {
	t.Helper()
	got, err := s.Page(as(accountID), page.Request{First: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != 1 {
		t.Fatalf("the account sees %d notices, want 1", len(got.Items))
	}
	return got.Items[0]
}
