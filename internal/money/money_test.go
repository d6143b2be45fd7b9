package money_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"parkbff/internal/money"
)

func TestYuanIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(0, 1<<53).Draw(t, "fen")
		if got, err := money.ParseYuan(money.Yuan(fen)); err != nil || got != fen {
			t.Fatalf("%s became %d, %v", money.Yuan(fen), got, err)
		}
	})
	for text, want := range map[string]int64{"0": 0, "12": 1200, "12.5": 1250, "0.01": 1, "007.10": 710} {
		if got, err := money.ParseYuan(text); err != nil || got != want {
			t.Errorf("%q became %d, %v", text, got, err)
		}
	}
	if got := money.Yuan(-1); got != "-0.01" {
		t.Error(got)
	}
}

func TestWhatIsNoAmountIsRefused(t *testing.T) {
	for _, text := range []string{"", ".", "1.", ".5", "1.234", "-1", "+1", "1e3", "1,00", " 1", "１", "92233720368547758.08"} {
		if got, err := money.ParseYuan(text); !errors.Is(err, money.NotYuan) {
			t.Errorf("%q became %d, %v", text, got, err)
		}
	}
}
