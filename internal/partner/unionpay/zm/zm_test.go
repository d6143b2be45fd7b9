package zm_test

import (
	"strings"
	"testing"
	"time"

	"parkbff/internal/partner/charge"
	"parkbff/internal/partner/unionpay/zm"
)

const merchant = "777290058167151"

var day = time.Date(2026, 11, 21, 4, 0, 0, 0, time.UTC)

// line is a line as the specification lays it out, the short name of a sub-merchant in GBK.
func line(kind, order, origQuery, origOrder string) string {
	fields := []struct {
		width int
		value string
	}{
		{3, "S22"},
		{11, "00049992"},
		{11, "00049992"},
		{6, "067402"},
		{10, "1121090130"},
		{19, "6216***********0018"},
		{12, "000000001250"},
		{4, "7523"},
		{2, "08"},
		{21, "782209081322060674028"},
		{2, ""},
		{32, order},
		{2, "01"},
		{6, ""},
		{10, ""},
		{13, "C000000000005"},
		{13, "C000000001245"},
		{4, "0001"},
		{15, ""},
		{2, kind},
		{2, "01"},
		{6, "000201"},
		{2, "01"},
		{4, ""},
		{32, ""},
		{1, "0"},
		{21, origQuery},
		{15, merchant},
		{1, ""},
		{15, ""},
		{32, "\xcd\xa3\xb3\xb5"},
		{13, ""},
		{13, "C000000001245"},
		{8, "00000001"},
		{32, ""},
		{13, ""},
		{13, ""},
		{12, ""},
		{2, ""},
		{1, ""},
		{32, origOrder},
		{98, ""},
	}
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f.value + strings.Repeat(" ", f.width-len(f.value)+1))
	}
	return b.String() + "\r\n"
}

const order = "01K9XQ4ZP0000000000000000A"

func TestALineIsReadByTheBytesOfItsFields(t *testing.T) {
	file := line("01", order, "", "") + "\r\n" + line("04", "R"+order, "912209081322060674028", order) + strings.TrimRight(line("31", "V"+order, "912209081322060674028", order), " \r\n") + strings.Repeat(" ", 8)
	got, err := zm.Read(strings.NewReader(file), merchant, day)
	if err != nil || len(got) != 3 {
		t.Fatalf("%d lines: %v", len(got), err)
	}
	at := time.Date(2026, 11, 21, 1, 1, 30, 0, time.UTC)
	for i, want := range []charge.Line{
		{Number: order, Transaction: "782209081322060674028", Fen: 1250, At: at},
		{Number: order, RefundNumber: "R" + order, Transaction: "912209081322060674028", Fen: 1250, At: at},
		{Number: order, RefundNumber: "V" + order, Transaction: "912209081322060674028", Fen: 1250, At: at},
	} {
		if got[i] != want {
			t.Errorf("%d: %+v", i, got[i])
		}
	}
}

func TestALineThatDoesNotFitIsNotSkipped(t *testing.T) {
	good := line("01", order, "", "")
	for name, bad := range map[string]string{
		"another merchant's": strings.Replace(good, merchant, "777290058110048", 1),
		"no amount":          strings.Replace(good, "000000001250", "000000000000", 1),
		"a signed amount":    strings.Replace(good, "000000001250", "-00000001250", 1),
		"no time":            strings.Replace(good, "1121090130", "1399090130", 1),
		"another kind":       line("02", order, "", ""),
		"no number":          line("01", "", "", ""),
		"a refund of what":   line("04", order, "912209081322060674028", ""),
		"a refund of none":   line("04", order, "", order),
		"a nameless refund":  line("04", "", "912209081322060674028", order),
		"other widths":       strings.Replace(good, "S22 ", "S22", 1),
		"no space between":   strings.Replace(good, "067402 1121", "067402x1121", 1),
		"too short":          good[:300],
		"endless":            strings.Repeat(" ", 5<<10),
	} {
		got, err := zm.Read(strings.NewReader(good+bad), merchant, day)
		if err == nil || got != nil {
			t.Errorf("%s: %d lines", name, len(got))
		}
		if err != nil && strings.Contains(err.Error(), order) {
			t.Errorf("%s: the error repeats the line", name)
		}
	}
}

// Whatever is in a file, what is read of it is money of some payment, or nothing is.
func FuzzTheReaderOfFilesSurvivesAnything(f *testing.F) {
	f.Add(line("01", order, "", "") + line("04", "R", "9", order))
	f.Add(strings.Repeat("\n", 9))
	f.Fuzz(func(t *testing.T, file string) {
		got, err := zm.Read(strings.NewReader(file), merchant, day)
		if err != nil && got != nil {
			t.Error(err)
		}
		for _, l := range got {
			if l.Fen <= 0 || l.Number == "" || l.Transaction == "" || l.At.IsZero() {
				t.Errorf("%+v", l)
			}
		}
	})
}
