package privacy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestWhatEachFormulaShows(t *testing.T) {
	type formula = func(string) string
	for name, c := range map[string]struct {
		mask formula
		want map[string]string
	}{
		"plate": {Plate, map[string]string{
			"":           "",
			"粤B12345":    "粤B***45",
			"粤BD12345":   "粤B***45",
			"粤B12345D":   "粤B***5D",
			"粤B·12345":   "粤B***45",
			"粤-B12345":   "粤B***45",
			"粤b12345":    "粤B***45",
			"粤Ｂ１２３４５":    "粤B***45",
			"粤Z1234港":    "粤Z***4港",
			"粤B1234警":    "粤B***4警",
			"京A1234领":    "京A***4领",
			"粤X1234应急":   "粤X***应急",
			"224578使":    "***8使",
			"AB1234":     "***34",
			"WJ粤12345":   "***45",
			"无ES16V2A":   "***2A",
			"AB12":       "***",
			"无牌车":        "***",
			"粤B123":      "***",
			"粤I8BLUE99X": "***9X",
		}},
		"mobile": {Mobile, map[string]string{
			"":                 "",
			"13812341234":      "138****1234",
			"+8613812341234":   "138****1234",
			"0086 13812341234": "138****1234",
			"138-1234-1234":    "138****1234",
			"+85251234578":     "+852 51****78",
			"+853 6612 3478":   "+853 66****78",
			"+886912345678":    "+886 91****78",
			"02-26550818":      "****18",
			"12345":            "****",
			"+14155550123":     "****23",
		}},
		"person": {PersonName, map[string]string{
			"": "", "张": "**", "张三": "张**", "欧阳娜娜": "欧**", " John Smith ": "J**",
		}},
		"identity number": {IDNumber, map[string]string{
			"": "", "11010519491231002X": "110********2X", "110105491231002": "110********02", "A123456(3)": "********",
		}},
		"VIN": {VIN, map[string]string{
			"": "", "1M8GDM9AXKP042788": "***********042788", "KP042788": "***********",
		}},
		"bank account": {BankAccount, map[string]string{
			"": "", "6222 0212 3456 6789": "****6789", "6222021234566789012": "****9012", "12345678": "****",
		}},
		"e-mail": {Email, map[string]string{
			"": "", "zhang@example.com": "z***@***", "张三@example.cn": "张***@***", "z@example.com": "***@***",
			"@example.com": "***@***", "no address": "***",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for value, want := range c.want {
				if got := c.mask(value); got != want {
					t.Errorf("%q is shown as %q, want %q", value, got, want)
				}
			}
		})
	}
}

func TestANewEnergyPlateLooksLikeAnyOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		front := rapid.StringMatching(`[京粤湘新][A-HJ-NP-Z]`).Draw(t, "front")
		end := rapid.StringMatching(`[0-9]{2}`).Draw(t, "end")
		seven := front + rapid.StringMatching(`[A-HJ-NP-Z0-9]{3}`).Draw(t, "seven") + end
		eight := front + rapid.StringMatching(`[A-HJK][A-HJ-NP-Z0-9][0-9]{2}`).Draw(t, "eight") + end
		if a, b := Plate(seven), Plate(eight); a != b || a != front+"***"+end {
			t.Fatalf("%s and %s", a, b)
		}
	})
}

func TestAMaskDependsOnNothingItHides(t *testing.T) {
	digits := rapid.StringMatching(`[0-9]{4}`)
	rapid.Check(t, func(t *rapid.T) {
		one, other := digits.Draw(t, "one"), digits.Draw(t, "other")
		for _, pair := range [][2]string{
			{Mobile("138" + one + "1234"), Mobile("138" + other + "1234")},
			{Mobile("+85251" + one + "78"), Mobile("+85251" + other + "78")},
			{IDNumber("110105" + one + "1231002X"), IDNumber("110105" + other + "1231002X")},
			{VIN("1M8GDM9" + one + "042788"), VIN("1M8GDM9" + other + "042788")},
			{BankAccount("62220212" + one + "6789"), BankAccount("62220212" + other + "6789")},
			{Email("z" + one + "@a.cn"), Email("z" + other + other + "@" + other + ".cn")},
			{PersonName("张" + one), PersonName("张" + other + other)},
		} {
			if pair[0] != pair[1] {
				t.Fatalf("%q differs from %q", pair[0], pair[1])
			}
		}
	})
}

func TestNoFormulaShowsAValueWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[0-9A-Za-z粤张]{1,24}`).Draw(t, "value")
		for name, mask := range formulas {
			if got := mask(value); !strings.Contains(got, "**") || strings.Contains(got, value) {
				t.Fatalf("%s shows %q of %q", name, got, value)
			}
		}
	})
}

var formulas = map[string]func(string) string{
	"plate": Plate, "mobile": Mobile, "person": PersonName, "identity number": IDNumber,
	"VIN": VIN, "bank account": BankAccount, "e-mail": Email,
}

func FuzzMasks(f *testing.F) {
	for _, seed := range []string{"", "粤B12345", "+85251234578", "\xff\xfe", "z@@", "*", "粤B***45", "１３８１２３４１２３４"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for name, mask := range formulas {
			got := mask(value)
			if utf8.RuneCountInString(got) > 24 {
				t.Errorf("%s: %q is too long for a mask", name, got)
			}
			if got != "" && !strings.Contains(got, "**") {
				t.Errorf("%s: %q hides nothing", name, got)
			}
		}
	})
}
