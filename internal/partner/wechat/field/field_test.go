package field_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parkbff/internal/partner/wechat/field"
)

func TestEachTypeTakesWhatWeChatSaysItTakes(t *testing.T) {
	for _, c := range []struct {
		of    field.Type
		takes []string
		not   []string
	}{
		{
			field.Thing,
			[]string{"粤B***45", "2026年11月21日 晚间", "捷停车智慧停车场", "a", strings.Repeat("字", 20), "12:30~13:00 ☆"},
			[]string{"", " ", strings.Repeat("字", 21), "两\n行", "🚗", "\x00", strings.Repeat("𠮷", 11)},
		},
		{field.Number, []string{"0", "12.5", strings.Repeat("9", 32)}, []string{"", "-1", "1e3", "1.", "１", strings.Repeat("9", 33), "3辆"}},
		{field.Letter, []string{"abcXYZ", strings.Repeat("a", 32)}, []string{"", "a1", "字", strings.Repeat("a", 33)}},
		{field.Symbol, []string{"***", "￥", "！？"}, []string{"", "a", "字", "1", "******", " "}},
		{field.CharacterString, []string{"A-12*34", strings.Repeat("x", 32)}, []string{"", "车", "a b", strings.Repeat("x", 33)}},
		{
			field.Time,
			[]string{"15:01", "8:05:09", "2019年10月1日 15:01", "2026-11-21 08:17", "08:00~09:00", "2026-11-21 08:00 ~ 2026-11-21 09:00"},
			[]string{"", "晚间", "2026年11月21日", "2026年11月21日 晚间", "24:00", "8:60", "08:00-09:00", "x08:00"},
		},
		{
			field.Date,
			[]string{"2019年10月1日", "2019年10月1日 15:01", "2018-01-01", "2018/01/01", "2018.01.01", "2018-01", "01-01", "10月1日", "2018年1月", "2026-11-21~2026-11-22"},
			[]string{"", "晚间", "2026年11月21日晚间", "2018-13-01", "2018-01-32", "15:01"},
		},
		{field.Amount, []string{"12.50", "￥12.50", "12元", "¥1234567890"}, []string{"", "—", "12.505", "12345678901", "十元", "12 元", "-1"}},
		{field.PhoneNumber, []string{"+86-0766-66888866", "13800138000"}, []string{"", "138****0000电话", "1234567890123456789"}},
		{field.CarNumber, []string{"粤A8Z888挂", "粤B12345", "粤BD12345", "京A1234领"}, []string{"", "粤B***45", "粤B·12345", "粤BD123456", "粤B12警5", "粤b12345"}},
		{field.Name, []string{"张三", "John O'Neill", strings.Repeat("字", 10), strings.Repeat("a", 20)}, []string{"", strings.Repeat("字", 11), strings.Repeat("a", 21), "张三3", strings.Repeat("a", 10) + "字"}},
		{field.Phrase, []string{"配送中", "车辆已入场"}, []string{"", "车辆已入场了", "入场!", "ok", "*"}},
	} {
		for _, value := range c.takes {
			if !c.of.Takes(value) {
				t.Errorf("%s does not take %q", c.of, value)
			}
		}
		for _, value := range c.not {
			if c.of.Takes(value) {
				t.Errorf("%s takes %q", c.of, value)
			}
		}
	}
}

func TestTheTypeStandsInTheName(t *testing.T) {
	for name, want := range map[string]field.Type{
		"thing1": field.Thing, "car_number12": field.CarNumber, "character_string3": field.CharacterString, "phrase2": field.Phrase, "symbol9": field.Symbol,
	} {
		if got, err := field.Of(name); err != nil || got != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "thing", "1", "enum1", "const1", "Thing1", "thing1 ", "thing-1"} {
		if got, err := field.Of(name); err == nil {
			t.Errorf("%q is a %s", name, got)
		}
	}
}

func TestATooLongThingIsCut(t *testing.T) {
	for value, want := range map[string]string{
		"万象城停车场":                "万象城停车场",
		" 两\n行\t":               "两 行",
		"好🚗车️":                  "好车",
		strings.Repeat("字", 21): strings.Repeat("字", 19) + "…",
		strings.Repeat("𠮷", 11): strings.Repeat("𠮷", 9) + "…",
		"坏\xff字":                "坏字",
	} {
		if got, ok := field.Thing.Fit(value); !ok || got != want {
			t.Errorf("%q becomes %q", value, got)
		}
	}
}

func TestWhateverIsFittedIsTaken(t *testing.T) {
	types := []field.Type{
		field.Thing, field.Number, field.Letter, field.Symbol, field.CharacterString, field.Time, field.Date, field.Amount,
		field.PhoneNumber, field.CarNumber, field.Name, field.Phrase,
	}
	rapid.Check(t, func(t *rapid.T) {
		of, value := rapid.SampledFrom(types).Draw(t, "type"), rapid.String().Draw(t, "value")
		got, ok := of.Fit(value)
		if ok != of.Takes(got) {
			t.Fatalf("%s: %q became %q", of, value, got)
		}
		if of != field.Thing && got != value {
			t.Fatalf("%s changed %q to %q", of, value, got)
		}
		if of.Takes(value) && (!ok || of == field.Thing && strings.TrimSpace(value) != got) {
			t.Fatalf("%s takes %q, and makes %q of it", of, value, got)
		}
	})
}

func FuzzNothingMaskedFitsAnExactField(f *testing.F) {
	f.Add("粤B12345")
	f.Add("粤B***45")
	f.Add("2026年11月21日 晚间")
	f.Add("两\n行🚗\xff")
	f.Fuzz(func(t *testing.T, value string) {
		if field.CarNumber.Takes(value) && strings.Contains(value, "*") {
			t.Errorf("a plate with stars is taken: %q", value)
		}
		if (field.Time.Takes(value) || field.Date.Takes(value)) && strings.ContainsAny(value, "*凌晨上午下晚间") {
			t.Errorf("a part of the day is taken: %q", value)
		}
		if fitted, ok := field.Thing.Fit(value); ok && !field.Thing.Takes(fitted) {
			t.Errorf("%q does not fit", fitted)
		}
	})
}
