package tariff_test

import (
	"testing"

	"parkbff/internal/tariff"
)

// Beijing roadside parking, 2018-12-18: day rates by class of road, night 1 yuan per 2 h, full units only,
// and a unit that straddles is charged whole by the rate before the boundary.
func beijing(firstHourFen, afterFen int64) tariff.RateTable {
	return tariff.RateTable{
		Straddle: tariff.Whole,
		Collections: []tariff.RateLineCollection{
			{From: tariff.Clock(7, 0), To: tariff.Clock(19, 0), Lines: []tariff.RateLine{
				{UpToMinutes: 60, UnitMinutes: 15, Fen: firstHourFen, Rounding: tariff.Down},
				{UnitMinutes: 15, Fen: afterFen, Rounding: tariff.Down},
			}},
			{From: tariff.Clock(19, 0), To: tariff.Clock(7, 0), Lines: []tariff.RateLine{
				{UnitMinutes: 120, Fen: 100, Rounding: tariff.Down},
			}},
		},
	}
}

func TestBeijingRoadsideChargesFullUnitsOnly(t *testing.T) {
	checkCosts(t, beijing(250, 375), tariff.Calendar{}, []costs{
		{"an unfinished quarter costs nothing", stay("2026-03-02 08:00", "2026-03-02 08:14"), 0},
		{"one quarter", stay("2026-03-02 08:00", "2026-03-02 08:15"), 250},
		{"a quarter and a bit", stay("2026-03-02 08:00", "2026-03-02 08:29"), 250},
		{"the first hour", stay("2026-03-02 08:00", "2026-03-02 09:00"), 1000},
		{"the second hour is dearer", stay("2026-03-02 08:00", "2026-03-02 10:00"), 2500},
		{"the whole day period", stay("2026-03-02 07:00", "2026-03-02 19:00"), 1000 + 44*375},
		{"one night", stay("2026-03-02 19:00", "2026-03-03 07:00"), 600},
		{"not two hours of the night", stay("2026-03-02 22:00", "2026-03-02 23:59"), 0},
		{"day after night begins with a first hour", stay("2026-03-03 05:00", "2026-03-03 08:00"), 100 + 1000},
		{"a full day", stay("2026-03-02 07:00", "2026-03-03 07:00"), 1000 + 44*375 + 600},
	})
	checkCosts(t, beijing(150, 225), tariff.Calendar{}, []costs{{"class 2", lasting(75), 600 + 225}})
	checkCosts(t, beijing(50, 75), tariff.Calendar{}, []costs{{"class 3", lasting(75), 200 + 75}})
}

func TestAUnitThatStraddlesIsChargedWholeByTheRateBefore(t *testing.T) {
	checkCosts(t, beijing(250, 375), tariff.Calendar{}, []costs{
		{"left before the unit was full", stay("2026-03-02 18:50", "2026-03-02 19:04"), 0},
		{"the unit was full", stay("2026-03-02 18:50", "2026-03-02 19:05"), 250},
		{"the night counts from the end of that unit", stay("2026-03-02 18:50", "2026-03-02 21:04"), 250},
		{"so two hours of night end at 21:05", stay("2026-03-02 18:50", "2026-03-02 21:05"), 350},
		{"a night unit reaches into the day", stay("2026-03-03 06:00", "2026-03-03 08:00"), 100},
		{"and the day begins after it", stay("2026-03-03 06:00", "2026-03-03 08:15"), 350},
	})
}

func TestAUnitCutByItsPeriodIsRoundedThere(t *testing.T) {
	table := tariff.RateTable{Collections: []tariff.RateLineCollection{
		{From: tariff.Clock(8, 0), To: tariff.Clock(20, 0), Lines: []tariff.RateLine{{UnitMinutes: 60, Fen: 500}}},
		{From: tariff.Clock(20, 0), To: tariff.Clock(8, 0), Lines: []tariff.RateLine{{UnitMinutes: 60, Fen: 100}}},
	}}
	checkCosts(t, table, tariff.Calendar{}, []costs{
		{"both periods round up", stay("2026-03-02 19:30", "2026-03-02 20:30"), 600},
		{"midnight does not cut the night", stay("2026-03-02 23:30", "2026-03-03 00:30"), 100},
	})
}

// Shenzhen roadside parking: tiers per half hour, free at night.
func shenzhen(workday, restDay [3]int64) tariff.RateTable {
	tiers := func(fen [3]int64) []tariff.RateLine {
		return []tariff.RateLine{
			{UpToMinutes: 30, UnitMinutes: 30, Fen: fen[0]},
			{UpToMinutes: 180, UnitMinutes: 30, Fen: fen[1]},
			{UnitMinutes: 30, Fen: fen[2]},
		}
	}
	return tariff.RateTable{Collections: []tariff.RateLineCollection{
		{Days: tariff.Workdays, From: tariff.Clock(7, 30), To: tariff.Clock(20, 0), Lines: tiers(workday)},
		{Days: tariff.Workdays, From: tariff.Clock(20, 0), To: tariff.Clock(7, 30), Lines: freeLine()},
		{Days: tariff.RestDays, From: tariff.Clock(10, 0), To: tariff.Clock(20, 0), Lines: tiers(restDay)},
		{Days: tariff.RestDays, From: tariff.Clock(20, 0), To: tariff.Clock(10, 0), Lines: freeLine()},
	}}
}

func TestShenzhenRoadsideByAreaAndKindOfDay(t *testing.T) {
	// 2026-03-02 is a Monday, 2026-03-07 a Saturday.
	areas := []struct {
		name             string
		workday, restDay [3]int64
	}{
		{"area 1", [3]int64{300, 600, 1000}, [3]int64{120, 240, 400}},
		{"area 2", [3]int64{180, 360, 500}, [3]int64{90, 150, 250}},
		{"area 3", [3]int64{120, 240, 400}, [3]int64{60, 90, 150}},
	}
	for _, a := range areas {
		t.Run(a.name, func(t *testing.T) {
			w, r := a.workday, a.restDay
			checkCosts(t, shenzhen(w, r), tariff.Calendar{}, []costs{
				{"half an hour", stay("2026-03-02 09:00", "2026-03-02 09:30"), w[0]},
				{"31 minutes", stay("2026-03-02 09:00", "2026-03-02 09:31"), w[0] + w[1]},
				{"three hours", stay("2026-03-02 09:00", "2026-03-02 12:00"), w[0] + 5*w[1]},
				{"four hours", stay("2026-03-02 09:00", "2026-03-02 13:00"), w[0] + 5*w[1] + 2*w[2]},
				{"half an hour on a Saturday", stay("2026-03-07 10:00", "2026-03-07 10:30"), r[0]},
				{"four hours on a Saturday", stay("2026-03-07 10:00", "2026-03-07 14:00"), r[0] + 5*r[1] + 2*r[2]},
				{"a night costs nothing", stay("2026-03-02 20:00", "2026-03-03 07:30"), 0},
				{"a Saturday morning costs nothing", stay("2026-03-06 20:00", "2026-03-07 10:00"), 0},
				{"the free hours are not billed", stay("2026-03-02 19:30", "2026-03-03 08:00"), 2 * w[0]},
				{"a Sunday into a Monday", stay("2026-03-08 19:45", "2026-03-09 07:45"), r[0] + w[0]},
			})
		})
	}
}

func TestTheCalendarTurnsDaysAround(t *testing.T) {
	table := shenzhen([3]int64{300, 600, 1000}, [3]int64{120, 240, 400})
	cal := calendar(t, []string{"2026-10-01"}, []string{"2026-10-10"}, nil)
	checkCosts(t, table, cal, []costs{
		{"a Thursday that is a holiday", stay("2026-10-01 10:00", "2026-10-01 10:30"), 120},
		{"a Saturday that is worked", stay("2026-10-10 10:00", "2026-10-10 10:30"), 300},
		{"a Saturday as ever", stay("2026-10-17 10:00", "2026-10-17 10:30"), 120},
		{"early on a worked Saturday", stay("2026-10-10 07:30", "2026-10-10 08:00"), 300},
	})
}

func TestNewEnergyVehiclesHaveTheirFirstMinutesOfEachDayFree(t *testing.T) {
	table := shenzhen([3]int64{300, 600, 1000}, [3]int64{120, 240, 400})
	table.Rebate = tariff.Rebate{Energies: []tariff.Energy{tariff.Electric, tariff.OtherNEV}, MinutesPerDay: 120}
	electric := func(enter, exit string, used int) tariff.Stay {
		s := stay(enter, exit)
		s.Energy, s.RebateMinutesUsed = tariff.Electric, used
		return s
	}
	checkCosts(t, table, tariff.Calendar{}, []costs{
		{"others pay", stay("2026-03-02 09:00", "2026-03-02 09:30"), 300},
		{"two hours are free", electric("2026-03-02 09:00", "2026-03-02 11:00", 0), 0},
		{"then the lines begin", electric("2026-03-02 09:00", "2026-03-02 11:31", 0), 900},
		{"what an earlier stay used is gone", electric("2026-03-02 12:00", "2026-03-02 12:30", 120), 300},
		{"what is left of it counts", electric("2026-03-02 12:00", "2026-03-02 12:30", 100), 300},
		{"free hours use none of it", electric("2026-03-02 06:30", "2026-03-02 09:30", 0), 0},
		{"each day has its own", electric("2026-03-02 18:00", "2026-03-03 09:30", 0), 0},
		{"each day has its own, also after using it", electric("2026-03-02 18:00", "2026-03-03 09:30", 120), 300 + 3*600},
	})
}

// Taipei 府前廣場: 30 TWD/h 09–18, 10 TWD/h otherwise, by half hours; 60 TWD/h on days of events;
// motorcycles 10 TWD/h with at most 20 a day. In hundredths of TWD.
func fuqian() (car, motorcycle tariff.RateTable) {
	halfHours := func(fen int64) []tariff.RateLine { return []tariff.RateLine{{UnitMinutes: 30, Fen: fen}} }
	ordinary := tariff.Workdays | tariff.RestDays
	car = tariff.RateTable{
		Straddle: tariff.Whole,
		Classes:  []tariff.Class{tariff.Small},
		Collections: []tariff.RateLineCollection{
			{Days: ordinary, From: tariff.Clock(0, 0), To: tariff.Clock(9, 0), Lines: halfHours(500)},
			{Days: ordinary, From: tariff.Clock(9, 0), To: tariff.Clock(18, 0), Lines: halfHours(1500)},
			{Days: ordinary, From: tariff.Clock(18, 0), To: tariff.Clock(24, 0), Lines: halfHours(500)},
			{Days: tariff.Event, Lines: halfHours(3000)},
		},
	}
	motorcycle = tariff.RateTable{
		Classes:     []tariff.Class{tariff.Motorcycle},
		Cycle:       tariff.Cycle{Window: tariff.CalendarDay, CapFen: 2000},
		Collections: tariff.AllDay(tariff.RateLine{UnitMinutes: 60, Fen: 1000}),
	}
	return car, motorcycle
}

func TestTaipeiPlaza(t *testing.T) {
	car, motorcycle := fuqian()
	cal := calendar(t, nil, nil, []string{"2026-12-31"})
	checkCosts(t, car, cal, []costs{
		{"an hour of the day", stay("2026-03-02 10:00", "2026-03-02 11:00"), 3000},
		{"half an hour is the unit", stay("2026-03-02 10:00", "2026-03-02 10:31"), 3000},
		{"an hour of the evening", stay("2026-03-02 18:00", "2026-03-02 19:00"), 1000},
		{"across 18:00", stay("2026-03-02 17:45", "2026-03-02 18:45"), 2000},
		{"a whole day", stay("2026-03-02 09:00", "2026-03-03 09:00"), 9*3000 + 15*1000},
		{"a day of an event", stay("2026-12-31 20:00", "2026-12-31 21:00"), 6000},
		{"out of an event into the night", stay("2026-12-31 23:00", "2027-01-01 01:00"), 7000},
	})

	rider := func(enter, exit string) tariff.Stay {
		s := stay(enter, exit)
		s.Class = tariff.Motorcycle
		return s
	}
	checkCosts(t, motorcycle, cal, []costs{
		{"an hour", rider("2026-03-02 10:00", "2026-03-02 11:00"), 1000},
		{"at most 20 a day", rider("2026-03-02 10:00", "2026-03-02 22:00"), 2000},
		{"another day counts anew", rider("2026-03-02 10:00", "2026-03-03 00:30"), 3000},
		{"days of events are ordinary days to riders", rider("2026-12-31 10:00", "2026-12-31 11:00"), 1000},
	})
}

// The shape of Hong Kong's data: hours by weekday with a minimum of usage, and a flat night.
func TestHongKongShape(t *testing.T) {
	hours := func(fen int64) []tariff.RateLine {
		return []tariff.RateLine{{UpToMinutes: 120, Fen: 2 * fen}, {UnitMinutes: 60, Fen: fen}}
	}
	day := func(days tariff.Days, fen int64) tariff.RateLineCollection {
		return tariff.RateLineCollection{Days: days, From: tariff.Clock(8, 0), To: tariff.Clock(18, 0), Lines: hours(fen)}
	}
	table := tariff.RateTable{Collections: []tariff.RateLineCollection{
		day(tariff.Workdays&^tariff.Friday, 2000),
		day(tariff.Friday, 2200),
		day(tariff.Saturday, 2500),
		day(tariff.Sunday|tariff.PublicHoliday, 2800),
		{From: tariff.Clock(18, 0), To: tariff.Clock(8, 0), Lines: []tariff.RateLine{{Fen: 8000}}},
	}}
	checkCosts(t, table, calendar(t, []string{"2026-04-06"}, nil, nil), []costs{
		{"ten minutes cost the minimum", stay("2026-03-02 10:00", "2026-03-02 10:10"), 4000},
		{"three hours", stay("2026-03-02 10:00", "2026-03-02 13:00"), 6000},
		{"a Friday", stay("2026-03-06 10:00", "2026-03-06 13:00"), 6600},
		{"a Saturday", stay("2026-03-07 10:00", "2026-03-07 13:00"), 7500},
		{"a public holiday on a Monday", stay("2026-04-06 10:00", "2026-04-06 13:00"), 8400},
		{"a night is flat, also across midnight", stay("2026-03-02 19:00", "2026-03-03 07:00"), 8000},
		{"day and night", stay("2026-03-02 16:00", "2026-03-03 07:00"), 12000},
	})
}
