package tariff_test

import (
	"testing"
	"time"

	"parkbff/internal/tariff"
)

func BenchmarkPrice(b *testing.B) {
	workday, restDay := [3]int64{300, 600, 1000}, [3]int64{120, 240, 400}
	car, _ := fuqian()
	cal, err := tariff.NewCalendar([]string{"2026-10-01"}, []string{"2026-10-10"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	enter := at("2026-03-02 08:17")
	for _, c := range []struct {
		name   string
		table  tariff.RateTable
		length time.Duration
	}{
		{"inferred/2h", firstThenHourly(59, 180, 1000, 500, 3000), 2 * time.Hour},
		{"inferred/3days", firstThenHourly(59, 180, 1000, 500, 3000), 72 * time.Hour},
		{"shenzhen/2h", shenzhen(workday, restDay), 2 * time.Hour},
		{"taipei/1day", car, 24 * time.Hour},
		{"beijing/10years", beijing(250, 375), tariff.MaxStay},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, stay := tariff.Always(c.table), tariff.Stay{Enter: enter, Exit: enter.Add(c.length)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Price(stay, cal); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
