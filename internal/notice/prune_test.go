package notice_test

import (
	"testing"
	"time"

	"parkbff/internal/notice"
	"parkbff/internal/page"
)

func TestPruningDeletesWhatExpiredAndTheAccountCountsOn(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		s, id, other := h.service(never), h.account(), h.account()
		h.tell(s, h.entering(id, 0), h.entering(other, 0), h.entering(id, 0))
		h.clock.pass(notice.DefaultRetention + time.Microsecond)
		h.tell(s, h.entering(id, 0))

		mustPrune(t, s, 3)
		mustPrune(t, s, 0)

		if got := only(t, s, id).Sequence; got != 3 {
			t.Errorf("notice %d is left", got)
		}
		h.tell(s, h.entering(other, 0))
		if got := only(t, s, other).Sequence; got != 2 {
			t.Errorf("the account counts on with %d", got)
		}
	})
}

func TestPruningGoesOnBeyondOneBatchAndPastWhatIsKept(t *testing.T) {
	eachHouse(t, func(t *testing.T, h *house) {
		const expired = 1500
		s, id := h.service(never), h.account()
		h.clock.pass(time.Hour) // a replica whose clock was ahead told the first
		h.tell(s, h.entering(id, 0))
		h.clock.pass(-time.Hour)
		old := make([]notice.Telling, expired)
		for i := range old {
			old[i] = h.entering(id, 0)
		}
		h.tell(s, old...)
		h.clock.pass(notice.DefaultRetention + time.Minute)

		mustPrune(t, s, expired)

		got, err := s.Page(as(id), page.Request{First: 10})
		if err != nil || len(got.Items) != 1 || got.Items[0].Sequence != 1 {
			t.Errorf("%d notices are left, error %v", len(got.Items), err)
		}
	})
}

func mustPrune(t *testing.T, s *notice.Service, want int) {
	t.Helper()
	got, err := s.Prune(t.Context())
	if err != nil || got != want {
		t.Errorf("pruned %d, want %d; error %v", got, want, err)
	}
}
