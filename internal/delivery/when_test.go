package delivery_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	entdelivery "parkbff/ent/delivery"
	"parkbff/internal/clock"
	"parkbff/internal/delivery"
)

func TestWhatCanWaitLeavesAfterTheQuietHours(t *testing.T) {
	at := func(text string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04", text, clock.Shanghai)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	const push, sms, hour = entdelivery.ChannelJPUSH, entdelivery.ChannelSMS, 60
	for name, c := range map[string]struct {
		now, want   string
		over        entdelivery.Channel
		from, until int
	}{
		"no quiet hours":                   {"2026-11-21 02:00", "2026-11-21 02:00", push, 0, 0},
		"before them":                      {"2026-11-21 12:59", "2026-11-21 12:59", push, 13 * hour, 14 * hour},
		"at their begin":                   {"2026-11-21 13:00", "2026-11-21 14:00", push, 13 * hour, 14 * hour},
		"within":                           {"2026-11-21 13:59", "2026-11-21 14:00", push, 13 * hour, 14 * hour},
		"at their end":                     {"2026-11-21 14:00", "2026-11-21 14:00", push, 13 * hour, 14 * hour},
		"across midnight, before it":       {"2026-11-21 23:30", "2026-11-22 07:30", push, 22 * hour, 7*hour + 30},
		"across midnight, after it":        {"2026-11-22 00:30", "2026-11-22 07:30", push, 22 * hour, 7*hour + 30},
		"a text in the night":              {"2026-11-22 02:00", "2026-11-22 07:00", sms, 0, 0},
		"a text at the night's begin":      {"2026-11-21 22:00", "2026-11-22 07:00", sms, 0, 0},
		"a text at the night's end":        {"2026-11-22 07:00", "2026-11-22 07:00", sms, 0, 0},
		"a text in the night and in quiet": {"2026-11-22 02:00", "2026-11-22 08:15", sms, 6 * hour, 8*hour + 15},
	} {
		if got := delivery.MayLeave(at(c.now).UTC(), c.over, c.from, c.until); !got.Equal(at(c.want)) {
			t.Errorf("%s: %s", name, got.In(clock.Shanghai))
		}
	}
}

// Whatever the hours, what leaves leaves outside them, and at the first minute at which it may.
func TestWhatCanWaitLeavesAtTheFirstMinuteThatIsFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minute := rapid.IntRange(0, 24*60-1)
		from, until := minute.Draw(t, "from"), minute.Draw(t, "until")
		over := rapid.SampledFrom([]entdelivery.Channel{entdelivery.ChannelJPUSH, entdelivery.ChannelSMS}).Draw(t, "over")
		now := time.Date(2026, 11, 21, 0, 0, 0, 0, clock.Shanghai).Add(time.Duration(minute.Draw(t, "now")) * time.Minute)
		within := func(at time.Time, from, until int) bool {
			m := at.Hour()*60 + at.Minute()
			if from <= until {
				return from <= m && m < until
			}
			return m >= from || m < until
		}
		busy := func(at time.Time) bool {
			return within(at, from, until) || over == entdelivery.ChannelSMS && within(at, 22*60, 7*60)
		}
		want := now
		for busy(want) && want.Sub(now) <= delivery.NewsFor {
			want = want.Add(time.Minute)
		}
		got := delivery.MayLeave(now.UTC(), over, from, until)
		if late := want.Sub(now) > delivery.NewsFor; late != (got.Sub(now) > delivery.NewsFor) || !late && !got.Equal(want) {
			t.Fatalf("at %s it may leave at %s, not %s", now, want, got)
		}
	})
}
