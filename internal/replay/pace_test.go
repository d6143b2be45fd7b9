package replay_test

import (
	"slices"
	"testing"
	"time"
)

func TestRebasedStaysEndNowAndKeepTheirFees(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	plain := w.replay(t)
	w.options.Rebase = true
	w.options.Speed = "1x"
	began := w.clock.Now()
	got := w.replay(t)

	if got.Errors != 0 || got.Duplicates != 0 || got.FeesAgree != plain.FeesAgree || got.Digest == plain.Digest {
		t.Errorf("got %+v", got)
	}
	if took := w.clock.Now().Sub(began); took > 10*time.Second {
		t.Errorf("what is past was waited for: %s", took)
	}
	last := slices.MaxFunc(w.stays["P1"], func(a, b *parked) int { return a.exit.Compare(b.exit) }).exit
	if want := time.Date(2026, 11, 17, 10, 0, 0, 0, time.UTC); !last.Equal(want) { // a Tuesday, as it was
		t.Errorf("the last stay ends %s, want %s", last, want)
	}

	again := w.replay(t)
	w.clock.now = w.clock.now.Add(7 * 24 * time.Hour)
	nextWeek := w.replay(t)
	if again.Duplicates != 2000 || nextWeek.Duplicates != 0 || nextWeek.Errors != 0 {
		t.Errorf("again %+v, next week %+v", again, nextWeek)
	}
}

func TestAtSixtyTimesTheStaysTakeASixtiethOfTheirTime(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	w.options.Speed = "60x"
	w.options.Accounts = 0
	got := w.replay(t)
	if hours := got.Seconds / 3600; hours < 35 || hours > 36 { // 88 days and some hours
		t.Errorf("took %.1f hours", hours)
	}
	if got.Errors != 0 || got.SessionsClosed != 1000 {
		t.Errorf("got %+v", got)
	}
}
