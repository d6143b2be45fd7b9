package reservation

import (
	"testing"
	"time"
)

func TestAWindowCostsItsPriceOrThatOfEachBegunUnit(t *testing.T) {
	for _, c := range []struct {
		unit int
		long time.Duration
		want int64
	}{
		{0, 15 * time.Minute, 500},
		{0, 24 * time.Hour, 500},
		{60, 15 * time.Minute, 500},
		{60, time.Hour, 500},
		{60, time.Hour + time.Second, 1000},
		{30, 2 * time.Hour, 2000},
	} {
		if got := (Terms{PriceFen: 500, UnitMinutes: c.unit}).price(c.long); got != c.want {
			t.Errorf("%s in units of %d minutes: %d fen, not %d", c.long, c.unit, got, c.want)
		}
	}
}

func TestABayWaitsForItsCarFromTheWindowOnAndNotBeforeThereWasTimeToPay(t *testing.T) {
	now := time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after, long, want time.Duration
		fee               int64
	}{
		{time.Hour, 4 * time.Hour, 90 * time.Minute, 1},
		{0, 4 * time.Hour, 45 * time.Minute, 1},
		{0, 4 * time.Hour, 30 * time.Minute, 0},
		{time.Hour, 15 * time.Minute, 75 * time.Minute, 1},
	} {
		w := Wanted{from: now.Add(c.after), until: now.Add(c.after + c.long)}
		if got := (Terms{GraceMinutes: 30}).waitsUntil(w, now, c.fee).Sub(now); got != c.want {
			t.Errorf("%s after now, for %s: %s, not %s", c.after, c.long, got, c.want)
		}
	}
}
