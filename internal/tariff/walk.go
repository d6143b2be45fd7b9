package tariff

import (
	"math"
	"slices"
)

// never is later than every minute, with room to add to it.
const never = math.MaxInt64 / 4

// walk prices one part of a stay by one table.
type walk struct {
	*meter
	table      *RateTable
	events     bool
	rebate     int64
	start, end int64

	windowEnd int64 // of the cycle
	windowFen int64

	period    *RateLineCollection
	periodEnd int64 // or where looking for it was of no use: the end of the part or of a restarting cycle
	clock     int64 // minutes of this period that lines have consumed
	periodFen int64
}

func (w *walk) step() error {
	w.enterWindow()
	if err := w.enterPeriod(); err != nil {
		return err
	}
	if w.period.free() {
		w.meter.free(RuleFreePeriod, w.periodEnd)
		return nil
	}
	if to := w.rebateEnd(); to > w.now {
		w.rebateUsed += to - w.now
		w.meter.free(RuleRebate, to)
		return nil
	}
	return w.bill()
}

func (w *walk) enterWindow() {
	if w.now < w.windowEnd {
		return
	}
	switch cycle := w.table.Cycle; cycle.Window {
	case FromEntry:
		w.windowEnd = w.now - floorMod(w.now-w.start, cycle.minutes()) + cycle.minutes()
	case CalendarDay:
		w.windowEnd = midnightAfter(w.now)
	default:
		w.windowEnd = never
	}
	w.windowFen = 0
	if w.table.Cycle.restarts() {
		w.periodEnd = w.now
	}
}

func (w *walk) enterPeriod() error {
	if w.now < w.periodEnd {
		return nil
	}
	w.period = w.collectionAt(w.now)
	if w.period == nil {
		return notChecked
	}
	w.periodEnd = w.findPeriodEnd()
	w.clock, w.periodFen = 0, 0
	return nil
}

func (w *walk) collectionAt(minute int64) *RateLineCollection {
	if len(w.table.Collections) == 1 {
		return &w.table.Collections[0]
	}
	kind := w.cal.on(floorDiv(minute, minutesPerDay))
	if event := kind & Event; event != 0 && w.events {
		kind = event
	} else {
		kind &^= Event
	}
	ofDay := TimeOfDay(floorMod(minute, minutesPerDay))
	for i := range w.table.Collections {
		if c := &w.table.Collections[i]; c.Days.has(kind) && c.covers(ofDay) {
			return c
		}
	}
	return nil
}

func (w *walk) findPeriodEnd() int64 {
	horizon := w.end
	if w.table.Cycle.restarts() {
		horizon = min(horizon, w.windowEnd)
	}
	if len(w.table.Collections) == 1 {
		return horizon
	}
	for t := w.now; ; {
		ofDay := floorMod(t, minutesPerDay)
		t += int64(w.period.endToday(TimeOfDay(ofDay))) - ofDay
		if t >= horizon {
			return horizon
		}
		if w.collectionAt(t) != w.period {
			return t
		}
	}
}

// rebateEnd answers until when the rebate of this day lasts; now, where there is none left.
func (w *walk) rebateEnd() int64 {
	if w.rebate == 0 {
		return w.now
	}
	if day := floorDiv(w.now, minutesPerDay); day != w.rebateDay {
		w.rebateDay, w.rebateUsed = day, 0
	}
	return min(w.now+max(w.rebate-w.rebateUsed, 0), w.stop())
}

// stop answers the time before which the units of now's line, cycle and rebate day start.
func (w *walk) stop() int64 {
	stop := min(w.periodEnd, w.windowEnd)
	if w.rebate > 0 {
		stop = min(stop, midnightAfter(w.now))
	}
	return stop
}

// cut answers where a unit ends at the latest.
func (w *walk) cut() int64 {
	switch {
	case w.table.Straddle != Whole:
		return w.periodEnd
	case w.table.Cycle.restarts():
		return min(w.windowEnd, w.end)
	default:
		return w.end
	}
}

// bill charges the units of one line that start before stop.
func (w *walk) bill() error {
	line, begin := w.period.lineAt(w.clock)
	if line == nil {
		return notChecked
	}
	if line.UpToMinutes == 0 && line.UnitMinutes == 0 {
		w.owe(line, 1, w.periodEnd)
		w.now = w.periodEnd
		return nil
	}
	unit, stop := int64(line.UnitMinutes), w.stop()
	if unit == 0 {
		unit = int64(line.UpToMinutes) - begin
	}
	if line.UpToMinutes != 0 {
		stop = min(stop, w.now+int64(line.UpToMinutes)-w.clock)
	}
	w.oweUnits(line, unit, (stop-w.now+unit-1)/unit)
	return nil
}

// oweUnits charges n units from now, of which the last may be cut and rounded, and moves on.
func (w *walk) oweUnits(line *RateLine, unit, n int64) {
	last, end, cut := w.now+(n-1)*unit, w.now+n*unit, w.cut()
	w.clock += n * unit
	if line.Rounding.owes(min(end, cut)-last, unit) {
		w.owe(line, n, min(end, cut))
	} else {
		if n > 1 {
			w.owe(line, n-1, last)
		}
		w.write(last, min(end, cut), Line{Rule: RulePartUnit})
	}
	w.now = min(end, cut)
}

// owe writes the charge for n units up to a time, and what the caps take back of it.
func (w *walk) owe(line *RateLine, n, to int64) {
	fen := n * line.Fen
	w.write(w.now, to, Line{Rule: RuleRate, Units: n, UnitMinutes: line.UnitMinutes, UnitFen: line.Fen, Fen: fen})
	w.charge.BilledMinutes += int(to - w.now)
	fen -= w.takeBack(RulePeriodCap, to, fen, w.periodFen, w.period.CapFen)
	fen -= w.takeBack(RuleCycleCap, to, fen, w.windowFen, w.table.Cycle.CapFen)
	w.periodFen += fen
	w.windowFen += fen
}

// takeBack writes a line for what fen adds to the sum above a cap, and answers it.
func (w *walk) takeBack(rule Rule, to, fen, sum, limit int64) int64 {
	over := sum + fen - limit
	if limit == 0 || over <= 0 {
		return 0
	}
	w.write(w.now, to, Line{Rule: rule, Fen: -over})
	return over
}

func midnightAfter(minute int64) int64 {
	return minute - floorMod(minute, minutesPerDay) + minutesPerDay
}

func (t *RateTable) rebateFor(energy Energy) int64 {
	if len(t.Rebate.Energies) == 0 || slices.Contains(t.Rebate.Energies, energy) {
		return int64(t.Rebate.MinutesPerDay)
	}
	return 0
}
