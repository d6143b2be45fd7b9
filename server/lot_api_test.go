package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/internal/parking/geo"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/place"
	"parkbff/internal/testkit"
	"parkbff/server/servertest"
)

// placedLots lie in a row to the north of 罗湖: at 0, 1.1, 2.2 and 11 kilometres. The last has ten bays.
func placedLots() []lotfile.Lot {
	lots := servertest.Lots()
	for i, north := range []float64{0, 0.01, 0.02, 0.1} {
		lots[i].Location = &lotfile.Location{Point: geo.Point{Latitude: 22.54 + north, Longitude: 114.11}, Datum: lotfile.WGS84}
	}
	lots[3].Capacity = 10
	lots[0].Facts = place.Facts{
		OpeningHours: "07:00-23:00", MaxHeightCentimetres: 210, EVBays: 20, AccessibleBays: 8, Phone: "0755-82668266",
		Entrances: []place.Entrance{{Name: "东门", Latitude: 22.541, Longitude: 114.111, Address: "宝安南路"}},
		Pictures:  []place.Picture{{URL: "https://example.com/east.jpg", AltText: "东门入口，红色立柱之间"}},
	}
	return lots
}

const near = `query($near: PointInput, $radius: Int, $search: String, $first: Int, $after: String) {
	lots(near: $near, radiusMeters: $radius, search: $search, first: $first, after: $after) {
		edges { cursor distanceMeters node { code name tariffText vacancy { band bays asOf } } } pageInfo { hasNextPage endCursor }
	}
}`

func codes(a *servertest.Answer) string {
	edges, _ := servertest.Nodes(a.OK().Shown(), "lots").([]any)
	var all []string
	for _, lot := range edges {
		all = append(all, servertest.Part(lot, "code").(string))
	}
	return strings.Join(all, " ")
}

func TestAnybodyFindsLotsNearby(t *testing.T) {
	testkit.Covers(t, "R006", "R011")
	servertest.EachWith(t, servertest.Options{Lots: placedLots()}, func(t *testing.T, h *servertest.House) {
		anyone := h.Anonymous()
		here := servertest.Vars{"latitude": 22.5601, "longitude": 114.11}
		for want, asked := range map[string]servertest.Vars{
			"WXH WXT WXC":     {"near": here},
			"WXH":             {"near": here, "radius": 500},
			"WXH WXT WXC WXR": {"near": here, "radius": 50000},
			"WXT":             {"near": here, "search": "天地"},
			"WXC WXT WXH WXR": {},
			"WXR":             {"search": "万象荣"},
			"":                {"near": servertest.Vars{"latitude": 39.9, "longitude": 116.4}},
		} {
			if got := codes(anyone.Asks(near, asked)); got != want {
				t.Errorf("%v finds %q, not %q", asked, got, want)
			}
		}
		anyone.Asks(near, servertest.Vars{"near": here, "radius": 500}).OK().
			MustContain(`"distanceMeters":11,"node":{"code":"WXH","name":"万象汇停车场","tariffText":"首15分钟免费，每小时5元"`)

		page := anyone.Asks(near, servertest.Vars{"near": here, "first": 2})
		if got := codes(page); got != "WXH WXT" {
			t.Errorf("the first page is %q", got)
		}
		page.MustContain(`"hasNextPage":true`)
		if got := codes(anyone.Asks(near, servertest.Vars{"near": here, "first": 2, "after": page.String("lots.pageInfo.endCursor")})); got != "WXC" {
			t.Errorf("the second page is %q", got)
		}
		for _, first := range []int{0, -1, 101} {
			anyone.Asks(near, servertest.Vars{"first": first}).MustBeRefused("BAD_USER_INPUT").MustNotContain("WXC")
		}
		anyone.Asks(near, servertest.Vars{"after": "AAAA"}).MustBeRefused("INVALID_CURSOR")
		for lot, want := range map[string]string{"WXC": `{"code":"WXC","name":"万象城停车场"}`, "NOWHERE": `{"lot":null}`} {
			anyone.Asks(`query($c: String!) { lot(code: $c) { code name } }`, servertest.Vars{"c": lot}).OK().MustContain(want)
		}
	})
}

func TestNothingButNearnessNeedsALocation(t *testing.T) {
	testkit.Covers(t, "R011")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		anyone := h.Anonymous()
		anyone.Asks(near, servertest.Vars{"radius": 500}).MustBeRefused("LOCATION_NOT_PROVIDED").MustContain(`"field":"near"`)
		anyone.Asks(near, servertest.Vars{"near": servertest.Vars{"latitude": 91, "longitude": 0}}).MustBeRefused("BAD_USER_INPUT").MustNotContain("91")
		anyone.Asks(near, servertest.Vars{}).OK().MustContain("WXC", `"distanceMeters":null`)

		asked := anyone.Asks(`{ __schema { types { fields { name args { name type { name kind } } } inputFields { name type { name ofType { name } } } } } }`).OK()
		if n := strings.Count(asked.Text, `"PointInput"`); n != 1 {
			t.Errorf("a point is taken in %d places, and only lots(near:) may take one", n)
		}
		asked.MustContain(`{"name":"near","type":{"name":"PointInput","kind":"INPUT_OBJECT"}}`) // nullable
	})
}

func TestALotShowsWhatAPersonMustKnowBeforeDrivingThere(t *testing.T) {
	testkit.Covers(t, "P01")
	servertest.EachWith(t, servertest.Options{Lots: placedLots()}, func(t *testing.T, h *servertest.House) {
		got := h.Anonymous().Asks(`{ lot(code: "WXC") {
			name region city district address capacity barrier openingHours maxHeightCentimetres evBays accessibleBays phone
			position { latitude longitude datum } entrances { name latitude longitude address } pictures { url altText } gates { code }
		} other: lot(code: "WXT") { openingHours maxHeightCentimetres evBays accessibleBays phone entrances { name } pictures { url } } }`)
		want := map[string]any{
			"lot": map[string]any{
				"name": "万象城停车场", "region": "CN", "city": "深圳", "district": "罗湖", "address": "宝安南路1881号",
				"capacity": 100.0, "barrier": true, "openingHours": "07:00-23:00", "maxHeightCentimetres": 210.0,
				"evBays": 20.0, "accessibleBays": 8.0, "phone": "0755-82668266",
				"position":  map[string]any{"latitude": 22.54, "longitude": 114.11, "datum": "WGS84"},
				"entrances": []any{map[string]any{"name": "东门", "latitude": 22.541, "longitude": 114.111, "address": "宝安南路"}},
				"pictures":  []any{map[string]any{"url": "https://example.com/east.jpg", "altText": "东门入口，红色立柱之间"}},
				"gates":     "!FACT_REQUIRED",
			},
			"other": map[string]any{
				"openingHours": nil, "maxHeightCentimetres": nil, "evBays": nil, "accessibleBays": nil, "phone": nil,
				"entrances": []any{}, "pictures": []any{},
			},
		}
		if diff := cmp.Diff(want, got.Shown()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestFreeBaysArePublishedNowAndThenAndOfSmallLotsOnlyRoughly(t *testing.T) {
	testkit.Covers(t, "R006")
	servertest.EachWith(t, servertest.Options{Lots: placedLots()}, func(t *testing.T, h *servertest.House) {
		const vacancies = `{ big: lot(code: "WXC") { vacancy { band bays } } small: lot(code: "WXR") { vacancy { band bays } } }`
		publish := func() {
			if err := h.Parking.RefreshVacancies(h.AsSystem()); err != nil {
				t.Fatal(err)
			}
		}
		for start := time.Now(); strings.Contains(h.Anonymous().Asks(vacancies).Text, "UNKNOWN") && time.Since(start) < 5*time.Second; {
			time.Sleep(5 * time.Millisecond) // the house's own first count, lest it come later than it is asked for here
		}
		publish()
		watch := h.Anonymous().Watches(`subscription { lotOccupancyChanged(lotCode: "WXC") { code vacancy { bays } } }`)
		watch.Next().MustContain(`{"code":"WXC","vacancy":{"bays":100}}`)
		before := h.Anonymous().Asks(vacancies).OK().MustContain(`"big":{"vacancy":{"band":"PLENTY","bays":100}},"small":{"vacancy":{"band":"PLENTY","bays":null}}`)
		h.Gate("WXC").Sees("粤B12345", servertest.Entering, servertest.Morning).OK()
		h.Gate("WXR").Sees("粤B67890", servertest.Entering, servertest.Morning).OK()
		mustBeEqual(t, "before the next count", before, h.Anonymous().Asks(vacancies))
		publish()
		watch.Next().MustContain(`{"bays":99}`).MustNotContain("12345")
		h.Anonymous().Asks(vacancies).OK().MustContain(`"big":{"vacancy":{"band":"PLENTY","bays":99}},"small":{"vacancy":{"band":"PLENTY","bays":null}}`)
		h.Anonymous().Watches(`subscription { lotOccupancyChanged(lotCode: "NOWHERE") { code } }`).Refused().MustBeRefused("UNKNOWN_LOT")
	})
}

func TestACountOfNoneEndsWhatNoGateSawLeave(t *testing.T) {
	testkit.Covers(t, "R004")
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		const count = `mutation($in: RecordLotCountInput!) { recordLotCount(input: $in) { ghosts userErrors { code field } } }`
		counting := func(lot string, occupied int, at time.Time) servertest.Vars {
			return servertest.Vars{"in": servertest.Vars{"lotCode": lot, "occupied": occupied, "countedAt": at}}
		}
		gate, staff, owner := h.Gate("WXC"), h.Staff("WXC"), h.Bound("APP", "粤B12345")
		stay := idOf(gate.Sees("粤B12345", servertest.Entering, servertest.Morning))
		h.Clock.Pass(5 * time.Minute)
		now := h.Clock.Now()
		for code, wrong := range map[string]servertest.Vars{
			"UNKNOWN_LOT": counting("NOWHERE", 0, now), "INVALID_LOT_COUNT": counting("WXC", -1, now),
			"OBSERVED_IN_FUTURE": counting("WXC", 0, now.Add(time.Hour)), "FORBIDDEN": counting("WXT", 0, now),
		} {
			staff.Asks(count, wrong).MustBeRefused(code)
		}
		h.Anonymous().Asks(count, counting("WXC", 0, now)).MustBeRefused("UNAUTHENTICATED")
		owner.Asks(count, counting("WXC", 0, now)).MustBeRefused("FORBIDDEN")
		staff.Asks(count, counting("WXC", 3, now)).OK().MustContain(`"ghosts":0`)
		staff.Asks(count, counting("WXC", 0, now)).OK().MustContain(`"ghosts":1`)
		owner.Asks(stayNode, servertest.Vars{"id": stay}).MustContain(`"state":"GHOST"`, `"feeFen":0`, `"exitedAt":null`)
		owner.Asks(openStays).OK().MustContain(`"edges":[]`)
	})
}
