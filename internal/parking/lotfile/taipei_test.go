package lotfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/internal/clock"
	"parkbff/internal/parking/geo"
	"parkbff/internal/place"
	"parkbff/internal/tariff"
)

const taipeiLot = `{"id": "TPE0003", "area": "松山區", "name": "民生立體停車場", "type": "1", "address": "民生東路5段84號",
	"tel": "0227608303", "payex": "小型車：計時 30元/時，全程以半小時計", "serviceTime": "24小時",
	"tw97x": "306424.75", "tw97y": "2772362.3", "totalcar": 457, "Handicap_First": "10", "ChargingStation": "-9",
	"FareInfo": {}, "EntranceCoord": {"EntrancecoordInfo": [
		{"Xcod": "25.05847133", "Ycod": "121.5594459", "Address": "民生東路五段"},
		{"Xcod": "121.5595", "Ycod": "25.0585"},
		{"Xcod": "0", "Ycod": "0", "Address": ""},
		{"Xcod": "25.0334", "Ycod": "121.5636", "Address": "of another lot"}]}}`

func TestALotOfTaipeiIsReadThroughItsTraps(t *testing.T) {
	lot := onlyLot(t, taipeiFile(taipeiLot))
	where := lot.Location
	lot.Location = nil
	want := Lot{
		Code: "TPE0003", Name: "民生立體停車場", Region: Taiwan, City: "臺北市", District: "松山區", Address: "民生東路5段84號",
		Capacity: 457, Barrier: true, Gates: []Gate{{"G1", Both}},
		Facts: place.Facts{
			OpeningHours: "24小時", Phone: "0227608303", AccessibleBays: 10,
			Entrances: []place.Entrance{
				{Latitude: 25.05847133, Longitude: 121.5594459, Address: "民生東路五段"},
				{Latitude: 25.0585, Longitude: 121.5595},
			},
		},
		TariffText: "小型車：計時 30元/時，全程以半小時計",
	}
	if diff := cmp.Diff(want, lot); diff != "" {
		t.Error(diff)
	}
	entrance := geo.Point{Latitude: 25.05847133, Longitude: 121.5594459}
	if where.Datum != WGS84 || geo.DistanceMetres(where.Point, entrance) > 30 {
		t.Errorf("the lot lies at %+v", where)
	}
}

func TestARowOfTaipeiThatIsNoLotIsRejected(t *testing.T) {
	for change, want := range map[string]Rejection{
		`"tw97x": "306424.75"|"tw97x": ""`:                 {Code: "TPE0003", Field: "tw97x", Reason: "or tw97y is missing: the lot has no coordinates"},
		`"tw97x": "306424.75"|"tw97x": "east"`:             {Code: "TPE0003", Field: "tw97x", Reason: "or tw97y is no number"},
		`"tw97x": "306424.75"|"tw97x": "NaN"`:              {Code: "TPE0003", Field: "tw97x", Reason: "or tw97y is no number"},
		`"tw97x": "306424.75"|"tw97x": "3064247"`:          {Code: "TPE0003", Field: "tw97x", Reason: "and tw97y lie outside Taiwan"},
		`"tw97y": "2772362.3"|"tw97y": 1e300`:              {Code: "TPE0003", Field: "tw97x", Reason: "and tw97y lie outside Taiwan"},
		`"name": "民生立體停車場"|"name": ""`:                     {Code: "TPE0003", Field: "name", Reason: "is missing"},
		`"id": "TPE0003"|"id": ""`:                         {Field: "code", Reason: "is missing"},
		`"totalcar": 457|"totalcar": -1`:                   {Code: "TPE0003", Field: "totalcar", Reason: "is no count"},
		`"totalcar": 457|"totalcar": "4.5"`:                {Code: "TPE0003", Field: "totalcar", Reason: "is no count"},
		`"Handicap_First": "10"|"Handicap_First": "many"`:  {Code: "TPE0003", Field: "Handicap_First", Reason: "is no count"},
		`"Xcod": "25.05847133"|"Xcod": "35.6"`:             {Code: "TPE0003", Field: "EntranceCoord", Reason: "has an entrance outside Taiwan"},
		`"Xcod": "25.05847133"|"Xcod": "N25"`:              {Code: "TPE0003", Field: "EntranceCoord", Reason: "has a coordinate that is no number"},
		`"EntrancecoordInfo": [|"EntrancecoordInfo": [[],`: {Code: "TPE0003", Field: "EntranceCoord.EntrancecoordInfo", Reason: "is a JSON array, which does not belong there"},
	} {
		old, changed, _ := strings.Cut(change, "|")
		_, rejected, err := Read(strings.NewReader(taipeiFile(strings.Replace(taipeiLot, old, changed, 1))))
		want.Row = 1
		if diff := cmp.Diff([]Rejection{want}, rejected); err != nil || diff != "" {
			t.Errorf("%s: %v %s", changed, err, diff)
		}
	}
}

func TestTaipeisLotsAreReadAndItsTwoMisplacedOnesRejected(t *testing.T) {
	lots, rejected, err := Read(strings.NewReader(published(t, "taipei/TCMSV_alldesc_20250625.json", generatedTaipei)))
	if err != nil {
		t.Fatal(err)
	}
	if len(lots) != 1669 || len(rejected) != 2 {
		t.Errorf("%d lots; rejected: %+v", len(lots), rejected)
	}
	for _, r := range rejected {
		if r.Field != "tw97x" {
			t.Errorf("%+v", r)
		}
	}
	var off []float64
	for _, lot := range lots {
		for _, e := range lot.Entrances {
			off = append(off, geo.DistanceMetres(lot.Location.Point, geo.Point{Latitude: e.Latitude, Longitude: e.Longitude}))
		}
	}
	if len(off) == 0 {
		return
	}
	slices.Sort(off)
	t.Logf("%d entrances: median %.0f m from their lot, 90 %% within %.0f m", len(off), off[len(off)/2], off[len(off)*9/10])
	if off[len(off)/2] > 60 || off[len(off)-1] > maxEntranceMetres {
		t.Errorf("half of the entrances lie over %.0f m from their lot, the last %.0f m", off[len(off)/2], off[len(off)-1])
	}
}

func TestFuqianSquareIsPricedAsPublished(t *testing.T) {
	table, err := TaipeiRateTable(json.RawMessage(`{
		"WorkingDay": [{"Period": "00~09", "Fare": "10"}, {"Period": "09~18", "Fare": "30"}, {"Period": "18~24", "Fare": "10"}],
		"Holiday": [{"Period": "00~09", "Fare": "10"}, {"Period": "09~18", "Fare": "60"}, {"Period": "18~24", "Fare": "10"}]
	}`), "計時：30元/時(09-18)，10元/時(18-09)，停車全程以半小時計")
	if err != nil {
		t.Fatal(err)
	}
	schedule := tariff.Always(table)
	for name, c := range map[string]struct {
		enter   time.Time
		minutes int
		cents   int64
	}{
		"two hours by day":                   {friday(10, 0), 120, 6000},
		"a begun half hour":                  {friday(10, 0), 31, 3000},
		"three hours by night":               {friday(20, 0), 180, 3000},
		"across midnight":                    {friday(23, 0), 120, 2000},
		"a half hour across the evening":     {friday(17, 45), 30, 1500},
		"a holiday's hour":                   {friday(10, 0).AddDate(0, 0, 1), 60, 6000},
		"Friday night into Saturday morning": {friday(23, 0), 11 * 60, 10*1000 + 6000},
	} {
		if got := priceFor(t, &schedule, c.enter, c.minutes); got != c.cents {
			t.Errorf("%s costs %d, want %d", name, got, c.cents)
		}
	}
}

func TestOfOverlappingPeriodsTheNarrowerCounts(t *testing.T) {
	for name, c := range map[string]struct {
		periods string
		want    map[int]int64 // by hour
	}{
		"a whole day under a part": {`"02~02": 30, "02~19": 20`, map[int]int64{0: 3000, 2: 2000, 18: 2000, 19: 3000}},
		"midnight crossed":         {`"22~08": 10, "08~10": 20, "10~22": 30, "22~24": 10`, map[int]int64{23: 1000, 7: 1000, 9: 2000, 21: 3000}},
		"twenty-four as zero":      {`"24~10": 10, "10~24": 60`, map[int]int64{0: 1000, 9: 1000, 10: 6000, 23: 6000}},
	} {
		fares, err := hourly(periodsOf(t, c.periods))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for hour, want := range c.want {
			if fares[hour] != want {
				t.Errorf("%s: %d at %02d o'clock, want %d", name, fares[hour], hour, want)
			}
		}
	}
}

func TestFareInfoThatSaysTooLittleIsRefused(t *testing.T) {
	all := `[{"Period": "00~24", "Fare": "30"}]`
	for _, fares := range []string{
		`{}`, `null`, `[]`, ``, `{"WorkingDay": ` + all + `}`,
		`{"Holiday": ` + all + `, "WorkingDay": [{"Period": "00~23", "Fare": "30"}]}`,
		`{"Holiday": ` + all + `, "WorkingDay": [{"Period": "00~25", "Fare": "30"}]}`,
		`{"Holiday": ` + all + `, "WorkingDay": [{"Period": "00~24", "Fare": "-30"}]}`,
		`{"Holiday": ` + all + `, "WorkingDay": [{"Period": "00~24", "Fare": "30"}, {"Period": "00~24", "Fare": "20"}]}`,
	} {
		if _, err := TaipeiRateTable(json.RawMessage(fares), ""); !errors.Is(err, NotFareInfo) {
			t.Errorf("%s: %v", fares, err)
		}
	}
}

func TestEveryHourOfAnyFareInfoIsPricedByItsFare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var fares [hoursPerDay]int64
		for hour := range fares {
			fares[hour] = 1000 * rapid.Int64Range(1, 3).Draw(t, "fare")
		}
		table := tariff.RateTable{Straddle: tariff.Whole, Collections: collections(0, fares, 60)}
		if err := table.Validate(); err != nil {
			t.Fatal(err)
		}
		hour := rapid.IntRange(0, 23).Draw(t, "hour")
		charge, err := tariff.Always(table).Price(tariff.Stay{Enter: friday(hour, 0), Exit: friday(hour+1, 0)}, tariff.Calendar{})
		if err != nil || charge.Fen != fares[hour] {
			t.Fatalf("the hour from %02d o'clock costs %d, want %d (%v)", hour, charge.Fen, fares[hour], err)
		}
	})
}

func TestAllFaresOfTaipeiBecomeRateTables(t *testing.T) {
	text := published(t, "taipei/TCMSV_alldesc_20250625.json", generatedTaipei)
	var file struct {
		Data struct {
			Park []struct {
				ID, Payex string
				FareInfo  map[string]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, park := range file.Data.Park {
		if len(park.FareInfo) == 0 {
			continue
		}
		fares, err := json.Marshal(park.FareInfo)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := TaipeiRateTable(fares, park.Payex); err != nil {
			t.Errorf("%s: %v", park.ID, err)
		}
		read++
	}
	t.Logf("%d rate tables", read)
}

func FuzzTaipeiRateTable(f *testing.F) {
	f.Add(`{"WorkingDay": [{"Period": "00~24", "Fare": "30"}], "Holiday": [{"Period": "02~02", "Fare": "9"}]}`, halfHours)
	f.Fuzz(func(t *testing.T, fares, payment string) {
		table, err := TaipeiRateTable(json.RawMessage(fares), payment)
		if err == nil && table.Validate() != nil {
			t.Error("an invalid table without an error")
		}
	})
}

func TestALooseNumberIsReadFromTextToo(t *testing.T) {
	for text, want := range map[string]float64{`12`: 12, `" 12.5 "`: 12.5, `"1e3"`: 1000, `"x"`: math.NaN(), `"Inf"`: math.NaN(), `""`: math.NaN(), `null`: math.NaN()} {
		var l loose
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got, ok := l.float(); ok == math.IsNaN(want) || ok && got != want {
			t.Errorf("%s is read as %v", text, got)
		}
	}
	var l loose
	if err := json.Unmarshal([]byte(`true`), &l); err == nil {
		t.Error("true is read as a number")
	}
}

func taipeiFile(rows ...string) string {
	return `{"data": {"UPDATETIME": "2025-06-25 17:31:01", "park": [` + strings.Join(rows, ",") + `]}}`
}

func friday(hour, minute int) time.Time {
	return time.Date(2026, 11, 20, hour, minute, 0, 0, clock.Shanghai)
}

func periodsOf(t *testing.T, text string) []farePeriod {
	t.Helper()
	var fares map[string]int
	if err := json.Unmarshal([]byte("{"+text+"}"), &fares); err != nil {
		t.Fatal(err)
	}
	var periods []farePeriod
	for period, fare := range fares {
		periods = append(periods, farePeriod{Period: period, Fare: fmt.Sprint(fare)})
	}
	return periods
}
