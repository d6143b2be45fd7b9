package tariff

import "slices"

// Class of a vehicle. The zero value in a Stay counts as Small.
type Class string

// Classes of vehicles.
const (
	Small      Class = "SMALL"
	Large      Class = "LARGE"
	Motorcycle Class = "MOTORCYCLE"
)

// Energy that drives a vehicle. The zero value in a Stay counts as Fuel.
type Energy string

// Energies, as the letter of a new-energy plate tells them apart (GA 36-2018).
const (
	Fuel     Energy = "FUEL"
	Electric Energy = "ELECTRIC"
	OtherNEV Energy = "OTHER_NEV"
)

// RateTable prices the stays of some vehicles.
type RateTable struct {
	// Classes and Energies this table takes; none means all.
	Classes  []Class  `json:"classes,omitempty"`
	Energies []Energy `json:"energies,omitempty"`

	Free     Free     `json:"free,omitzero"`
	Cycle    Cycle    `json:"cycle,omitzero"`
	Straddle Straddle `json:"straddle,omitempty"`

	// Collections are the periods of the day. Together they cover every minute of every kind of day
	// exactly once.
	Collections []RateLineCollection `json:"collections"`

	Rebate Rebate `json:"rebate,omitzero"`

	// ExitGraceMinutes is the time to leave after paying.
	ExitGraceMinutes int `json:"exitGraceMinutes,omitempty"`
}

// FreeKind says what free minutes mean for a longer stay.
type FreeKind string

const (
	// Threshold: stays up to so many minutes are free, longer ones are charged from the start. The default.
	Threshold FreeKind = "THRESHOLD"
	// Deducted: the first minutes of every stay are free, and charging starts after them.
	Deducted FreeKind = "DEDUCTED"
)

// Free is the time each stay has for nothing. Zero minutes means none.
type Free struct {
	Minutes int      `json:"minutes"`
	Kind    FreeKind `json:"kind,omitempty"`
}

// Window is what a cycle is measured by.
type Window string

const (
	// FromEntry counts cycles from the vehicle's arrival.
	FromEntry Window = "FROM_ENTRY"
	// CalendarDay begins a cycle at each midnight.
	CalendarDay Window = "CALENDAR_DAY"
)

// CycleLines says what the beginning of a cycle does to the rate lines.
type CycleLines string

const (
	// Restart cuts the running unit and begins again at the first line. The default.
	Restart CycleLines = "RESTART"
	// Continue only begins a new cap: a unit counts in the cycle in which it starts.
	Continue CycleLines = "CONTINUE"
)

// Cycle limits what a day costs. Without a window there is no cycle.
type Cycle struct {
	Window Window `json:"window,omitempty"`
	// Minutes of a FromEntry cycle; zero means 1440.
	Minutes int        `json:"minutes,omitempty"`
	Lines   CycleLines `json:"lines,omitempty"`
	// CapFen is the most one cycle costs; zero means no cap.
	CapFen int64 `json:"capFen,omitempty"`
}

func (c Cycle) restarts() bool { return c.Window != "" && c.Lines != Continue }

func (c Cycle) minutes() int64 {
	if c.Minutes == 0 {
		return minutesPerDay
	}
	return int64(c.Minutes)
}

// Straddle says what becomes of a unit that is running when its period ends.
type Straddle string

const (
	// Cut ends the unit with its period; its line rounds the part. The default.
	Cut Straddle = "CUT"
	// Whole charges the unit by the rate before the boundary; the next period starts after it
	// (Beijing roadside parking, 2018-12-18).
	Whole Straddle = "WHOLE"
)

// RateLineCollection holds the lines of one period of the day. An unbroken run of one collection is
// one period, also across midnight; each date is judged by its own kind of day.
type RateLineCollection struct {
	// Days it applies on; none means every day.
	Days Days `json:"days,omitempty"`
	// From and To bound the period [From, To) of the day. It crosses midnight when To is not after
	// From; equal times mean the whole day.
	From TimeOfDay `json:"from,omitempty"`
	To   TimeOfDay `json:"to,omitempty"`
	// Lines in order of their ends. The last has no end.
	Lines []RateLine `json:"lines"`
	// CapFen is the most one period costs; zero means no cap.
	CapFen int64 `json:"capFen,omitempty"`
}

// Rounding says whether an unfinished unit is owed.
type Rounding string

const (
	// Up owes every unit that was begun. The default.
	Up Rounding = "UP"
	// Down owes full units only.
	Down Rounding = "DOWN"
	// Nearest owes a unit of which at least half was used.
	Nearest Rounding = "NEAREST"
)

// RateLine gives the fee of each unit while the line clock is below UpToMinutes.
type RateLine struct {
	// UpToMinutes ends the line, counted from the start of the period; zero means no end.
	UpToMinutes int `json:"upToMinutes,omitempty"`
	// UnitMinutes is the length of a unit; it divides the length of the line. Zero makes the line one
	// unit: a first block, a step band, or (on a line without end) a flat fee for the rest of the period.
	UnitMinutes int `json:"unitMinutes,omitempty"`
	// Fen is the fee of a unit.
	Fen      int64    `json:"fen"`
	Rounding Rounding `json:"rounding,omitempty"`
}

// Rebate frees the first charged minutes of each calendar day for vehicles of some energies, none
// meaning all (Shenzhen's rebate for new-energy vehicles, 2022-01-20). Minutes that cost nothing anyway
// do not use it up, and the line clock stands still meanwhile.
type Rebate struct {
	Energies      []Energy `json:"energies,omitempty"`
	MinutesPerDay int      `json:"minutesPerDay"`
}

// Band of a stepped tariff: what a period costs in all while it lasts no longer than UpToMinutes.
type Band struct {
	UpToMinutes int
	Fen         int64
}

// StepBands turns total fees by length into rate lines. A stay beyond the last band costs afterFen in
// all. Fees that fall from one band to the next make lines that Validate refuses.
func StepBands(afterFen int64, bands ...Band) []RateLine {
	lines := make([]RateLine, 0, len(bands)+1)
	paid := int64(0)
	for _, b := range bands {
		lines = append(lines, RateLine{UpToMinutes: b.UpToMinutes, Fen: b.Fen - paid})
		paid = b.Fen
	}
	return append(lines, RateLine{Fen: afterFen - paid})
}

// AllDay answers the collections of a table that knows one rate for every hour and day.
func AllDay(lines ...RateLine) []RateLineCollection {
	return []RateLineCollection{{Lines: lines}}
}

func (t *RateTable) takes(class Class, energy Energy) bool {
	return (len(t.Classes) == 0 || slices.Contains(t.Classes, class)) &&
		(len(t.Energies) == 0 || slices.Contains(t.Energies, energy))
}

func (t *RateTable) knowsEvents() bool {
	return slices.ContainsFunc(t.Collections, func(c RateLineCollection) bool { return c.Days&Event != 0 })
}

func (c *RateLineCollection) wholeDay() bool { return c.From == c.To }

func (c *RateLineCollection) covers(minute TimeOfDay) bool {
	if c.From < c.To {
		return c.From <= minute && minute < c.To
	}
	return c.wholeDay() || minute >= c.From || minute < c.To
}

// endToday answers the minute of the day at which the period that holds minute ends, at the latest midnight.
func (c *RateLineCollection) endToday(minute TimeOfDay) TimeOfDay {
	if c.From < c.To || (c.From > c.To && minute < c.To) {
		return c.To
	}
	return minutesPerDay
}

func (c *RateLineCollection) free() bool {
	return !slices.ContainsFunc(c.Lines, func(l RateLine) bool { return l.Fen != 0 })
}

// lineAt answers the line in force at a line clock and where it began; nil where there is none.
func (c *RateLineCollection) lineAt(clock int64) (line *RateLine, begin int64) {
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.UpToMinutes == 0 || clock < int64(l.UpToMinutes) {
			return l, begin
		}
		begin = int64(l.UpToMinutes)
	}
	return nil, 0
}

func (r Rounding) owes(part, unit int64) bool {
	switch r {
	case Down:
		return part >= unit
	case Nearest:
		return 2*part >= unit
	default:
		return part > 0
	}
}
