package tariff_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"parkbff/internal/tariff"
)

func FuzzParse(f *testing.F) {
	f.Add(example(f))
	for _, lot := range inferredLots() {
		raw, err := json.Marshal(lot.schedule)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := tariff.Parse(raw)
		if errors.Is(err, tariff.Invalid) {
			return
		}
		if err != nil {
			t.Fatalf("not a fault of this package: %v", err)
		}
		checkAgain(t, s)
		charge, err := s.Price(stay("2026-03-02 08:17", "2026-03-16 09:00"), tariff.Calendar{})
		if err != nil && !errors.Is(err, tariff.NoTariff) {
			t.Fatalf("a valid tariff does not price: %v", err)
		}
		if charge.Fen < 0 || charge.Fen != sumOf(charge) {
			t.Fatalf("fee %d, lines sum to %d", charge.Fen, sumOf(charge))
		}
	})
}

// checkAgain holds that what was read is written and read alike.
func checkAgain(t *testing.T, s tariff.Schedule) {
	t.Helper()
	written, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	again, err := tariff.Parse(written)
	if err != nil {
		t.Fatalf("refuses what it wrote: %v at %s", err, fieldOf(err))
	}
	if rewritten, _ := json.Marshal(again); !bytes.Equal(written, rewritten) {
		t.Fatalf("%s became %s", written, rewritten)
	}
}

// FuzzPrice takes schedules as they come, also those that Validate refuses: Price always returns.
func FuzzPrice(f *testing.F) {
	f.Add(example(f), int64(1772409600), int64(86400))
	for _, lot := range inferredLots() {
		raw, err := json.Marshal(lot.schedule)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, int64(1553400000), int64(9000))
	}
	f.Fuzz(func(t *testing.T, raw []byte, enter, seconds int64) {
		var s tariff.Schedule
		if json.Unmarshal(raw, &s) != nil {
			return
		}
		stay := tariff.Stay{Enter: time.Unix(enter, 0), Exit: time.Unix(enter, 0).Add(time.Duration(seconds) * time.Second)}
		began := time.Now()
		charge, err := s.Price(stay, tariff.Calendar{})
		if took := time.Since(began); took > 5*time.Second {
			t.Fatalf("took %v", took)
		}
		if err == nil && s.Validate() == nil && (charge.Fen < 0 || charge.Fen != sumOf(charge)) {
			t.Fatalf("fee %d, lines sum to %d", charge.Fen, sumOf(charge))
		}
	})
}
