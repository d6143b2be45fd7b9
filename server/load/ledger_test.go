package load

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var dawn = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// book is a ledger of so many accepted observations, one a second, that come and go in turn.
func book(owed int) *ledger {
	l := &ledger{}
	for n := range owed {
		at := dawn.Add(time.Duration(n) * time.Second)
		l.accept(l.begin(telling{due: at, written: at.Add(time.Millisecond), kind: kindOf(n)}))
	}
	return l
}

func kindOf(n int) string { return []string{kindEntered, kindExited}[n%2] }

// hears has the n-th notice arrive.
func (l *ledger) hears(n int) {
	l.receive(receipt{id: fmt.Sprint("notice ", n), kind: kindOf(n), at: dawn.Add(time.Duration(n)*time.Second + 5*time.Millisecond)})
}

func TestABookIsClosedWithWhatWasLostDoubledForeignOrOutOfOrder(t *testing.T) {
	for name, c := range map[string]struct {
		owed  int
		heard []int
		want  Account
	}{
		"all once":                     {3, []int{0, 1, 2}, Account{Delivered: 3}},
		"one never came":               {3, []int{0, 1}, Account{Delivered: 2, Lost: 1}},
		"one in the middle never came": {4, []int{0, 2, 3}, Account{Delivered: 3, Lost: 1, Misordered: 2}},
		"one twice":                    {2, []int{0, 0, 1}, Account{Delivered: 2, Duplicated: 1}},
		"one again much later":         {3, []int{0, 1, 2, 0}, Account{Delivered: 3, Duplicated: 1}},
		"one too many":                 {1, []int{0, 1}, Account{Delivered: 2, Foreign: 1}},
		"two in turn":                  {2, []int{1, 0}, Account{Delivered: 2, Misordered: 2}},
		"nothing":                      {2, nil, Account{Lost: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			l := book(c.owed)
			for _, n := range c.heard {
				l.hears(n)
			}
			got := l.sum(true)
			got.fromDue, got.fromWritten = nil, nil
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
			if all := name == "all once"; got.wrong() == all || (l.owing() == 0) != (c.want.Lost == 0) {
				t.Errorf("wrong: %v, owing: %d", got.wrong(), l.owing())
			}
		})
	}
}

func TestAnObservationThatWasNotAcceptedOwesNothing(t *testing.T) {
	l := book(1)
	l.begin(telling{kind: kindExited})
	l.hears(0)
	if got := l.sum(true); got.wrong() {
		t.Errorf("%+v", got)
	}
}

func TestLatencyCountsFromWhenANoticeWasDueAndFromWhenItWasAskedFor(t *testing.T) {
	l := book(2)
	l.hears(0)
	l.hears(1)
	got := l.sum(true)
	if want := []time.Duration{5 * time.Millisecond, 5 * time.Millisecond}; !slices.Equal(got.fromDue, want) {
		t.Errorf("from when due: %v", got.fromDue)
	}
	if want := []time.Duration{4 * time.Millisecond, 4 * time.Millisecond}; !slices.Equal(got.fromWritten, want) {
		t.Errorf("from when written: %v", got.fromWritten)
	}
	if asleep := l.sum(false); asleep.fromDue != nil || asleep.fromWritten != nil {
		t.Error("a sleeper's latencies are counted")
	}
}

// Whatever a stream drops and repeats, the book finds as many.
func TestTheBookFindsWhateverAStreamDropsAndRepeats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := book(rapid.IntRange(1, 30).Draw(t, "owed"))
		var want Account
		for n := range l.tellings {
			times := rapid.IntRange(0, 3).Draw(t, "times")
			for range times {
				l.hears(n)
			}
			if times == 0 {
				want.Lost++
				continue
			}
			want.Delivered++
			want.Duplicated += times - 1
		}
		got := l.sum(true)
		if got.Lost != want.Lost || got.Delivered != want.Delivered || got.Duplicated != want.Duplicated {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

func TestPercentilesAreOfTheNearestRank(t *testing.T) {
	var hundred []time.Duration
	for n := range 100 {
		hundred = append(hundred, time.Duration(n+1))
	}
	for share, want := range map[float64]time.Duration{0: 1, 0.01: 1, 0.5: 50, 0.501: 51, 0.99: 99, 0.991: 100, 1: 100} {
		if got := percentile(hundred, share); got != want {
			t.Errorf("%v: %d, want %d", share, got, want)
		}
	}
	if percentile(nil, 0.5) != 0 || percentile(hundred[:1], 0.99) != 1 {
		t.Error("of none or one")
	}
}
