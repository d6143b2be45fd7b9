package permit

import (
	"time"

	"parkbff/ent"
	"parkbff/ent/permitplan"
	"parkbff/internal/clock"
)

// Rule is how the periods of a plan follow each other, by the days of Shanghai.
type Rule struct {
	Renewal       permitplan.Renewal
	Months        int // of a period: of ROLLING
	SettlementDay int // of each month: of SETTLEMENT_DAY
	Days          int // of a period: of CUSTOM
}

// Bounds of rules.
const (
	mostMonths   = 12
	mostDays     = 366
	lastDay      = 28 // every month has it
	mostPeriods  = 12
	boughtWithin = 2 * 366 * 24 * time.Hour
)

// valid tells whether a rule says all of its kind, and nothing else.
func (r Rule) valid() bool {
	switch r.Renewal {
	case permitplan.RenewalROLLING:
		return r.Months >= 1 && r.Months <= mostMonths && r.SettlementDay == 0 && r.Days == 0
	case permitplan.RenewalSETTLEMENT_DAY:
		return r.SettlementDay >= 1 && r.SettlementDay <= lastDay && r.Months == 0 && r.Days == 0
	case permitplan.RenewalCALENDAR_MONTH:
		return r == Rule{Renewal: r.Renewal}
	case permitplan.RenewalCUSTOM:
		return r.Days >= 1 && r.Days <= mostDays && r.Months == 0 && r.SettlementDay == 0
	}
	return false
}

func ruleOf(row *ent.PermitPlan) Rule {
	return Rule{row.Renewal, row.Months, row.SettlementDay, row.Days}
}

// Term is a stretch of time and what it costs. A run is the periods that follow each other without a gap: it is
// counted in months from its first day, so that no short month takes a day from the next.
type Term struct {
	StartsAt  time.Time
	EndsAt    time.Time
	AmountFen int64
	runFrom   time.Time
	runMonths int
}

// After answers the next so many periods, for somebody who pays at a moment what costs so much for each. They begin
// where the last ended, or with today when that is later or there was none: nobody pays for a gap. A month that has
// begun already, of those that end on a day of their own, costs as many of its days as are left.
func (r Rule) After(last *Term, at time.Time, fen int64, periods int) Term {
	t := Term{StartsAt: dayOf(at), AmountFen: fen * int64(periods)}
	t.runFrom = t.StartsAt
	if last != nil && !last.EndsAt.Before(t.StartsAt) {
		t.StartsAt, t.runFrom, t.runMonths = last.EndsAt, last.runFrom, last.runMonths
	}
	switch r.Renewal {
	case permitplan.RenewalROLLING:
		t.runMonths += r.Months * periods
		t.EndsAt = monthsAfter(t.runFrom, t.runMonths)
	case permitplan.RenewalCUSTOM:
		t.EndsAt = t.StartsAt.AddDate(0, 0, r.Days*periods)
	default:
		first := nextOn(max(1, r.SettlementDay), t.StartsAt)
		t.EndsAt = first.AddDate(0, periods-1, 0)
		whole, left := daysBetween(first.AddDate(0, -1, 0), first), daysBetween(t.StartsAt, first)
		t.AmountFen -= fen - max(1, fen*left/whole)
	}
	return t
}

// dayOf is when the day of an instant begins.
func dayOf(t time.Time) time.Time {
	y, m, d := t.In(clock.Shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, clock.Shanghai)
}

// monthsAfter is the same day so many months later, or the day after that month when it has no such day: the whole
// month belongs to who paid for it (civil code, article 202).
func monthsAfter(day time.Time, months int) time.Time {
	day = day.In(clock.Shanghai)
	then := day.AddDate(0, months, 0)
	if then.Day() != day.Day() {
		then = time.Date(then.Year(), then.Month(), 1, 0, 0, 0, 0, clock.Shanghai)
	}
	return then
}

// nextOn is the first such day of a month after a day.
func nextOn(dayOfMonth int, after time.Time) time.Time {
	y, m, d := after.In(clock.Shanghai).Date()
	if d >= dayOfMonth {
		m++
	}
	return time.Date(y, m, dayOfMonth, 0, 0, 0, 0, clock.Shanghai)
}

func daysBetween(from, until time.Time) int64 { return int64(until.Sub(from) / (24 * time.Hour)) }
