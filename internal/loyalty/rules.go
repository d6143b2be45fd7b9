package loyalty

import (
	"time"

	"parkbff/internal/clock"
)

// Level of a membership.
type Level string

// Levels.
const (
	Ordinary Level = "ORDINARY"
	Silver   Level = "SILVER"
	Gold     Level = "GOLD"
)

// step is a level, from how many points on it is reached, and how many hundredths of a point each whole yuan then brings.
type step struct {
	level   Level
	from    int64
	percent int
}

// steps are the levels, by the points that were earned in the last twelve months and not taken back, lowest first. The
// privacy policy ((一)2(6)) promises a part of the benefits and no numbers: these are the platform's own.
func steps() []step {
	return []step{{Ordinary, 0, 100}, {Silver, 500, 120}, {Gold, 2000, 150}}
}

// stepAt answers the level of who has earned so many points, and the next one; nil at the highest.
func stepAt(earned int64) (at step, next *step) {
	all := steps()
	at = all[0]
	for i, s := range all[1:] {
		if earned < s.from {
			return at, &all[i+1]
		}
		at = s
	}
	return at, nil
}

// pointsOf are the points that an amount brings: one for each whole yuan, times a percentage, rounded down.
func pointsOf(fen int64, percent int) int64 {
	const fenOfYuan, whole = 100, 100
	return fen / fenOfYuan * int64(percent) / whole
}

// lapsesAt is when points lapse that are earned at a moment: as the twelfth month after that one ends in Shanghai.
func lapsesAt(earned time.Time) time.Time {
	const heldMonths = 12
	return monthBegins(earned, heldMonths+1)
}

// monthBegins is when, so many months after that of a moment, a month begins in Shanghai; UTC.
func monthBegins(at time.Time, later int) time.Time {
	year, month, _ := at.In(clock.Shanghai).Date()
	return time.Date(year, month+time.Month(later), 1, 0, 0, 0, 0, clock.Shanghai).UTC()
}

// yearBefore is since when what was earned counts for a level.
func yearBefore(now time.Time) time.Time { return now.In(clock.Shanghai).AddDate(-1, 0, 0).UTC() }
