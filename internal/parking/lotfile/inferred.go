package lotfile

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/tariff"
)

// inferredRow is a row of lots_and_inferred_tariffs.json: a lot known only by its recorded stays, with
// the tariff that reproduces their fees. Place names come as "海曙 Haishu".
type inferredRow struct {
	Lot         string
	Surrounding string
	District    string
	City        string
	Province    string
	Spaces      int `json:"spacesPerPaper"`
	Peak        int `json:"peakConcurrentSessions"`
	Versions    []struct {
		EffectiveFrom string // a date of Shanghai, inclusive; empty: always
		EffectiveTo   string // exclusive
		Rule          inferredRule
	} `json:"inferredTariffVersions"`
}

// inferredRule is either a base with increments or a list of bands, within cycles counted from arrival.
type inferredRule struct {
	FreeIfUnderMinutes int
	Base               *struct {
		Minutes int
		FeeFen  int64
	}
	Increment *struct {
		UnitMinutes int
		FeeFen      int64
		Rounding    tariff.Rounding
	}
	Bands []struct {
		UpToMinutes int
		FeeFen      int64
	}
	AfterBands   *struct{ FeeFen int64 }
	CycleMinutes int
	CycleCapFen  int64
}

// surroundings in Chinese, for a lot's name.
var surroundings = map[string]string{
	"hotel": "酒店", "shopping mall": "商场", "industrial park": "产业园", "community": "小区",
}

// fromInferred reads a row of the recorded lots. They were never named or surveyed: the name is made of
// district, surroundings and id, and there are no coordinates. Capacity is the larger of the published
// and the observed number of cars. Their stays were measured by locks in the bays ("lockdown time"), so
// they have no barriers.
func fromInferred(text json.RawMessage) (Lot, *problem) {
	var row inferredRow
	if err := json.Unmarshal(text, &row); err != nil {
		return Lot{Code: row.Lot}, misread(err)
	}
	city, district := chinese(row.City), chinese(row.District)
	lot := Lot{
		Code: row.Lot, Region: Mainland, City: city, District: district,
		Address:  chinese(row.Province) + city + district,
		Capacity: max(row.Spaces, row.Peak),
	}
	if lot.Code != "" {
		lot.Name = district + surroundings[row.Surrounding] + lot.Code + "停车场"
	}
	schedule, wrong := row.schedule()
	if wrong != nil {
		return lot, wrong
	}
	lot.Tariff, lot.TariffText = schedule, summary(schedule)
	return lot, nil
}

// chinese is the part of a two-language name before the space.
func chinese(name string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	return first
}

func (row *inferredRow) schedule() (*tariff.Schedule, *problem) {
	var schedule tariff.Schedule
	for i, version := range row.Versions {
		field := fmt.Sprintf("inferredTariffVersions[%d]", i)
		from, fromOK := shanghaiDate(version.EffectiveFrom)
		to, toOK := shanghaiDate(version.EffectiveTo)
		if !fromOK || !toOK {
			return nil, &problem{field, "has a date that is not YYYY-MM-DD"}
		}
		table, ok := version.Rule.table()
		if !ok {
			return nil, &problem{field + ".rule", "is neither a base with increments nor a list of bands"}
		}
		schedule.Versions = append(schedule.Versions, tariff.Version{From: from, To: to, Tables: []tariff.RateTable{table}})
	}
	if err := schedule.Validate(); err != nil {
		return nil, badTariff(err)
	}
	return &schedule, nil
}

func shanghaiDate(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	date, err := time.ParseInLocation(time.DateOnly, text, clock.Shanghai)
	return date, err == nil
}

// table turns the rule into a rate table. A stay is free while it is under the limit; a tariff's free
// minutes include their last, hence one less.
func (r inferredRule) table() (tariff.RateTable, bool) {
	table := tariff.RateTable{Free: tariff.Free{Minutes: max(0, r.FreeIfUnderMinutes-1), Kind: tariff.Threshold}}
	if r.CycleMinutes != 0 {
		table.Cycle = tariff.Cycle{Window: tariff.FromEntry, Minutes: r.CycleMinutes, CapFen: r.CycleCapFen}
	}
	switch {
	case r.Base != nil && r.Increment != nil && len(r.Bands) == 0:
		table.Collections = tariff.AllDay(
			tariff.RateLine{UpToMinutes: r.Base.Minutes, Fen: r.Base.FeeFen},
			tariff.RateLine{UnitMinutes: r.Increment.UnitMinutes, Fen: r.Increment.FeeFen, Rounding: r.Increment.Rounding},
		)
	case r.Base == nil && len(r.Bands) > 0 && r.AfterBands != nil:
		bands := make([]tariff.Band, len(r.Bands))
		for i, band := range r.Bands {
			bands[i] = tariff.Band{UpToMinutes: band.UpToMinutes, Fen: band.FeeFen}
		}
		table.Collections = tariff.AllDay(tariff.StepBands(r.AfterBands.FeeFen, bands...)...)
	default:
		return tariff.RateTable{}, false
	}
	return table, true
}

// summary is the newest version in words.
func summary(s *tariff.Schedule) string {
	return s.Versions[len(s.Versions)-1].Tables[0].Summary()
}
