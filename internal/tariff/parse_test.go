package tariff_test

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/tariff"
)

// example is the document that the package's documentation shows.
func example(t testing.TB) []byte {
	t.Helper()
	source, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(source), "# JSON\n")
	if !found {
		t.Fatal("doc.go shows no JSON")
	}
	text := regexp.MustCompile(`(?m)^//\t?`).ReplaceAllString(after, "")
	return []byte(strings.TrimSuffix(strings.TrimSpace(text), "package tariff"))
}

func TestTheDocumentedExampleIsRead(t *testing.T) {
	s, err := tariff.Parse(example(t))
	if err != nil {
		t.Fatal(err, fieldOf(err))
	}
	got := price(t, s, stay("2026-03-02 09:00", "2026-03-02 10:00"), tariff.Calendar{})
	if got.Fen != 900 {
		t.Errorf("an hour costs %d", got.Fen)
	}
}

func TestAScheduleSurvivesJSON(t *testing.T) {
	car, motorcycle := fuqian()
	for _, want := range []tariff.Schedule{
		tariff.Always(beijing(250, 375)), tariff.Always(car, motorcycle), inferredLots()[5].schedule,
		tariff.Always(shenzhen([3]int64{300, 600, 1000}, [3]int64{120, 240, 400})),
	} {
		raw, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tariff.Parse(raw)
		if err != nil {
			t.Fatal(err, fieldOf(err))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestParseNamesTheFieldAtFault(t *testing.T) {
	valid := string(example(t))
	const table = "versions[0].tables[0]."
	for _, c := range []struct{ replace, with, field string }{
		{`"ENTRY"`, `"EXIT"`, "span"},
		{`+08:00"`, `+08:00", "to": "2025-01-01T00:00:00+08:00"`, "versions[0].to"},
		{`00:00:00+08:00`, `00:00:30+08:00`, "versions[0].from"},
		{`"SMALL"`, `"TINY"`, table + "classes[0]"},
		{`"minutes": 15`, `"minutes": -1`, table + "free.minutes"},
		{`"THRESHOLD"`, `"SOMETIMES"`, table + "free.kind"},
		{`"FROM_ENTRY"`, `"WEEK"`, table + "cycle.window"},
		{`"window": "FROM_ENTRY", `, ``, table + "cycle.window"},
		{`"window": "FROM_ENTRY"`, `"window": "FROM_ENTRY", "minutes": 5`, table + "cycle.minutes"},
		{`"window": "FROM_ENTRY"`, `"window": "FROM_ENTRY", "lines": "STOP"`, table + "cycle.lines"},
		{`3000`, `-3000`, table + "cycle.capFen"},
		{`"CUT"`, `"TORN"`, table + "straddle"},
		{`"days": ["REST_DAY"]`, `"days": ["SOMEDAY"]`, table + "collections[2].days"},
		{`"days": ["REST_DAY"]`, `"days": ["SAT", "SUN"]`, table + "collections"},
		{`"days": ["REST_DAY"]`, `"days": ["REST_DAY", "FRI"]`, table + "collections"},
		{`"to": "20:00"`, `"to": "19:00"`, table + "collections"},
		{`"to": "20:00"`, `"to": "21:00"`, table + "collections"},
		{`"to": "20:00"`, `"to": "8 pm"`, table + "collections[0].to"},
		{`"from": "07:30"`, `"from": "24:00"`, table + "collections[0].from"},
		{`"upToMinutes": 30, `, ``, table + "collections[0].lines[0].upToMinutes"},
		{`"upToMinutes": 30`, `"upToMinutes": 40`, table + "collections[0].lines[0].unitMinutes"},
		{`{"unitMinutes": 30`, `{"unitMinutes": -30`, table + "collections[0].lines[1].unitMinutes"},
		{`{"unitMinutes": 30`, `{"upToMinutes": 20`, table + "collections[0].lines[1].upToMinutes"},
		{`"fen": 600`, `"fen": -600`, table + "collections[0].lines[1].fen"},
		{`"fen": 600`, `"fen": 100000001`, table + "collections[0].lines[1].fen"},
		{`"UP"`, `"SIDEWAYS"`, table + "collections[0].lines[1].rounding"},
		{`{"fen": 0}`, `{"fen": 0, "rounding": "DOWN"}`, table + "collections[1].lines[0].rounding"},
		{`[{"fen": 0}]`, `[]`, table + "collections[1].lines"},
		{`"OTHER_NEV"`, `"STEAM"`, table + "rebate.energies[1]"},
		{`60}`, `1441}`, table + "rebate.minutesPerDay"},
		{`"exitGraceMinutes": 15`, `"exitGraceMinutes": -15`, table + "exitGraceMinutes"},
		{`"fen": 600`, `"fen": 6.5`, "versions.tables.collections.lines.fen"},
		{`"fen": 600`, `"fee": 600`, ""},
		{`{"span"`, `{} {"span"`, ""},
	} {
		broken := strings.Replace(valid, c.replace, c.with, 1)
		if broken == valid {
			t.Fatalf("%q is not in the example", c.replace)
		}
		_, err := tariff.Parse([]byte(broken))
		if !errors.Is(err, tariff.Invalid) || fieldOf(err) != c.field {
			t.Errorf("%s for %s: %v at %q, want it at %q", c.with, c.replace, err, fieldOf(err), c.field)
		}
	}
}

func TestVersionsAreInOrderAndNeverOverlap(t *testing.T) {
	first, second := at("2026-01-01 00:00"), at("2026-02-01 00:00")
	tables := []tariff.RateTable{hourly(500)}
	for _, versions := range [][]tariff.Version{
		nil,
		{{}},
		{{Tables: tables}, {From: first, Tables: tables}},
		{{To: second, Tables: tables}, {From: first, Tables: tables}},
		{{From: second, Tables: tables}, {From: first, To: second, Tables: tables}},
		{{To: second, Tables: tables}, {Tables: tables}},
	} {
		if err := (tariff.Schedule{Versions: versions}).Validate(); !errors.Is(err, tariff.Invalid) {
			t.Errorf("%+v: %v", versions, err)
		}
	}
}

func TestBandsThatFallAreRefused(t *testing.T) {
	table := inferred(0, 0, tariff.StepBands(500, tariff.Band{UpToMinutes: 60, Fen: 1000})...)
	if err := table.Validate(); !errors.Is(err, tariff.Invalid) {
		t.Errorf("%v", err)
	}
}

func TestACalendarIsReadStrictly(t *testing.T) {
	if _, err := tariff.ParseCalendar([]byte(`{"holidays": ["2026-10-01"], "workdays": ["2026-10-10"], "events": ["2026-10-01"]}`)); err != nil {
		t.Error(err)
	}
	for raw, field := range map[string]string{
		`{"holidays": ["2026-13-01"]}`:                             "holidays[0]",
		`{"holidays": ["2026-10-01", "2026-10-01"]}`:               "holidays[1]",
		`{"holidays": ["2026-10-01"], "workdays": ["2026-10-01"]}`: "workdays[0]",
		`{"feasts": []}`: "",
		`[]`:             "",
	} {
		_, err := tariff.ParseCalendar([]byte(raw))
		if !errors.Is(err, tariff.InvalidCalendar) || fieldOf(err) != field {
			t.Errorf("%s: %v at %q", raw, err, fieldOf(err))
		}
	}
}

func TestSummaries(t *testing.T) {
	car, motorcycle := fuqian()
	split := hourly(600)
	split.Free = tariff.Free{Minutes: 15, Kind: tariff.Deducted}
	split.Rebate = tariff.Rebate{Energies: []tariff.Energy{tariff.Electric, tariff.OtherNEV}, MinutesPerDay: 90}
	split.ExitGraceMinutes = 20
	for _, c := range []struct {
		table tariff.RateTable
		want  string
	}{
		{firstThenHourly(59, 180, 1000, 500, 3000), "59分钟内免费，首3小时10元，之后每1小时5元，每24小时最高30元"},
		{inferred(0, 1500, tariff.StepBands(1500, tariff.Band{UpToMinutes: 240, Fen: 550})...), "首4小时5.5元，之后加9.5元，每24小时最高15元"},
		{beijing(250, 375), "07:00–19:00 首1小时内每15分钟2.5元（不足不计），之后每15分钟3.75元（不足不计），19:00–07:00 每2小时1元（不足不计），跨时段的计时单位按前一时段计"},
		{car, "小型车，00:00–09:00 每30分钟5元，09:00–18:00 每30分钟15元，18:00–24:00 每30分钟5元，活动日 每30分钟30元，跨时段的计时单位按前一时段计"},
		{motorcycle, "摩托车，每1小时10元，每自然日最高20元"},
		{split, "首15分钟免费不计时，每1小时6元，纯电动、其他新能源车辆每日首1小时30分钟免费，缴费后20分钟内离场"},
		{hourly(0), "免费"},
		{shenzhen([3]int64{300, 600, 1000}, [3]int64{120, 240, 400}), "工作日07:30–20:00 首30分钟3元，之后2小时30分钟内每30分钟6元，之后每30分钟10元，工作日20:00–07:30 免费，非工作日10:00–20:00 首30分钟1.2元，之后2小时30分钟内每30分钟2.4元，之后每30分钟4元，非工作日20:00–10:00 免费"},
	} {
		if got := c.table.Summary(); got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
}
