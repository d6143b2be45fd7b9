package replay

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"parkbff/internal/clock"
	"parkbff/internal/cnid"
)

func parsed(t interface{ Fatal(...any) }, plate string) cnid.Plate {
	p, err := cnid.ParsePlate(plate, plateColor)
	if err != nil || p.Text() != plate || p.Kind() != cnid.Ordinary {
		t.Fatal("not an ordinary plate")
	}
	return p
}

func TestNoTwoPlatesDifferInOneCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]string{lettersOfStays, lettersOfAccounts})
		number := rapid.Uint64Range(0, plateCount(lettersOfAccounts)-1)
		a := parsed(t, encodePlate(number.Draw(t, "a"), letters.Draw(t, "letters")))
		// One character of it is read as another.
		runes := []rune(a.Text())
		at := rapid.IntRange(0, len(runes)-1).Draw(t, "at")
		pool := characters
		if at == 0 {
			pool = provinces
		}
		runes[at] = rapid.SampledFrom([]rune(pool)).Draw(t, "instead")
		if misread := string(runes); misread != a.Text() && hasCheck(misread) {
			t.Error("a misread plate is one of ours too")
		}
	})
}

// hasCheck holds when the last character of a plate is the check over the others.
func hasCheck(plate string) bool {
	runes := []rune(plate)
	sum := slices.Index(provinceRunes, runes[0])
	for _, c := range runes[1:6] {
		sum += strings.IndexRune(characters, c)
	}
	return rune(characters[sum%len(characters)]) == runes[6]
}

func TestEveryRowOfALotHasAPlateOfItsOwn(t *testing.T) {
	seen := map[string]bool{}
	for row := 1; row <= 50_000; row++ {
		seen[plateOf(set{}, "P8", row)] = true
	}
	for number := range 10_000 {
		seen[plateOfAccount(number)] = true
	}
	if len(seen) != 60_000 {
		t.Errorf("%d plates", len(seen))
	}
	if plateOf(newSet(3), "P8", 7) == plateOf(set{}, "P8", 7) {
		t.Error("another set has other plates")
	}
}

func TestRecordsAreReadInEitherEncodingAndAnyOrder(t *testing.T) {
	const text = "Lockdown Time,Lockup Time,cost,status（0 for unstable，1 for stable）\r\n" +
		"2019/3/12 11:26,2019/3/12 11:28,2.5,1\r\n2018/12/31 23:59,2018/12/31 23:59,0.15,0\r\n"
	local := func(year int, month time.Month, day, hour, minute int) time.Time {
		return time.Date(year, month, day, hour, minute, 0, 0, clock.Shanghai).UTC()
	}
	want := []record{
		{1, local(2019, 3, 12, 11, 26), local(2019, 3, 12, 11, 28), 250, true},
		{2, local(2018, 12, 31, 23, 59), local(2018, 12, 31, 23, 59), 15, false},
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, encoded := range []string{text, gb, "\ufeff" + text, strings.ReplaceAll(text, "\r", "")} {
		got, err := readRecords([]byte(encoded))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestABadRowIsNamedByItsLine(t *testing.T) {
	for _, row := range []string{
		"x,2019/3/12 11:28,0,1", "2019/3/12 11:28,2019/3/12 11:27,0,1", "2019/3/12 11:28,2019/3/12 11:29,-1,1",
		"2019/3/12 11:28,2019/3/12 11:29,1.234,1", "2019/3/12 11:28,2019/3/12 11:29,1,2",
	} {
		_, err := readRecords([]byte("Lockdown Time,Lockup Time,cost,status\n2019/3/12 11:26,2019/3/12 11:28,2.5,1\n" + row + "\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "line 3: ") {
			t.Errorf("%s: %v", row, err)
		}
	}
	if _, err := readRecords([]byte("Lockdown Time,cost,status\n")); err == nil {
		t.Error("a heading without the departure was accepted")
	}
}

func FuzzRecords(f *testing.F) {
	f.Add([]byte("Lockdown Time,Lockup Time,cost,status\n2019/3/12 11:26,2019/3/12 11:28,2.5,1\n"))
	f.Add([]byte("\xef\xbb\xbf,,\n\x80\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, err := readRecords(text)
		if err != nil {
			return
		}
		for i, r := range records {
			if r.row != i+1 || r.exit.Before(r.enter) || r.feeFen < 0 {
				t.Errorf("row %d is nonsense", i+1)
			}
		}
	})
}

func TestAVehicleIsNeverInTwoPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lots := rapid.IntRange(1, 4).Draw(t, "lots")
		people := accountsOf(set{}, rapid.IntRange(0, 9).Draw(t, "accounts"))
		visits := map[string][]record{}
		for lot := range lots {
			records := drawRecords(t)
			for row, plate := range cast(records, people, lot, lots) {
				visits[plate] = append(visits[plate], records[row-1])
			}
		}
		for _, stays := range visits {
			stays = byArrival(stays)
			for i := 1; i < len(stays); i++ {
				if stays[i].enter.Sub(stays[i-1].exit) < apart {
					t.Errorf("%s follows upon %s", stays[i].enter, stays[i-1].exit)
				}
			}
		}
	})
}

func drawRecords(t *rapid.T) []record {
	records := make([]record, rapid.IntRange(0, 200).Draw(t, "records"))
	for i := range records {
		enter := time.Date(2019, 3, 1, 0, rapid.IntRange(0, 30*24*60).Draw(t, "enter"), 0, 0, time.UTC)
		stay := time.Duration(rapid.IntRange(0, 4*24*60).Draw(t, "minutes")) * time.Minute
		records[i] = record{row: i + 1, enter: enter, exit: enter.Add(stay)}
	}
	return records
}

func TestAccountsVisitTheLots(t *testing.T) {
	records := make([]record, 2000)
	for i := range records {
		enter := time.Date(2019, 1, 1, i, 0, 0, 0, time.UTC)
		records[i] = record{row: i + 1, enter: enter, exit: enter.Add(time.Hour)}
	}
	if got := len(cast(records, accountsOf(set{}, 5), 0, 1)); got < 190 || got > 200 {
		t.Errorf("%d of 2000 stays are given away, want nearly every tenth", got)
	}
	if got := cast(records, accountsOf(set{}, 0), 0, 1); len(got) != 0 {
		t.Error("nobody is there to take stays")
	}
}

func TestObservationsComeInOrderOfTime(t *testing.T) {
	at := time.Date(2019, 3, 1, 0, 0, 0, 0, time.UTC)
	stays := []stay{
		{record: record{row: 1, enter: at.Add(time.Hour), exit: at.Add(2 * time.Hour)}},
		{record: record{row: 2, enter: at, exit: at}},
		{record: record{row: 3, enter: at, exit: at.Add(time.Hour)}},
	}
	var got []string
	for _, o := range observationsOf(stays) {
		got = append(got, set{}.eventID("P1", o.stay.row, o.direction))
	}
	want := []string{"P1-2-in", "P1-3-in", "P1-2-out", "P1-1-in", "P1-3-out", "P1-1-out"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheShiftIsTheMostWeeksThatDoNotPassNow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Int64Range(1_400_000_000, 1_900_000_000)
		now, last := time.Unix(moment.Draw(t, "now"), 0), time.Unix(moment.Draw(t, "last"), 0)
		shifted := newSet(weeksUntil(now, last)).shift(last)
		if age := now.Sub(shifted); age < 0 || age >= week {
			t.Errorf("the last stay ended %s ago", age)
		}
	})
}

func TestAccountsOfDifferentSetsAreDifferent(t *testing.T) {
	seen := map[string]bool{}
	for _, weeks := range []int{-1, 0, 1, 377} {
		for _, a := range accountsOf(newSet(weeks), 100) {
			if _, err := cnid.ParseMobile(a.mobile); err != nil {
				t.Fatal("not a mobile")
			}
			id, err := cnid.ParseResidentID(residentID(a.number))
			if err != nil || id.AgeOn(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) < 18 {
				t.Fatal("not an adult's number")
			}
			seen[a.mobile], seen[id.Text()] = true, true
		}
	}
	if len(seen) != 800 {
		t.Errorf("%d mobiles and numbers", len(seen))
	}
}
