package privacy

import (
	"math"
	"time"

	"parkbff/internal/clock"
)

const partHours = 6

// PartOfDay floors an instant to the part of the day it lies in: 00, 06, 12 or 18 o'clock. The day is
// that of Asia/Shanghai (J(一)4(1): time is shown blurred), and so is the zone of the answer.
func PartOfDay(t time.Time) time.Time {
	local := t.In(clock.Shanghai)
	year, month, day := local.Date()
	return time.Date(year, month, day, local.Hour()/partHours*partHours, 0, 0, 0, clock.Shanghai)
}

// PartOfDayName is the Chinese word for the part of the day in Asia/Shanghai: 凌晨, 上午, 下午 or 晚间.
func PartOfDayName(t time.Time) string {
	names := [...]string{"凌晨", "上午", "下午", "晚间"}
	return names[t.In(clock.Shanghai).Hour()/partHours]
}

// HourUp rounds a length of stay in minutes up to whole hours and answers it in minutes again: 1 and 60
// become 60, 61 becomes 120. Zero becomes 60 as well: a zero of its own would say to the minute that
// entry and exit coincide. A negative length counts as zero.
func HourUp(minutes int) int {
	const hour = 60
	if minutes <= hour {
		return hour
	}
	hours := minutes / hour
	if minutes%hour > 0 && hours < math.MaxInt/hour {
		hours++
	}
	return hours * hour
}
