package privacy

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/internal/clock"
)

func TestAnInstantIsFlooredToItsPartOfTheShanghaiDay(t *testing.T) {
	for instant, want := range map[string]struct{ part, name string }{
		"2026-11-21T00:17:00Z":      {"2026-11-21T06:00:00+08:00", "上午"},
		"2026-11-21T08:17:00+08:00": {"2026-11-21T06:00:00+08:00", "上午"},
		"2026-11-20T16:00:00Z":      {"2026-11-21T00:00:00+08:00", "凌晨"},
		"2026-11-20T15:59:59Z":      {"2026-11-20T18:00:00+08:00", "晚间"},
		"2026-11-21T12:00:00+08:00": {"2026-11-21T12:00:00+08:00", "下午"},
		"2026-12-31T23:59:59-05:00": {"2027-01-01T12:00:00+08:00", "下午"},
	} {
		at, err := time.Parse(time.RFC3339, instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := PartOfDay(at).Format(time.RFC3339); got != want.part {
			t.Errorf("%s lies in %s, want %s", instant, got, want.part)
		}
		if got := PartOfDayName(at); got != want.name {
			t.Errorf("%s is %s, want %s", instant, got, want.name)
		}
	}
}

func TestAllInstantsOfOnePartOfTheDayLookAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond"))
		part := PartOfDay(at)
		within := time.Duration(rapid.Int64Range(0, int64(6*time.Hour)-1).Draw(t, "within"))
		if !PartOfDay(part.Add(within)).Equal(part) || PartOfDayName(part.Add(within)) != PartOfDayName(at) {
			t.Fatalf("%v after %v is another part", within, part)
		}
		if since := at.Sub(part); since < 0 || since >= 6*time.Hour || part.Location() != clock.Shanghai {
			t.Fatalf("%v is floored to %v", at, part)
		}
	})
}

func TestALengthOfStayIsRoundedUpToHours(t *testing.T) {
	for minutes, want := range map[int]int{
		-5: 60, 0: 60, 1: 60, 59: 60, 60: 60, 61: 120, 120: 120, 121: 180, 14_160: 14_160,
	} {
		if got := HourUp(minutes); got != want {
			t.Errorf("%d minutes become %d, want %d", minutes, got, want)
		}
	}
	if got := HourUp(math.MaxInt); got <= 0 || got%60 != 0 {
		t.Errorf("the longest stay becomes %d", got)
	}
}
