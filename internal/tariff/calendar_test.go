package tariff_test

import (
	"testing"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/tariff"
)

func TestWorkingDaysAreCountedWithHolidaysAndWorkedWeekends(t *testing.T) {
	// The National Day week of 2026, with the Saturday after it worked.
	calendar, err := tariff.NewCalendar(
		[]string{"2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"}, []string{"2026-10-10"}, []string{"2026-10-09"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		after string
		days  int
		want  string
	}{
		{"2026-09-28T09:00:00+08:00", 1, "2026-09-30T00:00:00+08:00"},
		{"2026-09-28T23:59:59+08:00", 1, "2026-09-30T00:00:00+08:00"},
		{"2026-09-29T00:00:00+08:00", 1, "2026-10-01T00:00:00+08:00"},
		{"2026-09-30T12:00:00+08:00", 1, "2026-10-09T00:00:00+08:00"},
		{"2026-09-30T12:00:00+08:00", 5, "2026-10-14T00:00:00+08:00"},
		{"2026-10-03T12:00:00+08:00", 0, "2026-10-04T00:00:00+08:00"},
	} {
		after, err := time.Parse(time.RFC3339, c.after)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.AfterWorkingDays(after.UTC(), c.days).In(clock.Shanghai).Format(time.RFC3339); got != c.want {
			t.Errorf("%d working days after %s are over at %s, want %s", c.days, c.after, got, c.want)
		}
	}
}
