package tariff_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/tariff"
)

func hourly(fen int64) tariff.RateTable {
	return tariff.RateTable{Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: fen})}
}

func TestFreeMinutesAreAThresholdOrDeducted(t *testing.T) {
	table := hourly(500)
	table.Free = tariff.Free{Minutes: 15}
	checkCosts(t, table, tariff.Calendar{}, []costs{
		{"up to the threshold", lasting(15), 0},
		{"beyond it from the start", lasting(16), 500},
		{"an hour is one unit", lasting(60), 500},
	})
	table.Free.Kind = tariff.Deducted
	checkCosts(t, table, tariff.Calendar{}, []costs{
		{"deducted", lasting(15), 0},
		{"the first unit begins after them", lasting(75), 500},
		{"the second", lasting(76), 1000},
	})
}

func TestRounding(t *testing.T) {
	for rounding, want := range map[tariff.Rounding][3]int64{
		tariff.Up:      {200, 200, 200},
		tariff.Down:    {100, 100, 200},
		tariff.Nearest: {100, 200, 200},
	} {
		table := tariff.RateTable{Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 30, Fen: 100, Rounding: rounding})}
		for i, minutes := range []int{44, 45, 60} {
			if got := price(t, tariff.Always(table), lasting(minutes), tariff.Calendar{}); got.Fen != want[i] {
				t.Errorf("%s: %d minutes cost %d, want %d", rounding, minutes, got.Fen, want[i])
			}
		}
	}
}

func TestACapPerPeriodHoldsInEachPeriod(t *testing.T) {
	table := tariff.RateTable{Collections: []tariff.RateLineCollection{
		{From: tariff.Clock(8, 0), To: tariff.Clock(20, 0), Lines: []tariff.RateLine{{UnitMinutes: 60, Fen: 500}}, CapFen: 2000},
		{From: tariff.Clock(20, 0), To: tariff.Clock(8, 0), Lines: []tariff.RateLine{{UnitMinutes: 60, Fen: 200}}, CapFen: 1000},
	}}
	checkCosts(t, table, tariff.Calendar{}, []costs{
		{"below", stay("2026-03-02 08:00", "2026-03-02 11:00"), 1500},
		{"at the cap", stay("2026-03-02 08:00", "2026-03-02 20:00"), 2000},
		{"day and night", stay("2026-03-02 08:00", "2026-03-03 08:00"), 3000},
		{"day, night and day", stay("2026-03-02 08:00", "2026-03-03 20:00"), 5000},
	})
}

func TestACycleCountsFromEntryOrByCalendarDay(t *testing.T) {
	table := firstThenHourly(0, 60, 500, 200, 1200)
	checkCosts(t, table, tariff.Calendar{}, []costs{
		{"24 hours from entry", stay("2026-03-02 20:00", "2026-03-03 20:00"), 1200},
		{"and it begins again", stay("2026-03-02 20:00", "2026-03-03 20:01"), 1700},
	})
	table.Cycle.Window = tariff.CalendarDay
	checkCosts(t, table, tariff.Calendar{}, []costs{
		{"each calendar day", stay("2026-03-02 20:00", "2026-03-03 20:00"), 1100 + 1200},
		{"midnight cuts the unit and restarts the lines", stay("2026-03-02 23:30", "2026-03-03 00:30"), 1000},
	})
	table.Cycle.Lines = tariff.Continue
	checkCosts(t, table, tariff.Calendar{}, []costs{
		{"midnight does not cut when lines continue", stay("2026-03-02 23:30", "2026-03-03 00:30"), 500},
		{"and each day has its cap", stay("2026-03-02 12:00", "2026-03-04 12:00"), 3600},
	})
	table.Cycle = tariff.Cycle{Window: tariff.FromEntry, Minutes: 720, CapFen: 1200}
	checkCosts(t, table, tariff.Calendar{}, []costs{{"a cycle of twelve hours", lasting(720 + 60), 1700}})
}

func TestTheFirstTableThatTakesTheVehiclePricesIt(t *testing.T) {
	motorcycles, electric, rest := hourly(100), hourly(200), hourly(300)
	motorcycles.Classes = []tariff.Class{tariff.Motorcycle}
	electric.Energies = []tariff.Energy{tariff.Electric}
	s := tariff.Always(motorcycles, electric, rest)
	for _, c := range []struct {
		class  tariff.Class
		energy tariff.Energy
		fen    int64
	}{
		{tariff.Motorcycle, tariff.Electric, 100},
		{tariff.Small, tariff.Electric, 200},
		{tariff.Large, tariff.Fuel, 300},
		{"", "", 300},
	} {
		stay := lasting(60)
		stay.Class, stay.Energy = c.class, c.energy
		if got := price(t, s, stay, tariff.Calendar{}); got.Fen != c.fen {
			t.Errorf("%s %s costs %d, want %d", c.class, c.energy, got.Fen, c.fen)
		}
	}
}

func TestAStayCountsWholeMinutesFromTheMinuteOfEntry(t *testing.T) {
	enter := at("2026-03-02 08:00").Add(59 * time.Second)
	s := tariff.Always(hourly(500))
	for length, fen := range map[time.Duration]int64{
		0: 0, 59 * time.Second: 0, time.Minute: 500, time.Hour + 59*time.Second: 500, 61 * time.Minute: 1000,
	} {
		got := price(t, s, tariff.Stay{Enter: enter.UTC(), Exit: enter.Add(length)}, tariff.Calendar{})
		if got.Fen != fen {
			t.Errorf("%v costs %d, want %d", length, got.Fen, fen)
		}
	}
}

func TestAChargeExplainsItself(t *testing.T) {
	table := hourly(500)
	table.Collections = []tariff.RateLineCollection{
		{From: tariff.Clock(8, 0), To: tariff.Clock(20, 0), Lines: []tariff.RateLine{{UnitMinutes: 60, Fen: 500, Rounding: tariff.Down}}},
		{From: tariff.Clock(20, 0), To: tariff.Clock(8, 0), Lines: freeLine()},
	}
	table.Cycle = tariff.Cycle{Window: tariff.CalendarDay, CapFen: 1200}
	table.Rebate = tariff.Rebate{MinutesPerDay: 30}

	got := price(t, tariff.Always(table), stay("2026-03-02 07:00", "2026-03-02 11:40"), tariff.Calendar{})

	want := tariff.Charge{
		Fen: 1200, Minutes: 280, BilledMinutes: 180, RebateMinutesUsed: 30,
		Lines: []tariff.Line{
			{From: at("2026-03-02 07:00"), To: at("2026-03-02 08:00"), Rule: tariff.RuleFreePeriod},
			{From: at("2026-03-02 08:00"), To: at("2026-03-02 08:30"), Rule: tariff.RuleRebate},
			{From: at("2026-03-02 08:30"), To: at("2026-03-02 11:30"), Rule: tariff.RuleRate, Units: 3, UnitMinutes: 60, UnitFen: 500, Fen: 1500},
			{From: at("2026-03-02 08:30"), To: at("2026-03-02 11:30"), Rule: tariff.RuleCycleCap, Fen: -300},
			{From: at("2026-03-02 11:30"), To: at("2026-03-02 11:40"), Rule: tariff.RulePartUnit},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAFreeStaySaysWhy(t *testing.T) {
	threshold, deducted, rebate := hourly(500), hourly(500), hourly(500)
	threshold.Free = tariff.Free{Minutes: 60}
	deducted.Free = tariff.Free{Minutes: 60, Kind: tariff.Deducted}
	rebate.Rebate = tariff.Rebate{MinutesPerDay: 60}
	for _, c := range []struct {
		table   tariff.RateTable
		minutes int
		want    tariff.Rule
	}{
		{threshold, 0, tariff.RuleNoMinute},
		{threshold, 30, tariff.RuleFreeMinutes},
		{deducted, 30, tariff.RuleFreeMinutes},
		{rebate, 30, tariff.RuleRebate},
		{beijing(250, 375), 10, tariff.RulePartUnit},
		{hourly(0), 30, tariff.RuleFreePeriod},
		{hourly(500), 30, ""},
	} {
		if got := price(t, tariff.Always(c.table), lasting(c.minutes), tariff.Calendar{}); got.FreeReason != c.want {
			t.Errorf("free because %q, want %q", got.FreeReason, c.want)
		}
	}
}

func TestTheRebateUsedIsOfTheDayOfExit(t *testing.T) {
	table := hourly(500)
	table.Rebate = tariff.Rebate{MinutesPerDay: 60}
	table.Free = tariff.Free{Minutes: 10}
	for _, c := range []struct {
		stay tariff.Stay
		used int
	}{
		{stay("2026-03-02 08:00", "2026-03-02 08:40"), 40},
		{stay("2026-03-02 08:00", "2026-03-02 12:00"), 60},
		{stay("2026-03-02 08:00", "2026-03-02 08:05"), 0},
		{stay("2026-03-02 08:00", "2026-03-03 00:10"), 10},
		{stay("2026-03-02 23:00", "2026-03-03 00:00"), 0},
		{tariff.Stay{Enter: at("2026-03-02 08:00"), Exit: at("2026-03-02 08:20"), RebateMinutesUsed: 30}, 50},
		{tariff.Stay{Enter: at("2026-03-02 08:00"), Exit: at("2026-03-02 08:00"), RebateMinutesUsed: 30}, 30},
		{tariff.Stay{Enter: at("2026-03-02 23:55"), Exit: at("2026-03-03 00:00"), RebateMinutesUsed: 30}, 0},
	} {
		if got := price(t, tariff.Always(table), c.stay, tariff.Calendar{}); got.RebateMinutesUsed != c.used {
			t.Errorf("%v to %v used %d, want %d", c.stay.Enter, c.stay.Exit, got.RebateMinutesUsed, c.used)
		}
	}
}

func TestASplitStayHasItsFreeMinutesOnce(t *testing.T) {
	before, after := hourly(500), hourly(700)
	before.Free = tariff.Free{Minutes: 30, Kind: tariff.Deducted}
	after.Free = tariff.Free{Minutes: 600}
	s := tariff.Schedule{Span: tariff.Split, Versions: []tariff.Version{
		{To: at("2026-03-02 12:00"), Tables: []tariff.RateTable{before}},
		{From: at("2026-03-02 12:00"), Tables: []tariff.RateTable{after}},
	}}
	for _, c := range []costs{
		{"half an hour free, an hour before, an hour after", stay("2026-03-02 10:30", "2026-03-02 13:00"), 500 + 700},
		{"free minutes reach over the change", stay("2026-03-02 11:50", "2026-03-02 13:20"), 700},
		{"the change ends the stay", stay("2026-03-02 10:30", "2026-03-02 12:00"), 500},
	} {
		if got := price(t, s, c.stay, tariff.Calendar{}); got.Fen != c.fen {
			t.Errorf("%s: %d, want %d: %+v", c.what, got.Fen, c.fen, got.Lines)
		}
	}
}

func TestTheExitGraceBeginsWithThePayment(t *testing.T) {
	before, after := hourly(500), hourly(500)
	before.ExitGraceMinutes, after.ExitGraceMinutes = 15, 30
	s := tariff.Schedule{Versions: []tariff.Version{
		{To: at("2026-03-02 12:00"), Tables: []tariff.RateTable{before}},
		{From: at("2026-03-02 12:00"), Tables: []tariff.RateTable{after}},
	}}
	paid := at("2026-03-02 12:30")
	for span, want := range map[tariff.SpanRule]string{tariff.ByEntry: "2026-03-02 12:45", tariff.Split: "2026-03-02 13:00"} {
		s.Span = span
		got, err := s.ExitBy(tariff.Stay{Enter: at("2026-03-02 11:00")}, paid)
		if err != nil || !got.Equal(at(want)) {
			t.Errorf("%s: exit by %v (%v), want %s", span, got, err, want)
		}
	}
}

func TestWhatCannotBePriced(t *testing.T) {
	small := hourly(500)
	small.Classes = []tariff.Class{tariff.Small}
	s := tariff.Schedule{Versions: []tariff.Version{{From: at("2026-01-01 00:00"), Tables: []tariff.RateTable{small}}}}
	lorry := lasting(60)
	lorry.Class = tariff.Large
	for _, c := range []struct {
		what string
		stay tariff.Stay
		want error
	}{
		{"before the first version", stay("2025-12-31 23:59", "2026-01-01 02:00"), tariff.NoTariff},
		{"a class no table takes", lorry, tariff.NoTariff},
		{"exit before entry", stay("2026-03-02 08:00", "2026-03-02 07:59"), tariff.InvalidStay},
		{"longer than ten years", stay("2026-03-02 08:00", "2036-12-02 08:00"), tariff.InvalidStay},
		{"no times at all", tariff.Stay{}, tariff.InvalidStay},
		{"an unknown class", tariff.Stay{Enter: at("2026-03-02 08:00"), Exit: at("2026-03-02 08:00"), Class: "TANK"}, tariff.InvalidStay},
		{"an unknown energy", tariff.Stay{Enter: at("2026-03-02 08:00"), Exit: at("2026-03-02 08:00"), Energy: "STEAM"}, tariff.InvalidStay},
		{"a rebate below nothing", tariff.Stay{Enter: at("2026-03-02 08:00"), Exit: at("2026-03-02 08:00"), RebateMinutesUsed: -1}, tariff.InvalidStay},
	} {
		if _, err := s.Price(c.stay, tariff.Calendar{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
	if _, err := s.ExitBy(lorry, lorry.Exit); !errors.Is(err, tariff.NoTariff) {
		t.Errorf("grace of a class no table takes: %v", err)
	}
}

func TestAGapBetweenVersionsHasNoTariff(t *testing.T) {
	s := tariff.Schedule{Span: tariff.Split, Versions: []tariff.Version{
		{To: at("2026-03-02 10:00"), Tables: []tariff.RateTable{hourly(500)}},
		{From: at("2026-03-02 12:00"), Tables: []tariff.RateTable{hourly(500)}},
	}}
	if _, err := s.Price(stay("2026-03-02 09:00", "2026-03-02 13:00"), tariff.Calendar{}); !errors.Is(err, tariff.NoTariff) {
		t.Errorf("split: %v", err)
	}
	s.Span = tariff.ByEntry
	if got := price(t, s, stay("2026-03-02 09:00", "2026-03-02 13:00"), tariff.Calendar{}); got.Fen != 2000 {
		t.Errorf("by entry: %d", got.Fen)
	}
}

func TestTenYearsArePricedFastAndExplainedBriefly(t *testing.T) {
	enter := at("2026-03-02 08:00")
	long := tariff.Stay{Enter: enter, Exit: enter.Add(tariff.MaxStay)}
	table := shenzhen([3]int64{300, 600, 1000}, [3]int64{120, 240, 400})

	began := time.Now()
	got := price(t, tariff.Always(table), long, tariff.Calendar{})
	if took := time.Since(began); took > time.Second {
		t.Errorf("took %v", took)
	}
	if n := len(got.Lines); n != 200 || got.Lines[n-1].Rule != tariff.RuleRest {
		t.Errorf("%d lines, the last is %q", n, got.Lines[n-1].Rule)
	}

	dearest := tariff.Always(tariff.RateTable{Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 1, Fen: 100_000_000})})
	if got := price(t, dearest, long, tariff.Calendar{}); got.Fen != 3660*1440*100_000_000 {
		t.Errorf("the dearest stay costs %d", got.Fen)
	}
}
