package tariff

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Bounds of a tariff. With them no price overflows: the longest stay of one-minute units at the highest
// fee stays below 2^53 fen.
const (
	maxVersions    = 500
	maxTables      = 16
	maxCollections = 32
	maxLines       = 32
	maxFen         = 100_000_000
	maxMinutes     = 31 * minutesPerDay
	minCycle       = 60
)

func invalid(path, reason string) error { return Invalid.At(path).With("reason", reason) }

// Validate checks that a schedule prices every stay in only one way.
// Errors: Invalid, with the path of the field and a reason.
func (s Schedule) Validate() error {
	if !known(s.Span, ByEntry, Split) {
		return invalid("span", "unknown")
	}
	if len(s.Versions) == 0 || len(s.Versions) > maxVersions {
		return invalid("versions", "none or too many")
	}
	for i := range s.Versions {
		path := fmt.Sprintf("versions[%d]", i)
		if i > 0 && (s.Versions[i-1].To.IsZero() || s.Versions[i].From.Before(s.Versions[i-1].To)) {
			return invalid(path+".from", "before the end of the version above")
		}
		if err := s.Versions[i].validate(path); err != nil {
			return err
		}
	}
	return nil
}

func (v *Version) validate(path string) error {
	if !wholeMinute(v.From) {
		return invalid(path+".from", "not a whole minute")
	}
	if !wholeMinute(v.To) {
		return invalid(path+".to", "not a whole minute")
	}
	if !v.To.IsZero() && !v.From.Before(v.To) {
		return invalid(path+".to", "not after from")
	}
	if len(v.Tables) == 0 || len(v.Tables) > maxTables {
		return invalid(path+".tables", "none or too many")
	}
	for i := range v.Tables {
		if err := v.Tables[i].validate(fmt.Sprintf("%s.tables[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

// Validate checks one table by itself.
// Errors: Invalid, with the path of the field within the table and a reason.
func (t RateTable) Validate() error { return t.validate("table") }

func (t *RateTable) validate(path string) error {
	for i, class := range t.Classes {
		if !known(class, Small, Large, Motorcycle) || class == "" {
			return invalid(fmt.Sprintf("%s.classes[%d]", path, i), "unknown")
		}
	}
	if err := validateEnergies(path+".energies", t.Energies); err != nil {
		return err
	}
	if !known(t.Free.Kind, Threshold, Deducted) {
		return invalid(path+".free.kind", "unknown")
	}
	if !within(t.Free.Minutes, 0, maxMinutes) {
		return invalid(path+".free.minutes", "out of bounds")
	}
	if !known(t.Straddle, Cut, Whole) {
		return invalid(path+".straddle", "unknown")
	}
	if !within(t.Rebate.MinutesPerDay, 0, minutesPerDay) {
		return invalid(path+".rebate.minutesPerDay", "out of bounds")
	}
	if err := validateEnergies(path+".rebate.energies", t.Rebate.Energies); err != nil {
		return err
	}
	if !within(t.ExitGraceMinutes, 0, minutesPerDay) {
		return invalid(path+".exitGraceMinutes", "out of bounds")
	}
	if err := t.Cycle.validate(path + ".cycle"); err != nil {
		return err
	}
	return t.validateCollections(path + ".collections")
}

func validateEnergies(path string, energies []Energy) error {
	for i, energy := range energies {
		if !known(energy, Fuel, Electric, OtherNEV) || energy == "" {
			return invalid(fmt.Sprintf("%s[%d]", path, i), "unknown")
		}
	}
	return nil
}

func (c Cycle) validate(path string) error {
	if !known(c.Window, FromEntry, CalendarDay) {
		return invalid(path+".window", "unknown")
	}
	if c.Window == "" && c != (Cycle{}) {
		return invalid(path+".window", "missing")
	}
	if c.Minutes != 0 && (c.Window != FromEntry || !within(c.Minutes, minCycle, maxMinutes)) {
		return invalid(path+".minutes", "out of bounds, or not counted from entry")
	}
	if !known(c.Lines, Restart, Continue) {
		return invalid(path+".lines", "unknown")
	}
	if !within(c.CapFen, 0, maxFen) {
		return invalid(path+".capFen", "out of bounds")
	}
	return nil
}

func (t *RateTable) validateCollections(path string) error {
	if len(t.Collections) == 0 || len(t.Collections) > maxCollections {
		return invalid(path, "none or too many")
	}
	for i := range t.Collections {
		if err := t.Collections[i].validate(fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return t.validateCover(path)
}

func (c *RateLineCollection) validate(path string) error {
	if c.Days >= unknownDay {
		return invalid(path+".days", "unknown")
	}
	if !within(c.From, 0, minutesPerDay-1) {
		return invalid(path+".from", "not a time of day")
	}
	if !within(c.To, 0, minutesPerDay) {
		return invalid(path+".to", "not a time of day")
	}
	if !within(c.CapFen, 0, maxFen) {
		return invalid(path+".capFen", "out of bounds")
	}
	if len(c.Lines) == 0 || len(c.Lines) > maxLines {
		return invalid(path+".lines", "none or too many")
	}
	begin := 0
	for i, line := range c.Lines {
		if err := line.validate(fmt.Sprintf("%s.lines[%d]", path, i), begin, i == len(c.Lines)-1); err != nil {
			return err
		}
		begin = line.UpToMinutes
	}
	return nil
}

func (l RateLine) validate(path string, begin int, last bool) error {
	if last != (l.UpToMinutes == 0) {
		return invalid(path+".upToMinutes", "the last line, and no other, is without end")
	}
	if !last && !within(l.UpToMinutes, begin+1, maxMinutes) {
		return invalid(path+".upToMinutes", "not after the line above, or out of bounds")
	}
	if !within(l.UnitMinutes, 0, maxMinutes) {
		return invalid(path+".unitMinutes", "out of bounds")
	}
	if !last && l.UnitMinutes != 0 && (l.UpToMinutes-begin)%l.UnitMinutes != 0 {
		return invalid(path+".unitMinutes", "does not divide the line")
	}
	if !within(l.Fen, 0, maxFen) {
		return invalid(path+".fen", "out of bounds")
	}
	if !known(l.Rounding, Up, Down, Nearest) {
		return invalid(path+".rounding", "unknown")
	}
	if last && l.UnitMinutes == 0 && l.Rounding != "" && l.Rounding != Up {
		return invalid(path+".rounding", "a flat fee without end has no full unit")
	}
	return nil
}

// validateCover checks that each kind of day is covered once. Event days may be left out: they then
// count as their weekday.
func (t *RateTable) validateCover(path string) error {
	for k := range kindsOfDays {
		kind := Days(1) << k
		if kind == Event && !t.knowsEvents() {
			continue
		}
		end := TimeOfDay(0)
		for _, piece := range t.piecesOf(kind) {
			if piece.from != end {
				return invalid(path, fmt.Sprintf("gap or overlap at %s on %s", min(piece.from, end), kind.names()[0].token))
			}
			end = piece.to
		}
		if end != minutesPerDay {
			return invalid(path, fmt.Sprintf("gap at %s on %s", end, kind.names()[0].token))
		}
	}
	return nil
}

type piece struct{ from, to TimeOfDay }

// piecesOf answers the periods of a kind of day in order, cut at midnight.
func (t *RateTable) piecesOf(kind Days) []piece {
	var pieces []piece
	for i := range t.Collections {
		c := &t.Collections[i]
		switch {
		case !c.Days.has(kind):
		case c.wholeDay():
			pieces = append(pieces, piece{0, minutesPerDay})
		case c.From < c.To:
			pieces = append(pieces, piece{c.From, c.To})
		default:
			pieces = append(pieces, piece{c.From, minutesPerDay})
			if c.To > 0 {
				pieces = append(pieces, piece{0, c.To})
			}
		}
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	return pieces
}

// known holds for the values given and for the zero value, which stands for the default.
func known[T ~string](value T, values ...T) bool {
	return value == "" || slices.Contains(values, value)
}

func within[T cmp.Ordered](value, low, high T) bool { return low <= value && value <= high }

func wholeMinute(t time.Time) bool { return t.IsZero() || (t.Unix()%60 == 0 && t.Nanosecond() == 0) }
