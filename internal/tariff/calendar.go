package tariff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"parkbff/internal/fault"
)

// InvalidCalendar names the path of the date at fault.
var InvalidCalendar = fault.New("INVALID_CALENDAR", "The calendar is not valid.")

// Calendar knows the days that are not what their weekday says. The zero Calendar knows none: Monday to
// Friday are working days. It is safe for concurrent use.
type Calendar struct {
	days map[int64]Days
}

type calendarFile struct {
	Holidays []string `json:"holidays"`
	Workdays []string `json:"workdays"`
	Events   []string `json:"events"`
}

// NewCalendar builds a calendar of dates written 2006-01-02: public holidays, weekend days that are
// worked (调休), and days of events. A worked weekend day counts as a Monday. An event day counts as an
// event where the rate table knows events, and as itself elsewhere.
// Errors: InvalidCalendar, also for a date that is both a holiday and a working day.
func NewCalendar(holidays, workdays, events []string) (Calendar, error) {
	c := Calendar{days: make(map[int64]Days, len(holidays)+len(workdays)+len(events))}
	if err := c.mark("holidays", holidays, PublicHoliday); err != nil {
		return Calendar{}, err
	}
	if err := c.mark("workdays", workdays, Monday); err != nil {
		return Calendar{}, err
	}
	if err := c.mark("events", events, Event); err != nil {
		return Calendar{}, err
	}
	return c, nil
}

// ParseCalendar reads {"holidays": ["2026-10-01"], "workdays": ["2026-10-10"], "events": []}.
// Errors: InvalidCalendar.
func ParseCalendar(raw []byte) (Calendar, error) {
	var file calendarFile
	if err := decodeStrictly(raw, &file); err != nil {
		return Calendar{}, InvalidCalendar.Because(err)
	}
	return NewCalendar(file.Holidays, file.Workdays, file.Events)
}

func (c Calendar) mark(list string, dates []string, kind Days) error {
	for i, date := range dates {
		t, err := time.Parse(time.DateOnly, date)
		day := floorDiv(t.Unix(), secondsPerDay)
		if err != nil || (kind != Event && c.days[day] != 0) {
			return InvalidCalendar.At(fmt.Sprintf("%s[%d]", list, i)).Because(err)
		}
		c.days[day] |= kind
	}
	return nil
}

// AfterWorkingDays answers the end of the n-th working day after the one of t, in Asia/Shanghai: a day that is neither a
// public holiday nor a weekend's, unless that is worked.
func (c Calendar) AfterWorkingDays(t time.Time, n int) time.Time {
	day := floorDiv(minuteOf(t), minutesPerDay)
	for n > 0 {
		day++
		if c.on(day)&(PublicHoliday|Saturday|Sunday) == 0 {
			n--
		}
	}
	return instantOf((day + 1) * minutesPerDay)
}

// on answers the kind of a day, counted from 1970-01-01, with Event added on event days.
func (c Calendar) on(day int64) Days {
	marked := c.days[day]
	if marked&^Event != 0 {
		return marked
	}
	const firstWeekday = 3 // 1970-01-01 was a Thursday
	return marked | Monday<<floorMod(day+firstWeekday, 7)
}

func decodeStrictly(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the document")
	}
	return nil
}
