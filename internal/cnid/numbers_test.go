package cnid_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parkbff/internal/cnid"
)

func TestAVINIsReadWithItsCheckDigit(t *testing.T) {
	for _, raw := range []string{"1M8GDM9AXKP042788", "1m8gdm9axkp042788", "1M8GDM9AX KP-042788", "11111111111111111", "LSGPC52H9GF125161"} {
		v, err := cnid.ParseVIN(raw)
		if err != nil || len(v.Text()) != 17 {
			t.Errorf("%s: %s, %v", raw, v.Text(), err)
		}
	}
	for _, raw := range []string{"", "1M8GDM9AXKP04278", "1M8GDM9AXKP0427888", "1M8GDM9AXKPO42788", "IM8GDM9AXKP042788", "1M8GDM9AXKP04278汉"} {
		if _, err := cnid.ParseVIN(raw); !errors.Is(err, cnid.InvalidVIN) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestAVINOfAnotherMarketMayBeTakenAsItIs(t *testing.T) {
	const imported = "WVWZZZ1KZ6W612305"
	if _, err := cnid.ParseVIN(imported); !errors.Is(err, cnid.VINCheckDigit) || errors.Is(err, cnid.InvalidVIN) {
		t.Fatalf("its check digit: %v", err)
	}
	v, err := cnid.ParseVINUnchecked(imported)
	if err != nil || v.Text() != imported {
		t.Fatalf("%s, %v", v.Text(), err)
	}
}

func TestAMisreadCharacterFailsTheCheckDigitOfAVIN(t *testing.T) {
	const good = "1M8GDM9AXKP042788"
	rapid.Check(t, func(t *rapid.T) {
		// A letter may count as the digit put in its place, so only digits are misread here.
		at := rapid.SampledFrom([]int{0, 2, 6, 11, 12, 13, 14, 15, 16}).Draw(t, "at")
		wrong := []byte(good)
		wrong[at] = '0' + (wrong[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if _, err := cnid.ParseVIN(string(wrong)); !errors.Is(err, cnid.VINCheckDigit) {
			t.Fatalf("%s passes: %v", wrong, err)
		}
	})
}

func TestAResidentIDTellsTheBirthday(t *testing.T) {
	id, err := cnid.ParseResidentID("11010519491231002x")
	if err != nil || id.Text() != "11010519491231002X" {
		t.Fatalf("%s, %v", id.Text(), err)
	}
	shanghai := time.FixedZone("", 8*60*60)
	if want := time.Date(1949, 12, 31, 0, 0, 0, 0, shanghai); !id.BirthDate().Equal(want) {
		t.Errorf("born %v", id.BirthDate())
	}
	for _, c := range []struct {
		at  time.Time
		age int
	}{
		{time.Date(1963, 12, 30, 15, 59, 0, 0, time.UTC), 13}, // 23:59 in Shanghai on the eve
		{time.Date(1963, 12, 30, 16, 0, 0, 0, time.UTC), 14},
		{time.Date(2026, 11, 21, 0, 0, 0, 0, shanghai), 76},
		{time.Date(1949, 12, 31, 0, 0, 0, 0, shanghai), 0},
	} {
		if age := id.AgeOn(c.at); age != c.age {
			t.Errorf("on %v: %d, not %d", c.at, age, c.age)
		}
	}
}

func TestALeapDayChildTurnsOlderInMarch(t *testing.T) {
	id, err := cnid.ParseResidentID(withResidentCheck("44030520080229001"))
	if err != nil {
		t.Fatal(err)
	}
	shanghai := time.FixedZone("", 8*60*60)
	if got := id.AgeOn(time.Date(2022, 2, 28, 23, 0, 0, 0, shanghai)); got != 13 {
		t.Errorf("28 February: %d", got)
	}
	if got := id.AgeOn(time.Date(2022, 3, 1, 0, 0, 0, 0, shanghai)); got != 14 {
		t.Errorf("1 March: %d", got)
	}
}

func TestWhatIsNoResidentIDIsRefused(t *testing.T) {
	for _, raw := range []string{
		"", "110105194912310021", "11010519491231002", "11010519491231002XX", "X1010519491231002X", "1101051949123100汉",
		withResidentCheck("11010519490231002"), withResidentCheck("11010519491331002"), withResidentCheck("11010517001231002"),
		withResidentCheck("44030520070229001"), withResidentCheck("01010519491231002"),
	} {
		if _, err := cnid.ParseResidentID(raw); !errors.Is(err, cnid.InvalidIDNumber) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestAnyWrongDigitOfAResidentIDIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		good := withResidentCheck("440305" + rapid.SampledFrom([]string{"19991231", "20080229", "19700101"}).Draw(t, "born") +
			rapid.StringMatching("[0-9]{3}").Draw(t, "order"))
		if _, err := cnid.ParseResidentID(good); err != nil {
			t.Fatalf("%s: %v", good, err)
		}
		at := rapid.IntRange(0, 16).Draw(t, "at")
		wrong := []byte(good)
		wrong[at] = '0' + (wrong[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		if _, err := cnid.ParseResidentID(string(wrong)); !errors.Is(err, cnid.InvalidIDNumber) {
			t.Fatalf("%s passes for %s", wrong, good)
		}
	})
}

func TestACreditCodeCarriesTwoChecks(t *testing.T) {
	for _, raw := range []string{"91440300552114241P", "91350100M000100Y43", "91440300552114241p", "9144 0300 5521 1424 1P"} {
		if c, err := cnid.ParseCreditCode(raw); err != nil || len(c.Text()) != 18 {
			t.Errorf("%s: %s, %v", raw, c.Text(), err)
		}
	}
	for _, raw := range []string{
		"", "91440300552114241Q", "91440300552114242P", "91440300552114241", "9144030055211424IP", "9144A300552114241P",
		// The organisation code is wrong inside, the last character right for what it closes.
		"91440300552114242T", "91350100M000100Y4汉",
	} {
		if _, err := cnid.ParseCreditCode(raw); !errors.Is(err, cnid.InvalidCreditCode) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

func TestAMobileIsStoredWithItsCountry(t *testing.T) {
	for raw, want := range map[string]string{
		"13800138000":       "+8613800138000",
		"138 0013 8000":     "+8613800138000",
		"１３８００１３８０００":       "+8613800138000",
		"+86 138-0013-8000": "+8613800138000",
		"＋8619912345678":    "+8619912345678",
		"+852 9123 4567":    "+85291234567",
		"+852 5123 4567":    "+85251234567",
		"+853 6612 3456":    "+85366123456",
		"+886 912 345 678":  "+886912345678",
		"+886 0912 345 678": "+886912345678",
	} {
		m, err := cnid.ParseMobile(raw)
		if err != nil || m.E164() != want || "+"+m.CountryCode()+m.National() != want {
			t.Errorf("%s: %s, %v", raw, m.E164(), err)
			continue
		}
		if again, err := cnid.ParseMobile(m.E164()); err != nil || again != m {
			t.Errorf("%s does not read back: %v", want, err)
		}
	}
	for _, raw := range []string{
		"", "+", "12800138000", "1380013800", "138001380000", "8613800138000", "91234567", "+85231234567", "+85321234567",
		"+886212345678", "+14155550100", "+86", "+8691234567", "1380013800汉", "++8613800138000", "013800138000",
	} {
		if m, err := cnid.ParseMobile(raw); !errors.Is(err, cnid.InvalidMobile) {
			t.Errorf("%q: %s, %v", raw, m.E164(), err)
		}
	}
	if (cnid.Mobile{}).E164() != "" {
		t.Error("no mobile has a number")
	}
}

func FuzzNumbers(f *testing.F) {
	for _, seed := range []string{"1M8GDM9AXKP042788", "11010519491231002X", "91440300552114241P", "+886 0912 345 678", "", "\xff", "ﷺ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if v, err := cnid.ParseVIN(raw); err == nil {
			if again, err := cnid.ParseVIN(v.Text()); err != nil || again != v {
				t.Errorf("VIN %q does not read back", raw)
			}
		}
		if r, err := cnid.ParseResidentID(raw); err == nil {
			if again, err := cnid.ParseResidentID(r.Text()); err != nil || again != r || r.BirthDate().IsZero() {
				t.Errorf("resident id %q does not read back", raw)
			}
		}
		if c, err := cnid.ParseCreditCode(raw); err == nil {
			if again, err := cnid.ParseCreditCode(c.Text()); err != nil || again != c {
				t.Errorf("credit code %q does not read back", raw)
			}
		}
		if m, err := cnid.ParseMobile(raw); err == nil {
			if again, err := cnid.ParseMobile(m.E164()); err != nil || again != m || !strings.HasPrefix(m.E164(), "+8") {
				t.Errorf("mobile %q does not read back", raw)
			}
		}
	})
}

// withResidentCheck closes 17 digits with their check character.
func withResidentCheck(body string) string {
	sum := 0
	for i := range body {
		sum += int(body[i]-'0') * (1 << (17 - i) % 11)
	}
	return body + string("10X98765432"[sum%11])
}
