package permit_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/ent/permitplan"
	"parkbff/internal/clock"
	"parkbff/internal/permit"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, clock.Shanghai) }

var (
	rolling  = permit.Rule{Renewal: permitplan.RenewalROLLING, Months: 1}
	calendar = permit.Rule{Renewal: permitplan.RenewalCALENDAR_MONTH}
)

func settling(on int) permit.Rule {
	return permit.Rule{Renewal: permitplan.RenewalSETTLEMENT_DAY, SettlementDay: on}
}

func TestPeriodsAreAsLongAsTheirRuleSays(t *testing.T) {
	noon := 12 * time.Hour
	for _, c := range []struct {
		name    string
		rule    permit.Rule
		at      time.Time
		periods int
		from    time.Time
		until   time.Time
		fen     int64
	}{
		{"a month from its day", rolling, day(2026, 11, 22).Add(noon), 1, day(2026, 11, 22), day(2026, 12, 22), 30000},
		{"over the year", rolling, day(2026, 12, 15), 2, day(2026, 12, 15), day(2027, 2, 15), 60000},
		{"a month that has no such day ends whole", rolling, day(2026, 1, 31), 1, day(2026, 1, 31), day(2026, 3, 1), 30000},
		{"and the next is counted from the first day", rolling, day(2026, 1, 31), 2, day(2026, 1, 31), day(2026, 3, 31), 60000},
		{"in a leap year too", rolling, day(2028, 1, 30), 1, day(2028, 1, 30), day(2028, 3, 1), 30000},
		{"the 29th of a leap year has itself", rolling, day(2028, 1, 29), 1, day(2028, 1, 29), day(2028, 2, 29), 30000},
		{"a year after the leap day", rolling, day(2028, 2, 29), 12, day(2028, 2, 29), day(2029, 3, 1), 360000},
		{"the last minute of a day is that day", rolling, day(2026, 11, 23).Add(-time.Minute), 1, day(2026, 11, 22), day(2026, 12, 22), 30000},
		{"half of a month of 30 days", calendar, day(2026, 11, 16), 1, day(2026, 11, 16), day(2026, 12, 1), 15000},
		{"a whole month on its first day", calendar, day(2026, 2, 1), 1, day(2026, 2, 1), day(2026, 3, 1), 30000},
		{"one day of 28, and a month", calendar, day(2027, 2, 28), 2, day(2027, 2, 28), day(2027, 4, 1), 31071},
		{"one day of 29", calendar, day(2028, 2, 29), 1, day(2028, 2, 29), day(2028, 3, 1), 1034},
		{"up to the settlement day", settling(25), day(2026, 11, 20), 1, day(2026, 11, 20), day(2026, 11, 25), 4838},
		{"a whole month from the settlement day", settling(25), day(2026, 11, 25).Add(noon), 1, day(2026, 11, 25), day(2026, 12, 25), 30000},
		{"days", permit.Rule{Renewal: permitplan.RenewalCUSTOM, Days: 10}, day(2028, 2, 25), 1, day(2028, 2, 25), day(2028, 3, 6), 30000},
	} {
		got := c.rule.After(nil, c.at, 30000, c.periods)
		if !got.StartsAt.Equal(c.from) || !got.EndsAt.Equal(c.until) || got.AmountFen != c.fen {
			t.Errorf("%s: %s to %s for %d fen", c.name, got.StartsAt, got.EndsAt, got.AmountFen)
		}
	}
}

// drawn is any rule.
var drawn = rapid.Custom(func(t *rapid.T) permit.Rule {
	switch rapid.IntRange(0, 3).Draw(t, "rule") {
	case 0:
		return permit.Rule{Renewal: permitplan.RenewalROLLING, Months: rapid.IntRange(1, 12).Draw(t, "months")}
	case 1:
		return settling(rapid.IntRange(1, 28).Draw(t, "day of month"))
	case 2:
		return calendar
	}
	return permit.Rule{Renewal: permitplan.RenewalCUSTOM, Days: rapid.IntRange(1, 366).Draw(t, "days")}
})

var moments = rapid.Custom(func(t *rapid.T) time.Time {
	return day(2024, 1, 1).Add(time.Duration(rapid.IntRange(0, 6*365*24*60).Draw(t, "minute")) * time.Minute)
})

func TestPeriodsBoughtOneByOneAreTheSameAsAtOnceAndCostTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule, at, n := drawn.Draw(t, "rule"), moments.Draw(t, "at"), rapid.IntRange(2, 12).Draw(t, "periods")
		price := rapid.Int64Range(1, 100000).Draw(t, "price")
		first := rule.After(nil, at, price, 1)
		last, sum := first, first.AmountFen
		for range n - 1 {
			before := last
			// paid at any moment before the end, or at it
			paid := at.Add(time.Duration(rapid.Int64Range(0, int64(before.EndsAt.Sub(at))).Draw(t, "later")))
			last = rule.After(&before, paid, price, 1)
			if !last.StartsAt.Equal(before.EndsAt) {
				t.Fatalf("renewed at %s, before %s, and begins on %s", paid, before.EndsAt, last.StartsAt)
			}
			sum += last.AmountFen
		}
		once := rule.After(nil, at, price, n)
		if !once.EndsAt.Equal(last.EndsAt) || once.AmountFen != sum {
			t.Fatalf("one by one until %s for %d, at once until %s for %d", last.EndsAt, sum, once.EndsAt, once.AmountFen)
		}
	})
}

func TestNobodyPaysForAGapOrForDaysThatAreGone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rule, at := drawn.Draw(t, "rule"), moments.Draw(t, "at")
		first := rule.After(nil, at, 30000, 1)
		late := first.EndsAt.Add(time.Duration(rapid.IntRange(1440, 400*24*60).Draw(t, "minutes late")) * time.Minute)
		again := rule.After(&first, late, 30000, 1)
		if again.StartsAt.After(late) || late.Sub(again.StartsAt) >= 24*time.Hour {
			t.Fatalf("renewed at %s, it begins at %s", late, again.StartsAt)
		}
		if fresh := rule.After(nil, late, 30000, 1); fresh != again {
			t.Fatalf("renewed after a gap it is %v, bought anew %v", again, fresh)
		}
	})
}

func TestAMonthIsNoShorterThanItsMonthAndNoDearerThanItsDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at, n := moments.Draw(t, "at"), rapid.IntRange(1, 12).Draw(t, "periods")
		got := rolling.After(nil, at, 30000, n)
		y, m, d := got.StartsAt.Date()
		same := time.Date(y, m+time.Month(n), d, 0, 0, 0, 0, clock.Shanghai)
		whole := time.Date(y, m+time.Month(n)+1, 1, 0, 0, 0, 0, clock.Shanghai)
		if want := minOf(same, whole); !got.EndsAt.Equal(want) {
			t.Fatalf("%d months from %s end at %s, not %s", n, got.StartsAt, got.EndsAt, want)
		}
		on := rapid.IntRange(1, 28).Draw(t, "day of month")
		got = settling(on).After(nil, at, 30000, n)
		if got.EndsAt.In(clock.Shanghai).Day() != on || !got.EndsAt.After(got.StartsAt) {
			t.Fatalf("it settles on the %d., from %s to %s", on, got.StartsAt, got.EndsAt)
		}
		days := int64(got.EndsAt.Sub(got.StartsAt) / (24 * time.Hour))
		if got.AmountFen > 30000*int64(n) || got.AmountFen < 1 || got.AmountFen > days*30000/28 {
			t.Fatalf("%d fen for %d days", got.AmountFen, days)
		}
	})
}

func minOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
