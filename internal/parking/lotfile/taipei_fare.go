package lotfile

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"parkbff/internal/fault"
	"parkbff/internal/tariff"
)

// NotFareInfo says that a FareInfo holds no complete rate table; its `reason` says what is missing.
var NotFareInfo = fault.New("NOT_FARE_INFO", "FareInfo does not say the fare of each hour of the day.")

// farePeriod is "09~18" with the fare of an hour in TWD. 24 is midnight at the end; "22~08" crosses it.
type farePeriod struct{ Period, Fare string }

var farePeriodShape = regexp.MustCompile(`^([01]?[0-9]|2[0-4])~([01]?[0-9]|2[0-4])$`)

// halfHours is how payment texts say that every begun half hour is charged: "停車全程以半小時計".
const halfHours = "全程以半小時計"

const (
	hoursPerDay = 24
	maxFareTWD  = 10_000
)

// TaipeiRateTable reads the structured fares of a lot in Taipei's open data, in hundredths of a TWD.
// Every begun hour is charged, or half hour where the payment text (payex) says so; a unit that runs
// into the next period is charged by the rate at which it began, so no half hour is charged twice.
//
// "Holiday" is Saturday, Sunday and public holidays. Periods overlap in the published data ("02~02"
// beside "02~19"): the narrower of two counts.
// Errors: NotFareInfo, for the empty FareInfo too.
func TaipeiRateTable(fareInfo json.RawMessage, payment string) (tariff.RateTable, error) {
	var fares struct{ WorkingDay, Holiday []farePeriod }
	if err := json.Unmarshal(fareInfo, &fares); err != nil {
		return tariff.RateTable{}, NotFareInfo.With("reason", "not the JSON of FareInfo").Because(err)
	}
	workdays, err := hourly(fares.WorkingDay)
	if err != nil {
		return tariff.RateTable{}, err
	}
	holidays, err := hourly(fares.Holiday)
	if err != nil {
		return tariff.RateTable{}, err
	}

	unitMinutes := 60
	if strings.Contains(payment, halfHours) {
		unitMinutes = 30
	}
	table := tariff.RateTable{Straddle: tariff.Whole}
	if workdays == holidays {
		table.Collections = collections(0, workdays, unitMinutes)
	} else {
		table.Collections = append(collections(tariff.Workdays, workdays, unitMinutes),
			collections(tariff.RestDays, holidays, unitMinutes)...)
	}
	return table, table.Validate()
}

// hourly lays the periods over the hours of a day, the narrowest on top.
func hourly(periods []farePeriod) (fares [hoursPerDay]int64, err error) {
	var widths [hoursPerDay]int
	for _, period := range periods {
		from, width, ok := period.hours()
		if !ok {
			return fares, NotFareInfo.With("reason", "a period is not of the form 09~18")
		}
		fare, err := strconv.Atoi(strings.TrimSpace(period.Fare))
		if err != nil || fare < 0 || fare > maxFareTWD {
			return fares, NotFareInfo.With("reason", "a fare is not a whole number of TWD")
		}
		for i := range width {
			hour := (from + i) % hoursPerDay
			switch {
			case widths[hour] == 0 || width < widths[hour]:
				fares[hour], widths[hour] = int64(fare)*100, width
			case width == widths[hour] && fares[hour] != int64(fare)*100:
				return fares, NotFareInfo.With("reason", fmt.Sprintf("two fares at %02d o'clock", hour))
			}
		}
	}
	for hour, width := range widths {
		if width == 0 {
			return fares, NotFareInfo.With("reason", fmt.Sprintf("no fare at %02d o'clock", hour))
		}
	}
	return fares, nil
}

// hours answers the first hour of the period and how many there are; equal ends mean a whole day.
func (p farePeriod) hours() (from, width int, ok bool) {
	ends := farePeriodShape.FindStringSubmatch(strings.TrimSpace(p.Period))
	if ends == nil {
		return 0, 0, false
	}
	from, _ = strconv.Atoi(ends[1])
	to, _ := strconv.Atoi(ends[2])
	width = (to - from + hoursPerDay) % hoursPerDay
	if width == 0 {
		width = hoursPerDay
	}
	return from % hoursPerDay, width, true
}

// collections joins hours of one fare into periods, across midnight too.
func collections(days tariff.Days, fares [hoursPerDay]int64, unitMinutes int) []tariff.RateLineCollection {
	starts := []int{}
	for hour := range fares {
		if fares[hour] != fares[(hour+hoursPerDay-1)%hoursPerDay] {
			starts = append(starts, hour)
		}
	}
	if len(starts) == 0 {
		starts = []int{0}
	}
	periods := make([]tariff.RateLineCollection, len(starts))
	for i, start := range starts {
		end := starts[(i+1)%len(starts)]
		periods[i] = tariff.RateLineCollection{
			Days: days,
			From: tariff.Clock(start, 0),
			To:   tariff.Clock(end, 0),
			Lines: []tariff.RateLine{{
				UnitMinutes: unitMinutes,
				Fen:         fares[start] * int64(unitMinutes) / 60,
				Rounding:    tariff.Up,
			}},
		}
	}
	return periods
}
