package tariff

import "time"

// MaxStay is the longest stay that is priced: ten years.
const MaxStay = 3660 * 24 * time.Hour

// maxLinesOfCharge bounds the explanation of very long stays; see RuleRest.
const maxLinesOfCharge = 200

// Stay is what is priced. Class and Energy may be left empty: Small and Fuel.
type Stay struct {
	Enter, Exit time.Time
	Class       Class
	Energy      Energy
	// RebateMinutesUsed of the day of entry, by earlier stays that ended on that day: their
	// Charge.RebateMinutesUsed.
	RebateMinutesUsed int
}

// Charge is the price of a stay, explained. The Fen of its lines add up to Fen.
type Charge struct {
	Fen int64
	// Minutes the stay lasted.
	Minutes int
	// BilledMinutes of the stay that fell into charged units, at whatever fee.
	BilledMinutes int
	// FreeReason says why nothing is owed: the rule of the last line. Empty when something is.
	FreeReason Rule
	// RebateMinutesUsed of the day of exit, those of earlier stays included.
	RebateMinutesUsed int
	// Lines in order of time, at most 200.
	Lines []Line
}

// Rule says why a line of a charge is what it is.
type Rule string

const (
	// RuleRate charges units of a rate line.
	RuleRate Rule = "RATE"
	// RulePartUnit lets go of an unfinished unit that rounding does not owe.
	RulePartUnit Rule = "PART_UNIT"
	// RuleFreeMinutes covers free minutes of the stay.
	RuleFreeMinutes Rule = "FREE_MINUTES"
	// RuleFreePeriod covers hours that cost nothing.
	RuleFreePeriod Rule = "FREE_PERIOD"
	// RuleRebate covers minutes of the rebate of a day.
	RuleRebate Rule = "REBATE"
	// RulePeriodCap takes back what exceeds the cap of a period.
	RulePeriodCap Rule = "PERIOD_CAP"
	// RuleCycleCap takes back what exceeds the cap of a cycle.
	RuleCycleCap Rule = "CYCLE_CAP"
	// RuleRest sums up everything after the 199th line.
	RuleRest Rule = "REST"
	// RuleNoMinute is the reason of a stay shorter than a minute, which has no lines.
	RuleNoMinute Rule = "NO_MINUTE"
)

// Line explains a part of a charge. Times are in UTC+8 and whole minutes; a cap has the times of what
// it limits. Units, UnitMinutes (zero for a flat fee) and UnitFen are set on RuleRate only.
type Line struct {
	From, To    time.Time
	Rule        Rule
	Units       int64
	UnitMinutes int
	UnitFen     int64
	Fen         int64
}

// Price answers what a stay costs. It needs a schedule that Parse or Validate accepted; of others it
// promises only to return.
// Errors: InvalidStay (it ends before it begins, lasts longer than MaxStay, lies before 1970 or names
// an unknown class or energy), NoTariff, Invalid.
func (s Schedule) Price(stay Stay, cal Calendar) (Charge, error) {
	stay = stay.withDefaults()
	if err := stay.check(); err != nil {
		return Charge{}, err
	}
	table, version, err := s.tableAt(stay.Enter, stay)
	if err != nil {
		return Charge{}, err
	}
	m := newMeter(stay, cal, table.Free)
	switch {
	case m.end == m.now:
	case table.Free.Kind != Deducted && m.end-m.now <= int64(table.Free.Minutes):
		m.free(RuleFreeMinutes, m.end)
	case s.Span == Split:
		err = s.priceParts(&m, table, version)
	default:
		err = m.run(table, m.end)
	}
	if err != nil {
		return Charge{}, err
	}
	return m.result(), nil
}

// priceParts runs each version's part of the stay, beginning with the version at entry.
func (s Schedule) priceParts(m *meter, table *RateTable, version *Version) error {
	for {
		to := m.end
		if !version.To.IsZero() {
			to = min(to, minuteOf(version.To))
		}
		if to <= m.now {
			return notChecked
		}
		if err := m.run(table, to); err != nil || to == m.end {
			return err
		}
		var err error
		if table, version, err = s.tableAt(instantOf(to), m.stay); err != nil {
			return err
		}
	}
}

func (s Stay) withDefaults() Stay {
	if s.Class == "" {
		s.Class = Small
	}
	if s.Energy == "" {
		s.Energy = Fuel
	}
	return s
}

func (s Stay) check() error {
	switch {
	case s.Enter.Unix() < 0 || s.Enter.Year() > 9999:
		return InvalidStay.At("enter")
	case s.Exit.Before(s.Enter) || s.Exit.Sub(s.Enter) > MaxStay:
		return InvalidStay.At("exit")
	case !known(s.Class, Small, Large, Motorcycle):
		return InvalidStay.At("class")
	case !known(s.Energy, Fuel, Electric, OtherNEV):
		return InvalidStay.At("energy")
	case !within(s.RebateMinutesUsed, 0, minutesPerDay):
		return InvalidStay.At("rebateMinutesUsed")
	}
	return nil
}

// zone is UTC+8 without daylight saving, fixed so that no zone file is needed.
var zone = time.FixedZone("Asia/Shanghai", zoneSeconds)

const zoneSeconds = 8 * 60 * 60

// minuteOf answers the local minutes since 1970-01-01 00:00 at UTC+8.
func minuteOf(t time.Time) int64 { return floorDiv(t.Unix()+zoneSeconds, 60) }

func instantOf(minute int64) time.Time { return time.Unix(minute*60-zoneSeconds, 0).In(zone) }
