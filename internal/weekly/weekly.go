// Package weekly knows hours that come again every week, in Asia/Shanghai, after APDS RecurringDayWeekMonthPeriod.
package weekly

import (
	"slices"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/span"
)

// Day is a day of the week.
type Day string

// The days, in the order of time.Weekday.
const (
	Sunday    Day = "SUNDAY"
	Monday    Day = "MONDAY"
	Tuesday   Day = "TUESDAY"
	Wednesday Day = "WEDNESDAY"
	Thursday  Day = "THURSDAY"
	Friday    Day = "FRIDAY"
	Saturday  Day = "SATURDAY"
)

var days = []Day{Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday}

// Hours are a part of some days, each end as 15:04. They last into the next day when they end no later than they begin,
// so that from 00:00 until 00:00 is the whole day.
type Hours struct {
	Days  []Day  `json:"days"`
	From  string `json:"from"`
	Until string `json:"until"`
}

// Plan is all the hours of a week.
type Plan []Hours

const (
	hourAndMinute = "15:04"
	mostHours     = 14
)

// Valid tells whether a plan names days, and minutes of them. A plan of no hours is valid.
func (p Plan) Valid() bool {
	return len(p) <= mostHours && !slices.ContainsFunc(p, func(h Hours) bool { return !h.valid() })
}

func (h Hours) valid() bool {
	_, fromErr := time.Parse(hourAndMinute, h.From)
	_, untilErr := time.Parse(hourAndMinute, h.Until)
	return fromErr == nil && untilErr == nil && len(h.Days) > 0 && len(h.Days) <= len(days) &&
		!slices.ContainsFunc(h.Days, func(d Day) bool { return !slices.Contains(days, d) })
}

// Holds tells whether every instant of a span lies in the hours of a valid plan. It takes a step for every day of the span.
func (p Plan) Holds(s span.Span) bool {
	if len(p) == 0 || !s.From.Before(s.Until) {
		return false
	}
	var open []span.Span
	year, month, date := s.From.In(clock.Shanghai).Date()
	// What began the day before may last into the first.
	for day := time.Date(year, month, date-1, 0, 0, 0, 0, clock.Shanghai); day.Before(s.Until); day = day.AddDate(0, 0, 1) {
		open = append(open, p.on(day)...)
	}
	return len(span.Outside(s, open)) == 0
}

// on answers the hours that begin on a day.
func (p Plan) on(midnight time.Time) []span.Span {
	var open []span.Span
	for _, h := range p {
		if !slices.Contains(h.Days, days[midnight.Weekday()]) {
			continue
		}
		s := span.Span{From: at(midnight, h.From), Until: at(midnight, h.Until)}
		if !s.Until.After(s.From) {
			s.Until = s.Until.AddDate(0, 0, 1)
		}
		open = append(open, s)
	}
	return open
}

// at is a minute of a day; Shanghai has had no summer time since 1991.
func at(midnight time.Time, minute string) time.Time {
	t, err := time.Parse(hourAndMinute, minute)
	if err != nil {
		return midnight // no valid plan has such
	}
	return midnight.Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute)
}
