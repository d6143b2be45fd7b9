package lotfile

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/clock"
)

const p8 = `{"lot": "P8", "surrounding": "shopping mall", "district": "岳麓 Yuelu", "city": "长沙 Changsha",
	"province": "湖南 Hunan", "spacesPerPaper": 20, "peakConcurrentSessions": 27, "rows": 46379, "note": null,
	"inferredTariffVersions": [{"effectiveFrom": null, "effectiveTo": null, "rule": {"freeIfUnderMinutes": 60,
		"base": {"minutes": 180, "feeFen": 1000}, "increment": {"unitMinutes": 60, "feeFen": 500, "rounding": "UP"},
		"cycleMinutes": 1440, "cycleCapFen": 3000}}]}`

const p10 = `{"lot": "P10", "surrounding": "community", "district": "雨花 Yuhua", "city": "长沙 Changsha",
	"province": "湖南 Hunan", "spacesPerPaper": 65, "peakConcurrentSessions": 60, "inferredTariffVersions": [
	{"effectiveFrom": null, "effectiveTo": "2019-03-25", "rule": {"freeIfUnderMinutes": 0,
		"bands": [{"upToMinutes": 120, "feeFen": 500}, {"upToMinutes": 240, "feeFen": 1000}],
		"afterBands": {"feeFen": 2500}, "cycleMinutes": 1440, "cycleCapFen": 2500}},
	{"effectiveFrom": "2019-03-25", "effectiveTo": null, "rule": {"freeIfUnderMinutes": 0,
		"bands": [{"upToMinutes": 60, "feeFen": 500}, {"upToMinutes": 120, "feeFen": 1000}],
		"afterBands": {"feeFen": 2500}, "cycleMinutes": 1440, "cycleCapFen": 2500}}]}`

func TestARecordedLotIsNamedByItsFacts(t *testing.T) {
	lot := onlyLot(t, inferredFile(p8))
	schedule := lot.Tariff
	lot.Tariff = nil
	want := Lot{
		Code: "P8", Name: "岳麓商场P8停车场", Region: Mainland, City: "长沙", District: "岳麓", Address: "湖南长沙岳麓",
		Capacity: 27, Barrier: false, Gates: []Gate{{"G1", Both}},
		TariffText: "59分钟内免费，首3小时10元，之后每1小时5元，每24小时最高30元",
	}
	if diff := cmp.Diff(want, lot); diff != "" {
		t.Error(diff)
	}

	enter := time.Date(2019, 1, 7, 9, 0, 0, 0, clock.Shanghai)
	for minutes, fen := range map[int]int64{59: 0, 60: 1000, 180: 1000, 181: 1500, 241: 2000, 1440: 3000, 1441: 4000} {
		if got := priceFor(t, schedule, enter, minutes); got != fen {
			t.Errorf("%d minutes cost %d fen, want %d", minutes, got, fen)
		}
	}
}

func TestATariffChangesAtMidnightInShanghai(t *testing.T) {
	lot := onlyLot(t, inferredFile(p10))
	midnight := time.Date(2019, 3, 25, 0, 0, 0, 0, clock.Shanghai)
	if got := priceFor(t, lot.Tariff, midnight.Add(-time.Minute), 100); got != 500 {
		t.Errorf("a minute before the change 100 minutes cost %d fen", got)
	}
	if got := priceFor(t, lot.Tariff, midnight, 100); got != 1000 {
		t.Errorf("at the change 100 minutes cost %d fen", got)
	}
}

func TestARuleThatIsNoneRejectsItsLot(t *testing.T) {
	for change, field := range map[string]string{
		`"base"|"basis"`: "inferredTariffVersions[0].rule",
		`"rounding": "UP"|"rounding": "SIDEWAYS"`:            "tariff.versions[0].tables[0].collections[0].lines[1].rounding",
		`"effectiveFrom": null|"effectiveFrom": "25.3.2019"`: "inferredTariffVersions[0]",
		`"spacesPerPaper": 20|"spacesPerPaper": "20"`:        "spacesPerPaper",
		`"lot": "P8"|"lot": ""`:                              "code",
		`"inferredTariffVersions"|"versions"`:                "tariff.versions",
	} {
		old, changed, _ := strings.Cut(change, "|")
		_, rejected, err := Read(strings.NewReader(inferredFile(strings.Replace(p8, old, changed, 1))))
		if err != nil || len(rejected) != 1 || rejected[0].Field != field {
			t.Errorf("%s: %+v, %v", changed, rejected, err)
		}
	}
}

func TestAllRecordedLotsAreRead(t *testing.T) {
	text := published(t, "sessions/lots_and_inferred_tariffs.json", func() string { return inferredFile(p8, p10) })
	lots, rejected, err := Read(strings.NewReader(text))
	if err != nil || len(rejected) != 0 {
		t.Fatal(rejected, err)
	}
	for _, lot := range lots {
		if lot.Tariff == nil || lot.Barrier || lot.Capacity == 0 || lot.Location != nil {
			t.Errorf("%s: %+v", lot.Code, lot)
		}
	}
	t.Logf("%d lots", len(lots))
}

func inferredFile(rows ...string) string {
	return `{"about": "Tariff rules inferred", "lots": [` + strings.Join(rows, ",") + `]}`
}
