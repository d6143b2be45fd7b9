package cnid_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"parkbff/internal/cnid"
)

func TestEachKindOfPlateIsKnownByItsText(t *testing.T) {
	for _, c := range []struct {
		text   string
		kind   cnid.Kind
		color  cnid.Color
		class  cnid.Class
		energy cnid.Energy
		pretty string
	}{
		{"粤B12345", cnid.Ordinary, cnid.Blue, cnid.Small, cnid.Fuel, "粤B·12345"},
		{"湘AB0C1D", cnid.Ordinary, cnid.Blue, cnid.Small, cnid.Fuel, "湘A·B0C1D"},
		{"粤BD12345", cnid.NewEnergySmall, cnid.Green, cnid.Small, cnid.Electric, "粤B·D12345"},
		{"京ACH0001", cnid.NewEnergySmall, cnid.Green, cnid.Small, cnid.Electric, "京A·CH0001"},
		{"沪AF12345", cnid.NewEnergySmall, cnid.Green, cnid.Small, cnid.OtherNewEnergy, "沪A·F12345"},
		{"沪AK12345", cnid.NewEnergySmall, cnid.Green, cnid.Small, cnid.OtherNewEnergy, "沪A·K12345"},
		{"粤B12345D", cnid.NewEnergyLarge, cnid.YellowGreen, cnid.Large, cnid.Electric, "粤B·12345D"},
		{"粤B12345F", cnid.NewEnergyLarge, cnid.YellowGreen, cnid.Large, cnid.OtherNewEnergy, "粤B·12345F"},
		{"京A0006警", cnid.Police, cnid.White, cnid.Small, cnid.Fuel, "京A·0006警"},
		{"鲁BL123学", cnid.Learner, cnid.Yellow, cnid.Small, cnid.Fuel, "鲁B·L123学"},
		{"冀A1234挂", cnid.Trailer, cnid.Yellow, cnid.Large, cnid.Fuel, "冀A·1234挂"},
		{"粤ZAB12港", cnid.HongKong, cnid.Black, cnid.Small, cnid.Fuel, "粤Z·AB12港"},
		{"粤Z1234澳", cnid.Macao, cnid.Black, cnid.Small, cnid.Fuel, "粤Z·1234澳"},
		{"粤A0012领", cnid.Consulate, cnid.Black, cnid.Small, cnid.Fuel, "粤A·0012领"},
		{"101001使", cnid.Embassy, cnid.Black, cnid.Small, cnid.Fuel, "101001使"},
		{"京X1234应急", cnid.Emergency, cnid.White, cnid.Small, cnid.Fuel, "京X·1234应急"},
		{"粤SA123应急", cnid.Emergency, cnid.White, cnid.Small, cnid.Fuel, "粤S·A123应急"},
		{"北A12345", cnid.Other, cnid.White, cnid.Small, cnid.Fuel, "北A12345"},
		{"WJ京1234X", cnid.Other, cnid.White, cnid.Small, cnid.Fuel, "WJ京1234X"},
		{"AB1234", cnid.Other, cnid.White, cnid.Small, cnid.Fuel, "AB1234"},
		{"无ES16V2A", cnid.Other, cnid.White, cnid.Small, cnid.Fuel, "无ES16V2A"},
		{"无牌", cnid.Other, cnid.White, cnid.Small, cnid.Fuel, "无牌"},
		{"粤BA1234临", cnid.Other, cnid.White, cnid.Small, cnid.Fuel, "粤B·A1234临"},
	} {
		p, err := cnid.ParsePlate(c.text, "")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if p.Text() != c.text || p.Pretty() != c.pretty || p.Key() != c.text+"|"+string(c.color) {
			t.Errorf("%s: text %s, pretty %s, key %s", c.text, p.Text(), p.Pretty(), p.Key())
		}
		if p.Kind() != c.kind || p.Color() != c.color || p.Class() != c.class || p.Energy() != c.energy {
			t.Errorf("%s: %s %s %s %s", c.text, p.Kind(), p.Color(), p.Class(), p.Energy())
		}
	}
}

func TestAPlateHasOneFormHoweverItIsWritten(t *testing.T) {
	want := plate(t, "粤B12345", cnid.Blue)
	for _, raw := range []string{
		"粤B·12345", "粤-B12345", "粤b 12345", "粤Ｂ１２３４５", "粤B•12345", "粤B・12345", "粤B．12345",
		"粤B－12345", "粤B—12345", " 粤B12345\u3000", "粤B.12345",
	} {
		got, err := cnid.ParsePlate(raw, "")
		if err != nil || got != want {
			t.Errorf("%q: %s, %v", raw, got.Text(), err)
		}
	}
}

func TestWhatIsNoPlateIsRefused(t *testing.T) {
	for _, raw := range []string{
		"", "粤", "A", "粤B", "粤B1234", "粤B123456", "粤B1234567", // wrong length
		"粤I12345", "粤O12345", "粤B1234I", "粤BO2345", "粤012345", // I, O, a digit for the letter
		"粤BL12345", "粤BI12345", "粤B12345L", "粤BDO2345", // wrong energy letter, O in the body
		"粤BD1234A", "粤B1234DF", // letters where only digits stand
		"粤A00A2领", "粤B123警", "粤B12345警", "粤B1234港", "粤T1234应急",
		"京A0006警察", "粤使12345A粤B12345", strings.Repeat("A", 13), strings.Repeat("9", 5000),
		"粤B\n12345", "粤B\x0012345", "AB\x00123", "\x00\x01", "粤B12345\xff", "AB 💥 1", "ÄB1234", "AB_123", "\uf900AB1234",
	} {
		if p, err := cnid.ParsePlate(raw, ""); !errors.Is(err, cnid.InvalidPlate) {
			t.Errorf("%q was read as %s (%s), %v", raw, p.Text(), p.Kind(), err)
		}
	}
}

func TestAColourMustSuitTheKind(t *testing.T) {
	for _, c := range []struct {
		text  string
		color cnid.Color
		ok    bool
		class cnid.Class
	}{
		{"粤B12345", cnid.Yellow, true, cnid.Large},
		{"粤B12345", cnid.Green, false, ""},
		{"粤BD12345", cnid.Blue, false, ""},
		{"粤BD12345", cnid.YellowGreen, false, ""},
		{"粤B12345D", cnid.YellowGreen, true, cnid.Large},
		{"粤ZAB12港", cnid.Blue, false, ""},
		{"京A0006警", cnid.Blue, false, ""},
		{"北A12345", cnid.Yellow, true, cnid.Large},
		{"粤B12345", "PINK", false, ""},
		{"北A12345", "PINK", false, ""},
	} {
		p, err := cnid.ParsePlate(c.text, c.color)
		if (err == nil) != c.ok || p.Class() != c.class && c.ok {
			t.Errorf("%s %s: %v, %s", c.text, c.color, err, p.Class())
		}
		if err != nil && !errors.Is(err, cnid.InvalidPlate) {
			t.Errorf("%s %s: %v", c.text, c.color, err)
		}
	}
	if plate(t, "粤B12345", cnid.Blue) == plate(t, "粤B12345", cnid.Yellow) {
		t.Error("a blue and a yellow plate are one")
	}
}

func TestAColourIsReadByItsName(t *testing.T) {
	for _, name := range []string{"BLUE", "GREEN", "YELLOW", "YELLOW_GREEN", "BLACK", "WHITE"} {
		if c, err := cnid.ParseColor(name); err != nil || string(c) != name {
			t.Errorf("%s: %s, %v", name, c, err)
		}
	}
	for _, name := range []string{"", "blue", "RED"} {
		if _, err := cnid.ParseColor(name); !errors.Is(err, cnid.InvalidColor) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAPlateIsNearToOneThatDiffersInOneCharacter(t *testing.T) {
	for _, c := range []struct {
		a, b string
		near bool
	}{
		{"粤B12345", "粤B12346", true},
		{"粤B12345", "湘B12345", true},
		{"粤B8B123", "粤BBB123", true},
		{"粤B12345", "粤B12345", false},
		{"粤B12345", "粤B12354", false},
		{"粤B12345", "粤BD12345", false},
	} {
		a, b := plate(t, c.a, ""), plate(t, c.b, "")
		if a.NearTo(b) != c.near || b.NearTo(a) != c.near {
			t.Errorf("%s, %s: near is not %v", c.a, c.b, c.near)
		}
	}
	if !plate(t, "粤B12345", cnid.Blue).NearTo(plate(t, "粤B12346", cnid.Yellow)) {
		t.Error("a misread colour hides a near plate")
	}
	if (cnid.Plate{}).NearTo(cnid.Plate{}) || (cnid.Plate{}).Text() != "" || (cnid.Plate{}).Pretty() != "" {
		t.Error("no plate is something")
	}
}

func TestEveryWellFormedPlateIsReadAndReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := anyPlate().Draw(t, "plate")
		p, err := cnid.ParsePlate(text, "")
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if p.Kind() == cnid.Other {
			t.Fatalf("%s is OTHER", text)
		}
		for _, form := range []string{p.Text(), p.Pretty(), strings.ToLower(p.Text())} {
			if again, err := cnid.ParsePlate(form, p.Color()); err != nil || again != p {
				t.Fatalf("%s does not read back from %s: %v", text, form, err)
			}
		}
	})
}

func TestOneMisreadIntoIOrOIsNeverAPlate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runes := []rune(anyPlate().Filter(func(s string) bool { return !strings.HasSuffix(s, "使") }).Draw(t, "plate"))
		at := rapid.IntRange(1, len(runes)-3).Draw(t, "at")
		runes[at] = rapid.SampledFrom([]rune("IO")).Draw(t, "letter")
		if p, err := cnid.ParsePlate(string(runes), ""); err == nil {
			t.Fatalf("%s was read as %s", string(runes), p.Kind())
		}
	})
}

// anyPlate draws the text of a civil plate.
func anyPlate() *rapid.Generator[string] {
	const head = "[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新][A-HJ-NP-Z]"
	return rapid.OneOf(
		rapid.StringMatching(head+"[A-HJ-NP-Z0-9]{5}"),
		rapid.StringMatching(head+"[A-HJK][A-HJ-NP-Z0-9][0-9]{4}"),
		rapid.StringMatching(head+"[0-9]{5}[A-HJK]"),
		rapid.StringMatching(head+"[A-HJ-NP-Z0-9]{4}[警学挂]"),
		rapid.StringMatching("粤Z[A-HJ-NP-Z0-9]{4}[港澳]"),
		rapid.StringMatching(head+"[0-9]{4}领"),
		rapid.StringMatching("[0-9]{6}使"),
		rapid.StringMatching("[京粤湘][XS][A-HJ-NP-Z0-9]{4}应急"),
	)
}

func FuzzParsePlate(f *testing.F) {
	for _, seed := range []string{"粤B12345", "粤b·D12345", "无ES16V2A", "粤Ｂ１２３４５", "WJ京1234X", "粤I12345", "", "\xff"} {
		f.Add(seed, "")
		f.Add(seed, "YELLOW")
	}
	f.Fuzz(func(t *testing.T, raw, color string) {
		p, err := cnid.ParsePlate(raw, cnid.Color(color))
		if err != nil {
			if p != (cnid.Plate{}) || !errors.Is(err, cnid.InvalidPlate) {
				t.Fatalf("%q: %s, %v", raw, p.Text(), err)
			}
			return
		}
		if n := utf8.RuneCountInString(p.Text()); n < 2 || n > 12 {
			t.Fatalf("%q: %d characters", raw, n)
		}
		if _, err := cnid.ParseColor(string(p.Color())); err != nil {
			t.Fatalf("%q: colour %q", raw, p.Color())
		}
		for _, form := range []string{p.Text(), p.Pretty()} {
			if again, err := cnid.ParsePlate(form, p.Color()); err != nil || again != p {
				t.Fatalf("%q: %s does not read back: %v", raw, form, err)
			}
		}
	})
}

func BenchmarkParsePlate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cnid.ParsePlate("粤B·D12345", cnid.Green); err != nil {
			b.Fatal(err)
		}
	}
}

func plate(t *testing.T, text string, color cnid.Color) cnid.Plate {
	t.Helper()
	p, err := cnid.ParsePlate(text, color)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}
