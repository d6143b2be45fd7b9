package relay_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math"
	"math/bits"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"parkbff/graph/relay"
	"parkbff/internal/fault"
)

var testKey = bytes.Repeat([]byte{7}, 32)

func newSealer(t testing.TB, key []byte) *relay.Sealer {
	t.Helper()
	s, err := relay.NewSealer(key, "Vehicle", "ParkingSession", "Notice")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASealedIDOpensToTheTypeAndRowItWasMadeOf(t *testing.T) {
	s := newSealer(t, testKey)
	rapid.Check(t, func(t *rapid.T) {
		want := relay.ID{Type: anyType(t), Row: anyRow(t)}

		sealed := s.SealID(want.Type, want.Row)

		got, err := s.OpenID(sealed)
		if err != nil || got != want {
			t.Fatalf("%+v sealed as %s opens as %+v, %v", want, sealed, got, err)
		}
		if again := s.SealID(want.Type, want.Row); again != sealed {
			t.Fatalf("sealed twice: %s and %s", sealed, again)
		}
		if len(sealed) != relay.TextLength {
			t.Fatalf("%s has %d characters", sealed, len(sealed))
		}
	})
}

func TestNoTwoThingsShareAnID(t *testing.T) {
	s := newSealer(t, testKey)
	seen := map[string]bool{}
	for row := int64(1); row <= 5000; row++ {
		for _, typ := range []string{"Vehicle", "ParkingSession", "Notice"} {
			sealed := s.SealID(typ, row)
			if seen[sealed] {
				t.Fatalf("%s %d: %s is taken", typ, row, sealed)
			}
			seen[sealed] = true
		}
	}
}

func TestIDsTellNothingOfTheOrderOfRows(t *testing.T) {
	const rows = 4000
	s := newSealer(t, testKey)
	rising, flipped := 0, 0
	before := s.SealID("ParkingSession", 1)
	for row := int64(2); row <= rows+1; row++ {
		sealed := s.SealID("ParkingSession", row)
		if sealed > before {
			rising++
		}
		flipped += differingBits(t, before, sealed)
		before = sealed
	}

	// Five standard deviations around half, for fair coins.
	if math.Abs(float64(rising)-rows/2) > 5*math.Sqrt(rows)/2 {
		t.Errorf("%d of %d neighbours rise", rising, rows)
	}
	if mean := float64(flipped) / rows; math.Abs(mean-64) > 1 {
		t.Errorf("neighbours differ in %.1f of 128 bits", mean)
	}
}

func TestAForgedIDIsNotFound(t *testing.T) {
	s := newSealer(t, testKey)
	rapid.Check(t, func(t *rapid.T) {
		sealed := s.SealID(anyType(t), anyRow(t))

		forged := changedOnce(t, sealed)

		if id, err := s.OpenID(forged); !errors.Is(err, fault.NotFound) {
			t.Fatalf("%s forged as %s opens as %+v, %v", sealed, forged, id, err)
		}
	})
}

func TestAnIDOfAnotherHouseIsNotFound(t *testing.T) {
	ours, theirs := newSealer(t, testKey), newSealer(t, bytes.Repeat([]byte{8}, 32))

	_, err := ours.OpenID(theirs.SealID("Vehicle", 1))

	if !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestAnIDOfATypeThatIsGoneIsNotFound(t *testing.T) {
	s := newSealer(t, testKey)
	fewer, err := relay.NewSealer(testKey, "Vehicle")
	if err != nil {
		t.Fatal(err)
	}

	_, err = fewer.OpenID(s.SealID("Notice", 1))

	if !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

func TestARowThatNoStoreMakesDoesNotOpen(t *testing.T) {
	s := newSealer(t, testKey)
	for _, row := range []int64{0, -1, math.MinInt64} {
		if _, err := s.OpenID(s.SealID("Vehicle", row)); !errors.Is(err, fault.NotFound) {
			t.Errorf("row %d: %v", row, err)
		}
	}
}

func TestBadIDSaysNoMoreThanNotFound(t *testing.T) {
	if relay.BadID.Code() != fault.NotFound.Code() || relay.BadID.Message() != fault.NotFound.Message() {
		t.Errorf("a forged id is told apart: %v", relay.BadID)
	}
}

func TestAShortKeyIsRefusedWithoutBeingShown(t *testing.T) {
	_, err := relay.NewSealer([]byte("too short"), "Vehicle")

	if err == nil || strings.Contains(err.Error(), "too short") {
		t.Errorf("got %v", err)
	}
}

func FuzzOpenIDAcceptsOnlyWhatWasSealed(f *testing.F) {
	s := newSealer(f, testKey)
	f.Add(s.SealID("Vehicle", 1))
	f.Add(s.SealCursor("sessions", 1, 1))
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("AAAAAAAAAAAAAAAAAAAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := s.OpenID(text)
		if err != nil {
			if id != (relay.ID{}) || !errors.Is(err, fault.NotFound) {
				t.Fatalf("%q: %+v, %v", text, id, err)
			}
			return
		}
		if s.SealID(id.Type, id.Row) != text {
			t.Fatalf("%q is another spelling of %+v", text, id)
		}
	})
}

func BenchmarkSealID(b *testing.B) {
	s := newSealer(b, testKey)
	b.ReportAllocs()
	for b.Loop() {
		s.SealID("ParkingSession", 123456789)
	}
}

func BenchmarkOpenID(b *testing.B) {
	s := newSealer(b, testKey)
	sealed := s.SealID("ParkingSession", 123456789)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.OpenID(sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func anyType(t *rapid.T) string {
	return rapid.SampledFrom([]string{"Vehicle", "ParkingSession", "Notice"}).Draw(t, "type")
}

func anyRow(t *rapid.T) int64 { return rapid.Int64Range(1, math.MaxInt64).Draw(t, "row") }

// changedOnce replaces, drops or adds one character.
func changedOnce(t *rapid.T, text string) string {
	at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
	char := rapid.StringOfN(rapid.RuneFrom([]rune("AQgwZz09-_=+/ \n捷")), 1, 1, -1).Draw(t, "char")
	switch rapid.IntRange(0, 2).Draw(t, "change") {
	case 0:
		return text[:at] + text[at+1:]
	case 1:
		return text[:at] + char + text[at:]
	}
	if text[at:at+1] == char {
		char = "B"
	}
	return text[:at] + char + text[at+1:]
}

func differingBits(t *testing.T, a, b string) (n int) {
	t.Helper()
	x, y := rawBlock(t, a), rawBlock(t, b)
	for i := range x {
		n += bits.OnesCount8(x[i] ^ y[i])
	}
	return n
}

func rawBlock(t *testing.T, sealed string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
