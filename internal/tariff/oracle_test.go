package tariff_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/internal/tariff"
)

// oracle prices a stay by one table, minute by minute and unit by unit, with no thought of speed.
type oracle struct {
	table tariff.RateTable
	stay  tariff.Stay
	enter time.Time
	end   int // minutes after enter, like all times here

	cycle, cycleFen  int64
	period           int // index of the collection; -1 before a period begins
	periodEnd, clock int
	periodFen        int64
	rebated          map[int]int // minutes by day of the month
	fen              int64
}

func oraclePrice(table tariff.RateTable, stay tariff.Stay) int64 {
	o := &oracle{
		table: table, stay: stay, enter: stay.Enter.Truncate(time.Minute), end: int(stay.Exit.Sub(stay.Enter) / time.Minute),
		cycle: -1, period: -1, rebated: map[int]int{},
	}
	now := 0
	switch {
	case table.Free.Kind == tariff.Deducted:
		now = table.Free.Minutes
	case o.end <= table.Free.Minutes:
		return 0
	}
	for now < o.end {
		now = o.advance(now)
	}
	return o.fen
}

func (o *oracle) advance(now int) int {
	if cycle := o.cycleAt(now); cycle != o.cycle {
		o.cycle, o.cycleFen = cycle, 0
		if o.restarts() {
			o.period = -1
		}
	}
	if o.period < 0 || now >= o.periodEnd {
		o.period, o.clock, o.periodFen = o.collectionAt(now), 0, 0
		o.periodEnd = o.untilElse(now, func(m int) bool {
			return o.collectionAt(m) == o.period && (!o.restarts() || o.cycleAt(m) == o.cycle)
		})
	}
	day := o.time(now).Day()
	switch {
	case o.isFree():
		return now + 1
	case o.rebated[day] < o.table.Rebate.MinutesPerDay:
		o.rebated[day]++
		return now + 1
	}
	return o.unit(now)
}

func (o *oracle) unit(now int) int {
	line, begin := lineAt(o.table.Collections[o.period].Lines, o.clock)
	unit := line.UnitMinutes
	switch {
	case unit == 0 && line.UpToMinutes == 0:
		o.owe(line.Fen)
		return o.periodEnd
	case unit == 0:
		unit = line.UpToMinutes - begin
	}
	end := min(now+unit, o.end)
	if o.table.Straddle != tariff.Whole {
		end = min(end, o.periodEnd)
	}
	if o.restarts() {
		end = min(end, o.untilElse(now, func(m int) bool { return o.cycleAt(m) == o.cycle }))
	}
	part := end - now
	switch {
	case part == unit, line.Rounding == "", line.Rounding == tariff.Up, line.Rounding == tariff.Nearest && 2*part >= unit:
		o.owe(line.Fen)
	}
	o.clock += unit
	return end
}

func (o *oracle) owe(fen int64) {
	if limit := o.table.Collections[o.period].CapFen; limit > 0 {
		fen = min(fen, limit-o.periodFen)
	}
	if limit := o.table.Cycle.CapFen; limit > 0 {
		fen = min(fen, limit-o.cycleFen)
	}
	o.periodFen += fen
	o.cycleFen += fen
	o.fen += fen
}

func (o *oracle) untilElse(now int, same func(int) bool) int {
	for now < o.end && same(now) {
		now++
	}
	return now
}

func (o *oracle) time(minute int) time.Time { return o.enter.Add(minutes(minute)).In(shanghai) }

func (o *oracle) restarts() bool {
	return o.table.Cycle.Window != "" && o.table.Cycle.Lines != tariff.Continue
}

func (o *oracle) cycleAt(minute int) int64 {
	if o.table.Cycle.Window == "" {
		return 0
	}
	return cycleOf(o.table.Cycle, o.stay, o.time(minute))
}

// collectionAt knows the tables that drawTable draws: one collection, or two for working days and one for
// the others.
func (o *oracle) collectionAt(minute int) int {
	t := o.time(minute)
	ofDay := tariff.Clock(t.Hour(), t.Minute())
	switch day := t.Weekday(); {
	case len(o.table.Collections) == 1:
		return 0
	case day == time.Saturday || day == time.Sunday:
		return 2
	case o.table.Collections[0].From <= ofDay && ofDay < o.table.Collections[0].To:
		return 0
	default:
		return 1
	}
}

func (o *oracle) isFree() bool {
	for _, line := range o.table.Collections[o.period].Lines {
		if line.Fen > 0 {
			return false
		}
	}
	return true
}

func lineAt(lines []tariff.RateLine, clock int) (line tariff.RateLine, begin int) {
	for _, line := range lines[:len(lines)-1] {
		if clock < line.UpToMinutes {
			return line, begin
		}
		begin = line.UpToMinutes
	}
	return lines[len(lines)-1], begin
}

func TestTheWalkAgreesWithCountingMinuteByMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, stay := drawTable(t), drawStay(t)
		got := mustPrice(t, tariff.Always(table), stay)
		if want := oraclePrice(table, stay); got.Fen != want {
			t.Fatalf("%d minutes from %v cost %d, counted %d", got.Minutes, stay.Enter, got.Fen, want)
		}
	})
}
