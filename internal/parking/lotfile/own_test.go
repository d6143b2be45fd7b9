package lotfile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/clock"
	"parkbff/internal/parking/geo"
	"parkbff/internal/place"
)

const fullRow = `{
	"code": "SZ-001", "name": " 万象城停车场 ", "region": "CN", "city": "深圳", "district": "罗湖",
	"address": "宝安南路1881号", "location": {"latitude": 22.54, "longitude": 114.11, "datum": "GCJ02"},
	"capacity": 800, "barrier": false, "gates": [{"code": "E1", "direction": "ENTRY"}, {"code": "X1", "direction": "EXIT"}],
	"openingHours": "24小时", "maxHeightCentimetres": 210, "evBays": 20, "accessibleBays": 8,
	"phone": "0755-82668266", "capabilities": ["VOUCHERS", "LOCATE_VEHICLE"],
	"entrances": [{"name": "东门", "latitude": 22.541, "longitude": 114.111, "address": "宝安\u0000南路"}],
	"pictures": [{"url": "https://example.com/east.jpg", "altText": "东门入口"}],
	"tariffText": "首小时10元",
	"tariff": {"versions": [{"tables": [{"collections": [{"lines": [{"unitMinutes": 60, "fen": 1000}]}]}]}]}
}`

func TestAFullRowOfTheHousesOwnKindIsReadWhole(t *testing.T) {
	lot := onlyLot(t, `{"lots": [`+fullRow+`]}`)

	schedule := lot.Tariff
	lot.Tariff = nil
	want := Lot{
		Code: "SZ-001", Name: "万象城停车场", Region: Mainland, City: "深圳", District: "罗湖", Address: "宝安南路1881号",
		Location: &Location{Point: geo.Point{Latitude: 22.54, Longitude: 114.11}, Datum: GCJ02},
		Capacity: 800, Barrier: false,
		Gates:        []Gate{{"E1", Entry}, {"X1", Exit}},
		Capabilities: []string{"VOUCHERS", "LOCATE_VEHICLE"},
		Facts: place.Facts{
			OpeningHours: "24小时", MaxHeightCentimetres: 210, EVBays: 20, AccessibleBays: 8, Phone: "0755-82668266",
			Entrances: []place.Entrance{{Name: "东门", Latitude: 22.541, Longitude: 114.111, Address: "宝安 南路"}},
			Pictures:  []place.Picture{{URL: "https://example.com/east.jpg", AltText: "东门入口"}},
		},
		TariffText: "首小时10元",
	}
	if diff := cmp.Diff(want, lot); diff != "" {
		t.Error(diff)
	}
	if got := priceFor(t, schedule, time.Date(2026, 11, 21, 8, 0, 0, 0, clock.Shanghai), 61); got != 2000 {
		t.Errorf("61 minutes cost %d fen", got)
	}
}

func TestWhatARowDoesNotSayHasADefault(t *testing.T) {
	lot := onlyLot(t, `{"lots": [{"code": "A", "name": "南山停车场", "city": "深圳", "capacity": 0}]}`)
	want := Lot{
		Code: "A", Name: "南山停车场", Region: Mainland, City: "深圳", Barrier: true, Gates: []Gate{{"G1", Both}},
	}
	if diff := cmp.Diff(want, lot); diff != "" {
		t.Error(diff)
	}
}

func TestARowThatIsNoLotIsRejectedWithItsReason(t *testing.T) {
	for _, c := range []struct{ change, field, reason string }{
		{`"code": ""`, "code", "is missing"},
		{`"code": "粤B12345"`, "code", shapeOfCode},
		{`"name": " \u0007 "`, "name", "is missing"},
		{`"name": "` + strings.Repeat("停", 101) + `"`, "name", "is longer than 100 characters"},
		{`"city": ""`, "city", "is missing"},
		{`"region": "US"`, "region", "is not CN, HK, MO or TW"},
		{`"capacity": -1`, "capacity", "is not between 0 and 100000"},
		{`"capacity": "many"`, "capacity", "is a JSON string, which does not belong there"},
		{`"evBays": 1.5`, "evBays", "is a JSON number, which does not belong there"},
		{`"phone": 13812341234`, "phone", "is a JSON number, which does not belong there"},
		{`"location": {"latitude": "22"}`, "location.latitude", "is a JSON string, which does not belong there"},
		{`"maxHeightCentimetres": 100000`, "maxHeightCentimetres", "is not between 0 and 2000"},
		{`"location": {"datum": "WGS84"}`, "location", "is no place on land"},
		{`"location": {"latitude": 114, "longitude": 22.5, "datum": "WGS84"}`, "location", "is no place on land"},
		{`"location": {"latitude": 22.5, "longitude": 114, "datum": "BD09"}`, "location.datum", "is not WGS84 or GCJ02"},
		{`"location": {"latitude": 22.5, "longitude": 114}`, "location.datum", "is not WGS84 or GCJ02"},
		{`"entrances": [{"latitude": 91, "longitude": 1}]`, "entrances[0]", "is no place on land"},
		{`"gates": [{"code": "G1", "direction": "BOTH"}, {"code": "G1", "direction": "EXIT"}]`, "gates[1].code", "names an earlier gate too"},
		{`"gates": [{"code": "G1", "direction": "UP"}]`, "gates[0].direction", shapeOfDirection},
		{`"gates": [{"code": "", "direction": "EXIT"}]`, "gates[0].code", shapeOfCode},
		{`"pictures": [{"url": "http://example.com/a.jpg", "altText": "东门"}]`, "pictures[0].url", "is no https address of at most 500 characters"},
		{`"pictures": [{"url": "https://example.com/a.jpg"}]`, "pictures[0].altText", "is missing"},
		{`"capabilities": ["VOUCHERS", "VOUCHERS"]`, "capabilities[1]", "is no name in capital letters, or stands there twice"},
		{`"capabilities": ["vouchers"]`, "capabilities[0]", "is no name in capital letters, or stands there twice"},
		{`"colour": "red"`, "colour", "is not a field of a lot"},
		{`"location": {"lat": 1}`, "lat", "is not a field of a lot"},
		{`"tariff": {"versions": []}`, "tariff.versions", "is not valid: none or too many"},
		{`"tariff": 5`, "tariff", "is not valid: not the JSON of a tariff"},
		{`"region": "HK", "tariff": {"versions": [{"tables": [{"collections": [{"lines": [{"fen": 0}]}]}]}]}`, "tariff", "is in fen of CNY: a lot outside the mainland has tariffText only"},
	} {
		t.Run(c.change[:min(len(c.change), 40)], func(t *testing.T) {
			row := fmt.Sprintf(`{"code": "A", "name": "南山停车场", "city": "深圳", "capacity": 1, %s}`, c.change)
			lots, rejected, err := Read(strings.NewReader(`{"lots": [` + row + `]}`))
			if err != nil || len(lots) != 0 || len(rejected) != 1 {
				t.Fatalf("%d lots, %d rejected, %v", len(lots), len(rejected), err)
			}
			got := rejected[0]
			if got.Row != 1 || got.Field != c.field || got.Reason != c.reason {
				t.Errorf("rejected for %q: %q, want %q: %q", got.Field, got.Reason, c.field, c.reason)
			}
		})
	}
}

func TestTheListsOfARowAreBounded(t *testing.T) {
	for field, item := range map[string]string{
		"gates":        `{"code": "G%d", "direction": "EXIT"}`,
		"entrances":    `{"name": "%d", "latitude": 1, "longitude": 1}`,
		"pictures":     `{"url": "https://example.com/%d", "altText": "a"}`,
		"capabilities": `"C%d"`,
	} {
		items := make([]string, 101)
		for i := range items {
			items[i] = fmt.Sprintf(item, i)
		}
		row := fmt.Sprintf(`{"code": "A", "name": "n", "city": "c", "capacity": 1, %q: [%s]}`, field, strings.Join(items, ","))
		_, rejected, err := Read(strings.NewReader(`{"lots": [` + row + `]}`))
		if err != nil || len(rejected) != 1 || rejected[0].Field != field {
			t.Errorf("%s: %+v, %v", field, rejected, err)
		}
	}
}
