package demo

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/ent/observation"
	"parkbff/internal/clock"
	"parkbff/internal/cnid"
	"parkbff/internal/parking/lotfile"
	"parkbff/internal/privacy"
	"parkbff/internal/tariff"
	"parkbff/internal/viewer"
)

// monday is a working day at 10:30 in Shanghai.
var monday = time.Date(2026, 7, 6, 10, 30, 0, 0, clock.Shanghai)

func TestEveryLotIsReadAndPriced(t *testing.T) {
	for _, lot := range theLots(t) {
		if lot.Tariff == nil || lot.TariffText == "" || lot.Location == nil || lot.OpeningHours == "" {
			t.Errorf("%s lacks a fact", lot.Code)
			continue
		}
		for _, energy := range []tariff.Energy{tariff.Fuel, tariff.Electric} {
			charge, err := lot.Tariff.Price(tariff.Stay{Enter: monday, Exit: monday.Add(3 * time.Hour), Energy: energy}, tariff.Calendar{})
			if err != nil || charge.Fen <= 0 || charge.Fen > 100_00 {
				t.Errorf("%s: three hours cost %d fen, %v", lot.Code, charge.Fen, err)
			}
		}
	}
}

func TestAHurriedStayCostsSomethingInMostLotsOfTheAccounts(t *testing.T) {
	paid := 0
	lots := theLots(t)
	for _, lot := range lots {
		charge, err := lot.Tariff.Price(tariff.Stay{Enter: monday, Exit: monday.Add(65 * time.Second)}, tariff.Calendar{})
		if err != nil {
			t.Fatal(err)
		}
		if charge.Fen > 0 {
			paid++
		}
	}
	if paid < 6 {
		t.Errorf("only %d of %d lots charge for a minute", paid, len(lots))
	}
}

func TestThreeLotsOfACityShareTheirHalfMask(t *testing.T) {
	lots := theLots(t)
	names := make([]privacy.LotName, len(lots))
	for i, lot := range lots {
		names[i] = privacy.LotName{City: lot.City, Name: lot.Name}
	}
	wearing := map[string]int{}
	for i, half := range privacy.HalfMaskNames(names) {
		wearing[names[i].City+" "+half]++
	}
	want := map[string]int{"深圳 深圳***停车场": 4, "杭州 杭州***停车场": 3, "北京 ***停车场": 1, "成都 ***停车场": 1}
	if diff := cmp.Diff(want, wearing); diff != "" {
		t.Error(diff)
	}
}

func TestOneLotHasNoBarrier(t *testing.T) {
	open := slices.DeleteFunc(theLots(t), func(l lotfile.Lot) bool { return l.Barrier })
	if len(open) != 1 {
		t.Errorf("%d lots without a barrier", len(open))
	}
}

func TestEachTierHasAnAccountWithTheVehiclesItNeeds(t *testing.T) {
	var tiers []viewer.Tier
	seen := map[string]bool{}
	for _, a := range theAccounts(t) {
		tiers = append(tiers, a.Tier)
		if _, err := cnid.ParseMobile(a.Mobile); err != nil || seen[a.Mobile] {
			t.Errorf("the mobile of %s is wrong or taken", a.Tier)
		}
		seen[a.Mobile] = true
		unverified := 0
		for _, v := range a.Vehicles {
			if !v.Verified {
				unverified++
			}
			if cityOf(v.Plate) == "" {
				t.Errorf("a vehicle of %s drives nowhere", a.Tier)
			}
		}
		if unverified > 2 {
			t.Errorf("%s has no room for a newcomer's own plate", a.Tier)
		}
	}
	want := []viewer.Tier{viewer.TierRegistered, viewer.TierPlateBound, viewer.TierFollowed, viewer.TierVerified}
	if diff := cmp.Diff(want, tiers); diff != "" {
		t.Error(diff)
	}
}

func TestThePageLearnsTierMobileAndChannelOnly(t *testing.T) {
	handler, err := Handler(theAccounts(t))
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest("GET", "/dev/demo", nil))
	var rows []map[string]string
	if err := json.Unmarshal(response.Body.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"tier": "FOLLOWED", "mobile": "13900000003", "channel": "WECHAT_MINI"}, rows[2]); diff != "" {
		t.Error(diff)
	}
}

func TestNoTwoPlatesAreOneMisreadingApart(t *testing.T) {
	plates := theTimetable(t, monday, 1).plates
	for i, p := range plates {
		if p.Kind() != cnid.Ordinary && p.Kind() != cnid.NewEnergySmall {
			t.Fatalf("a plate of kind %s", p.Kind())
		}
		for _, q := range plates[:i] {
			if p == q || p.NearTo(q) {
				t.Fatalf("plates of one list are equal or near to each other")
			}
		}
	}
	t.Logf("%d cars", len(plates))
}

func TestPlatesOfDifferentNumbersDifferInTwoCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 9_999).Draw(t, "n")
		m := rapid.IntRange(0, 9_999).Filter(func(m int) bool { return m != n }).Draw(t, "m")
		for _, draw := range []func(string, int) (cnid.Plate, error){bluePlate, greenPlate} {
			p, errP := draw("粤B", n)
			q, errQ := draw("浙A", m)
			same, errS := draw("粤B", m)
			if errP != nil || errQ != nil || errS != nil {
				t.Fatal(errP, errQ, errS)
			}
			if p == same || p.NearTo(same) || p.NearTo(q) {
				t.Fatal("two plates are too near")
			}
		}
	})
}

func TestTheStreamIsInOrderAndNoCarIsInTwoPlaces(t *testing.T) {
	table := theTimetable(t, monday.Add(-History), 1)
	events := slices.Concat(table.UpTo(monday), table.Between(monday, monday.Add(2*time.Hour)))
	checkOrder(t, events[:len(table.UpTo(monday))])
	checkOrder(t, events[len(table.UpTo(monday)):])

	parked := map[cnid.Plate]string{}
	ids := map[string]bool{}
	misread := 0
	for _, e := range events {
		if ids[e.ID] || len(e.ID) > 64 {
			t.Fatalf("event id %s is used twice or too long", e.ID)
		}
		ids[e.ID] = true
		here, inside := parked[e.Plate]
		switch {
		case e.Direction == observation.DirectionENTRY && inside && here != e.LotCode:
			t.Fatalf("a car in %s enters %s", here, e.LotCode)
		case e.Direction == observation.DirectionENTRY:
			parked[e.Plate] = e.LotCode
		case inside && here == e.LotCode:
			delete(parked, e.Plate)
		case !inside && nearest(e.Plate, table.plates) == 1:
			misread++
		default:
			t.Fatalf("a car leaves %s that is not there", e.LotCode)
		}
	}
	if misread == 0 {
		t.Error("no exit was misread")
	}
	t.Logf("%d events, %d misread", len(events), misread)
}

func TestSomethingHappensEveryFewSeconds(t *testing.T) {
	table := theTimetable(t, monday.Add(-History), 1)
	for _, at := range []time.Time{monday, monday.Add(12 * time.Hour)} {
		events := table.Between(at, at.Add(10*time.Minute))
		own := slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return !e.own })
		if every := 10 * time.Minute / time.Duration(len(events)); every > 8*time.Second {
			t.Errorf("at %s an event every %s only", at.Format("15:04"), every)
		}
		if every := 10 * time.Minute / time.Duration(len(own)); every > 12*time.Second {
			t.Errorf("at %s an event of the accounts' cars every %s only", at.Format("15:04"), every)
		}
	}
}

func TestALotFillsByDayAndNeverBeyondItsBays(t *testing.T) {
	table := theTimetable(t, monday.Add(-History), 1)
	for _, lot := range theLots(t) {
		byHour := map[int]int{}
		for _, hour := range []int{4, 13} {
			at := time.Date(2026, 7, 6, hour, 0, 0, 0, clock.Shanghai)
			for _, s := range table.fleets[0].around(seed, at, at) {
				if s.lot == lot.Code {
					byHour[hour]++
				}
			}
		}
		if byHour[13] > lot.Capacity || byHour[13] <= byHour[4] {
			t.Errorf("%s of %d bays: %d cars at 4, %d at 13 o'clock", lot.Code, lot.Capacity, byHour[4], byHour[13])
		}
		t.Logf("%s: %d and %d of %d", lot.Code, byHour[4], byHour[13], lot.Capacity)
	}
}

func TestTheSameMomentsAreToldTheSameWay(t *testing.T) {
	since := monday.Add(-History)
	table, again := theTimetable(t, since, 1), theTimetable(t, since, 1)
	rapid.Check(t, func(t *rapid.T) {
		cut := time.Duration(rapid.Int64Range(1, int64(10*time.Minute)).Draw(t, "cut"))
		end := monday.Add(10 * time.Minute)
		whole := table.Between(monday, end)
		parts := slices.Concat(again.Between(monday, monday.Add(cut)), again.Between(monday.Add(cut), end))
		if diff := cmp.Diff(whole, parts, cmp.Comparer(func(a, b Event) bool { return a == b })); diff != "" {
			t.Fatal("a stream that was cut differs")
		}
	})
}

func TestAnAccountsPastIsWholeAtTheFirstStart(t *testing.T) {
	table := theTimetable(t, monday.Add(-History), 1)
	stays := map[cnid.Plate]int{}
	for _, e := range table.UpTo(monday) {
		if e.own && e.Direction == observation.DirectionEXIT {
			stays[e.Plate]++
		}
	}
	for _, a := range theAccounts(t) {
		for _, v := range a.Vehicles {
			if n := stays[v.Plate]; n < 8 || n > 24 {
				t.Errorf("a vehicle of %s has %d stays", a.Tier, n)
			}
		}
	}
}

func checkOrder(t *testing.T, events []Event) {
	t.Helper()
	if !slices.IsSortedFunc(events, func(a, b Event) int { return a.At.Compare(b.At) }) {
		t.Fatal("the stream is not in order")
	}
}

func theLots(t *testing.T) []lotfile.Lot {
	t.Helper()
	lots, err := Lots()
	if err != nil {
		t.Fatal(err)
	}
	return lots
}

func theAccounts(t *testing.T) []Account {
	t.Helper()
	accounts, err := Accounts()
	if err != nil {
		t.Fatal(err)
	}
	return accounts
}

func theTimetable(t *testing.T, since time.Time, rate float64) *Timetable {
	t.Helper()
	table, err := NewTimetable(theLots(t), theAccounts(t), since, rate)
	if err != nil {
		t.Fatal(err)
	}
	return table
}
