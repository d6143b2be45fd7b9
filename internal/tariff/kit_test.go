package tariff_test

import (
	"testing"
	"time"

	"parkbff/internal/fault"
	"parkbff/internal/tariff"
)

var shanghai = time.FixedZone("UTC+8", 8*60*60)

// at reads "2026-03-02 08:17" on the lot's clock. 2026-03-02 is a Monday.
func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

func stay(enter, exit string) tariff.Stay { return tariff.Stay{Enter: at(enter), Exit: at(exit)} }

// lasting answers a stay of so many minutes that begins on a Monday at 08:00.
func lasting(minutes int) tariff.Stay {
	enter := at("2026-03-02 08:00")
	return tariff.Stay{Enter: enter, Exit: enter.Add(time.Duration(minutes) * time.Minute)}
}

func price(t testing.TB, s tariff.Schedule, stay tariff.Stay, cal tariff.Calendar) tariff.Charge {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Fatalf("the schedule is not valid: %v %v", err, fieldOf(err))
	}
	charge, err := s.Price(stay, cal)
	if err != nil {
		t.Fatalf("Price: %v", err)
	}
	if sum := sumOf(charge); sum != charge.Fen {
		t.Fatalf("lines sum to %d, the fee is %d", sum, charge.Fen)
	}
	return charge
}

func sumOf(c tariff.Charge) (sum int64) {
	for _, line := range c.Lines {
		sum += line.Fen
	}
	return sum
}

type costs struct {
	what string
	stay tariff.Stay
	fen  int64
}

func checkCosts(t *testing.T, table tariff.RateTable, cal tariff.Calendar, cases []costs) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			if got := price(t, tariff.Always(table), c.stay, cal); got.Fen != c.fen {
				t.Errorf("costs %d fen, want %d: %+v", got.Fen, c.fen, got.Lines)
			}
		})
	}
}

func freeLine() []tariff.RateLine { return []tariff.RateLine{{Fen: 0}} }

func calendar(t testing.TB, holidays, workdays, events []string) tariff.Calendar {
	t.Helper()
	c, err := tariff.NewCalendar(holidays, workdays, events)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func fieldOf(err error) string {
	if f := fault.As(err); f != nil {
		return f.Field()
	}
	return ""
}
