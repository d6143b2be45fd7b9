package tariff

import "time"

// notChecked answers a schedule that Validate would have refused and that cannot be walked.
var notChecked = Invalid.With("reason", "not checked")

// meter walks a stay and writes its charge. Times are local minutes since 1970.
type meter struct {
	stay Stay
	cal  Calendar

	now, end int64

	deduct     int64 // free minutes still to be deducted
	rebateDay  int64 // the day on which rebateUsed was used
	rebateUsed int64

	charge Charge
}

func newMeter(stay Stay, cal Calendar, free Free) meter {
	start := minuteOf(stay.Enter)
	minutes := int64(stay.Exit.Sub(stay.Enter) / time.Minute)
	m := meter{
		stay: stay, cal: cal, now: start, end: start + minutes,
		rebateDay: floorDiv(start, minutesPerDay), rebateUsed: int64(stay.RebateMinutesUsed),
	}
	if free.Kind == Deducted {
		m.deduct = int64(free.Minutes)
	}
	m.charge.Minutes = int(minutes)
	m.charge.Lines = make([]Line, 0, 4)
	return m
}

// run prices the stay from now to end by one table.
func (m *meter) run(table *RateTable, end int64) error {
	w := walk{
		meter: m, table: table, start: m.now, end: end, windowEnd: m.now, periodEnd: m.now,
		events: table.knowsEvents(), rebate: table.rebateFor(m.stay.Energy),
	}
	if to := min(m.now+m.deduct, end); to > m.now {
		m.deduct -= to - m.now
		m.free(RuleFreeMinutes, to)
	}
	for m.now < end {
		before := m.now
		if err := w.step(); err != nil {
			return err
		}
		if m.now <= before {
			return notChecked
		}
	}
	m.now = end
	return nil
}

func (m *meter) result() Charge {
	switch {
	case m.charge.Minutes == 0:
		m.charge.FreeReason = RuleNoMinute
	case m.charge.Fen == 0:
		m.charge.FreeReason = m.charge.Lines[len(m.charge.Lines)-1].Rule
	}
	if m.rebateDay == floorDiv(minuteOf(m.stay.Exit), minutesPerDay) {
		m.charge.RebateMinutesUsed = int(m.rebateUsed)
	}
	return m.charge
}

// free lets the minutes up to a time pass without fee.
func (m *meter) free(rule Rule, to int64) {
	m.write(m.now, to, Line{Rule: rule})
	m.now = to
}

func (m *meter) write(from, to int64, line Line) {
	m.charge.Fen += line.Fen
	line.From, line.To = instantOf(from), instantOf(to)
	lines := &m.charge.Lines
	if len(*lines) == maxLinesOfCharge {
		rest := &(*lines)[maxLinesOfCharge-1]
		*rest = Line{From: rest.From, To: line.To, Rule: RuleRest, Fen: rest.Fen + line.Fen}
		return
	}
	*lines = append(*lines, line)
}
