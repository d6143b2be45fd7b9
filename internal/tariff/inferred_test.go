package tariff_test

import (
	"testing"
	"time"

	"parkbff/internal/tariff"
)

// lot of the published data set with the tariff that explains its fees (PewLSTM, IJCAI-20).
type lot struct {
	name     string
	schedule tariff.Schedule
}

func firstThenHourly(freeMinutes, firstMinutes int, firstFen, hourFen, capFen int64) tariff.RateTable {
	return inferred(freeMinutes, capFen,
		tariff.RateLine{UpToMinutes: firstMinutes, Fen: firstFen},
		tariff.RateLine{UnitMinutes: 60, Fen: hourFen})
}

func inferred(freeMinutes int, capFen int64, lines ...tariff.RateLine) tariff.RateTable {
	return tariff.RateTable{
		Free:        tariff.Free{Minutes: freeMinutes},
		Cycle:       tariff.Cycle{Window: tariff.FromEntry, CapFen: capFen},
		Collections: tariff.AllDay(lines...),
	}
}

// inferredLots are free under 60 minutes where they are: whole minutes up to 59.
func inferredLots() []lot {
	change := time.Date(2019, 3, 25, 0, 0, 0, 0, shanghai)
	before := inferred(0, 2500, tariff.StepBands(2500, tariff.Band{UpToMinutes: 120, Fen: 500}, tariff.Band{UpToMinutes: 240, Fen: 1000},
		tariff.Band{UpToMinutes: 360, Fen: 1500}, tariff.Band{UpToMinutes: 480, Fen: 2000})...)
	after := inferred(0, 2500, tariff.StepBands(2500, tariff.Band{UpToMinutes: 60, Fen: 500}, tariff.Band{UpToMinutes: 120, Fen: 1000},
		tariff.Band{UpToMinutes: 360, Fen: 1500}, tariff.Band{UpToMinutes: 480, Fen: 2000})...)
	return []lot{
		{"P1", tariff.Always(firstThenHourly(0, 120, 200, 100, 0))},
		{"P3", tariff.Always(inferred(59, 1500, tariff.StepBands(1500, tariff.Band{UpToMinutes: 240, Fen: 500}, tariff.Band{UpToMinutes: 480, Fen: 1000})...))},
		{"P4", tariff.Always(inferred(59, 1500, tariff.StepBands(1500, tariff.Band{UpToMinutes: 300, Fen: 500}, tariff.Band{UpToMinutes: 600, Fen: 1000})...))},
		{"P5", tariff.Always(firstThenHourly(0, 120, 500, 100, 1500))},
		{"P8", tariff.Always(firstThenHourly(59, 180, 1000, 500, 3000))},
		{"P10", tariff.Schedule{Versions: []tariff.Version{
			{To: change, Tables: []tariff.RateTable{before}},
			{From: change, Tables: []tariff.RateTable{after}},
		}}},
	}
}

func TestTheSixInferredLots(t *testing.T) {
	const day = 24 * 60
	want := map[string]map[int]int64{
		"P1":  {1: 200, 120: 200, 121: 300, 180: 300, 181: 400, day: 2400, day + 1: 2600},
		"P3":  {59: 0, 60: 500, 240: 500, 241: 1000, 480: 1000, 481: 1500, day: 1500, day + 1: 2000, 3*day + 300: 5500},
		"P4":  {59: 0, 60: 500, 300: 500, 301: 1000, 600: 1000, 601: 1500, day: 1500},
		"P5":  {1: 500, 120: 500, 121: 600, 720: 1500, day: 1500, day + 1: 2000, 2*day + 121: 3600},
		"P8":  {59: 0, 60: 1000, 180: 1000, 181: 1500, 420: 3000, day: 3000, day + 60: 4000},
		"P10": {60: 500, 61: 1000, 121: 1500, 361: 2000, 481: 2500, day: 2500, day + 1: 3000},
	}
	for _, lot := range inferredLots() {
		t.Run(lot.name, func(t *testing.T) {
			for minutes, fen := range want[lot.name] {
				if got := price(t, lot.schedule, lasting(minutes), tariff.Calendar{}); got.Fen != fen {
					t.Errorf("%d minutes cost %d, want %d: %+v", minutes, got.Fen, fen, got.Lines)
				}
			}
		})
	}
}

func TestAChangedTariffPricesAStayByItsEntry(t *testing.T) {
	p10 := inferredLots()[5].schedule
	cases := []costs{
		{"before", stay("2019-03-24 10:00", "2019-03-24 12:00"), 500},
		{"entered before, left after", stay("2019-03-24 23:00", "2019-03-25 01:00"), 500},
		{"entered in the last minute", stay("2019-03-24 23:59", "2019-03-25 01:59"), 500},
		{"entered at the change", stay("2019-03-25 00:00", "2019-03-25 02:00"), 1000},
	}
	for _, c := range cases {
		if got := price(t, p10, c.stay, tariff.Calendar{}); got.Fen != c.fen {
			t.Errorf("%s: %d, want %d", c.what, got.Fen, c.fen)
		}
	}
}

func TestAChangedTariffMaySplitAStay(t *testing.T) {
	p10 := inferredLots()[5].schedule
	p10.Span = tariff.Split
	got := price(t, p10, stay("2019-03-24 23:00", "2019-03-25 02:00"), tariff.Calendar{})
	if got.Fen != 500+1000 {
		t.Errorf("one hour before and two after cost %d, want 1500: %+v", got.Fen, got.Lines)
	}
}
