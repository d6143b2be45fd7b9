package tariff_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/internal/tariff"
)

var roundings = []tariff.Rounding{"", tariff.Up, tariff.Down, tariff.Nearest}

func drawLines(t *rapid.T) []tariff.RateLine {
	var lines []tariff.RateLine
	end := 0
	for range rapid.IntRange(0, 3).Draw(t, "bounded lines") {
		unit := rapid.IntRange(1, 120).Draw(t, "unit")
		length := unit * rapid.IntRange(1, 6).Draw(t, "units")
		end += length
		line := tariff.RateLine{UpToMinutes: end, UnitMinutes: unit, Fen: drawFen(t), Rounding: rapid.SampledFrom(roundings).Draw(t, "rounding")}
		if rapid.Bool().Draw(t, "block") {
			line.UnitMinutes = 0
		}
		lines = append(lines, line)
	}
	last := tariff.RateLine{Fen: drawFen(t)}
	if rapid.Bool().Draw(t, "counted") {
		last.UnitMinutes = rapid.IntRange(1, 300).Draw(t, "last unit")
		last.Rounding = rapid.SampledFrom(roundings).Draw(t, "last rounding")
	}
	return append(lines, last)
}

func drawFen(t *rapid.T) int64 { return rapid.Int64Range(0, 2000).Draw(t, "fen") }

func drawCap(t *rapid.T) int64 {
	return rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 5000)).Draw(t, "cap")
}

func drawCollections(t *rapid.T) []tariff.RateLineCollection {
	draw := func(days tariff.Days, from, to tariff.TimeOfDay) tariff.RateLineCollection {
		return tariff.RateLineCollection{Days: days, From: from, To: to, Lines: drawLines(t), CapFen: drawCap(t)}
	}
	if rapid.Bool().Draw(t, "all day") {
		return []tariff.RateLineCollection{draw(0, 0, 0)}
	}
	a := tariff.TimeOfDay(rapid.IntRange(0, 1438).Draw(t, "from"))
	b := tariff.TimeOfDay(rapid.IntRange(int(a)+1, 1439).Draw(t, "to"))
	return []tariff.RateLineCollection{
		draw(tariff.Workdays, a, b), draw(tariff.Workdays, b, a), draw(tariff.RestDays, 0, 0),
	}
}

func drawTable(t *rapid.T) tariff.RateTable {
	table := tariff.RateTable{
		Straddle:    rapid.SampledFrom([]tariff.Straddle{"", tariff.Cut, tariff.Whole}).Draw(t, "straddle"),
		Collections: drawCollections(t),
		Cycle:       drawCycle(t),
	}
	if rapid.Bool().Draw(t, "free") {
		table.Free = tariff.Free{
			Minutes: rapid.IntRange(0, 90).Draw(t, "free minutes"),
			Kind:    rapid.SampledFrom([]tariff.FreeKind{tariff.Threshold, tariff.Deducted}).Draw(t, "free kind"),
		}
	}
	if rapid.Bool().Draw(t, "rebate") {
		table.Rebate = tariff.Rebate{MinutesPerDay: rapid.IntRange(0, 300).Draw(t, "rebate minutes")}
	}
	return table
}

func drawCycle(t *rapid.T) tariff.Cycle {
	cycle := tariff.Cycle{Window: rapid.SampledFrom([]tariff.Window{"", tariff.FromEntry, tariff.CalendarDay}).Draw(t, "window")}
	if cycle.Window == "" {
		return cycle
	}
	cycle.Lines = rapid.SampledFrom([]tariff.CycleLines{"", tariff.Restart, tariff.Continue}).Draw(t, "cycle lines")
	cycle.CapFen = drawCap(t)
	if cycle.Window == tariff.FromEntry {
		cycle.Minutes = rapid.SampledFrom([]int{0, 60, 720, 1000}).Draw(t, "cycle minutes")
	}
	return cycle
}

func drawSchedule(t *rapid.T) tariff.Schedule {
	if rapid.Bool().Draw(t, "one version") {
		return tariff.Always(drawTable(t))
	}
	change := at("2026-03-06 00:00").Add(minutes(rapid.IntRange(0, 2000).Draw(t, "change")))
	return tariff.Schedule{
		Span: rapid.SampledFrom([]tariff.SpanRule{"", tariff.ByEntry, tariff.Split}).Draw(t, "span"),
		Versions: []tariff.Version{
			{To: change, Tables: []tariff.RateTable{drawTable(t)}},
			{From: change, Tables: []tariff.RateTable{drawTable(t)}},
		},
	}
}

func drawStay(t *rapid.T) tariff.Stay {
	enter := at("2026-03-05 00:00").Add(time.Duration(rapid.IntRange(0, 3*86400).Draw(t, "enter")) * time.Second)
	return tariff.Stay{Enter: enter, Exit: enter.Add(minutes(rapid.IntRange(0, 5*1440).Draw(t, "length")))}
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func mustPrice(t *rapid.T, s tariff.Schedule, stay tariff.Stay) tariff.Charge {
	if err := s.Validate(); err != nil {
		t.Fatalf("not valid: %v at %s", err, fieldOf(err))
	}
	charge, err := s.Price(stay, tariff.Calendar{})
	if err != nil {
		t.Fatalf("Price: %v", err)
	}
	return charge
}

func TestALongerStayNeverCostsLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, shorter := drawSchedule(t), drawStay(t)
		longer := shorter
		longer.Exit = shorter.Exit.Add(minutes(rapid.IntRange(1, 300).Draw(t, "longer by")))
		if a, b := mustPrice(t, s, shorter), mustPrice(t, s, longer); a.Fen > b.Fen {
			t.Fatalf("%d minutes cost %d, %d minutes cost %d", a.Minutes, a.Fen, b.Minutes, b.Fen)
		}
	})
}

func TestLinesSumToTheFeeAndTileTheStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, stay := drawSchedule(t), drawStay(t)
		charge := mustPrice(t, s, stay)
		if charge.Fen != sumOf(charge) || charge.Fen < 0 {
			t.Fatalf("fee %d, lines sum to %d", charge.Fen, sumOf(charge))
		}
		if (charge.Fen == 0) != (charge.FreeReason != "") {
			t.Fatalf("fee %d, free because %q", charge.Fen, charge.FreeReason)
		}
		if !summedUp(charge) {
			checkTiles(t, charge, stay)
		}
	})
}

func summedUp(c tariff.Charge) bool {
	return len(c.Lines) > 0 && c.Lines[len(c.Lines)-1].Rule == tariff.RuleRest
}

func checkTiles(t *rapid.T, charge tariff.Charge, stay tariff.Stay) {
	next, billed := stay.Enter.Truncate(time.Minute), 0
	for _, line := range charge.Lines {
		switch line.Rule {
		case tariff.RulePeriodCap, tariff.RuleCycleCap:
			continue
		case tariff.RuleRate:
			billed += int(line.To.Sub(line.From) / time.Minute)
		}
		if !line.From.Equal(next) || !line.To.After(line.From) {
			t.Fatalf("a line from %v to %v follows what ended at %v", line.From, line.To, next)
		}
		next = line.To
	}
	if want := stay.Enter.Truncate(time.Minute).Add(minutes(charge.Minutes)); !next.Equal(want) {
		t.Fatalf("the lines end at %v, the stay at %v", next, want)
	}
	if billed != charge.BilledMinutes {
		t.Fatalf("billed %d, the lines say %d", charge.BilledMinutes, billed)
	}
}

func TestNoCycleCostsMoreThanItsCap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, stay := drawTable(t), drawStay(t)
		table.Cycle = drawCycle(t)
		if table.Cycle.CapFen == 0 {
			return
		}
		sums := map[int64]int64{}
		charge := mustPrice(t, tariff.Always(table), stay)
		if summedUp(charge) {
			return
		}
		for _, line := range charge.Lines {
			sums[cycleOf(table.Cycle, stay, line.From)] += line.Fen
		}
		for cycle, fen := range sums {
			if fen > table.Cycle.CapFen {
				t.Fatalf("cycle %d costs %d above its cap of %d", cycle, fen, table.Cycle.CapFen)
			}
		}
	})
}

func cycleOf(c tariff.Cycle, stay tariff.Stay, t time.Time) int64 {
	if c.Window == tariff.CalendarDay {
		return (t.Unix() + 8*60*60) / 86400
	}
	length := c.Minutes
	if length == 0 {
		length = 1440
	}
	return int64(t.Sub(stay.Enter.Truncate(time.Minute)) / minutes(length))
}

func TestAStayThatEndsAtOnceCostsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, stay := drawSchedule(t), drawStay(t)
		stay.Exit = stay.Enter.Add(time.Duration(rapid.IntRange(0, 59).Draw(t, "seconds")) * time.Second)
		if charge := mustPrice(t, s, stay); charge.Fen != 0 || charge.FreeReason != tariff.RuleNoMinute {
			t.Fatalf("%+v", charge)
		}
	})
}

func TestAStayCostsWhatItsPartsCostWhenSplitWhereACycleRestarts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, stay := drawTable(t), drawStay(t)
		table.Free, table.Rebate = tariff.Free{}, tariff.Rebate{}
		table.Cycle = tariff.Cycle{Window: tariff.FromEntry, CapFen: drawCap(t)}
		first, second := stay, stay
		first.Exit = stay.Enter.Add(minutes(1440))
		second.Enter = first.Exit
		if second.Exit.Before(second.Enter) {
			return
		}
		s := tariff.Always(table)
		whole, a, b := mustPrice(t, s, stay), mustPrice(t, s, first), mustPrice(t, s, second)
		if whole.Fen != a.Fen+b.Fen {
			t.Fatalf("%d is not %d + %d", whole.Fen, a.Fen, b.Fen)
		}
	})
}
