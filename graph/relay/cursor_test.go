package relay_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"parkbff/graph/relay"
)

func TestACursorOpensForItsListAndViewer(t *testing.T) {
	s := newSealer(t, testKey)
	rapid.Check(t, func(t *rapid.T) {
		connection, viewer, row := rapid.String().Draw(t, "connection"), rapid.Uint32().Draw(t, "viewer"), anyRow(t)

		got, err := s.OpenCursor(connection, viewer, s.SealCursor(connection, row, viewer))

		if err != nil || got != row {
			t.Fatalf("row %d opens as %d, %v", row, got, err)
		}
	})
}

func TestACursorOfAnotherViewerIsRefused(t *testing.T) {
	s := newSealer(t, testKey)
	rapid.Check(t, func(t *rapid.T) {
		mine := rapid.Uint32().Draw(t, "mine")
		yours := mine ^ rapid.Uint32Min(1).Draw(t, "difference")

		_, err := s.OpenCursor("sessions", yours, s.SealCursor("sessions", anyRow(t), mine))

		if !errors.Is(err, relay.InvalidCursor) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestACursorOfAnotherListIsRefused(t *testing.T) {
	s := newSealer(t, testKey)

	_, err := s.OpenCursor("notices", 1, s.SealCursor("sessions", 5, 1))

	if !errors.Is(err, relay.InvalidCursor) {
		t.Errorf("got %v", err)
	}
}

func TestAnIDIsNoCursorAndACursorNoID(t *testing.T) {
	s := newSealer(t, testKey)

	if _, err := s.OpenCursor("sessions", 0, s.SealID("ParkingSession", 5)); !errors.Is(err, relay.InvalidCursor) {
		t.Errorf("an id passed as a cursor: %v", err)
	}
	if id, err := s.OpenID(s.SealCursor("sessions", 5, 0)); err == nil {
		t.Errorf("a cursor passed as the id %+v", id)
	}
}

func TestTwoViewersSeeDifferentCursorsOnOneRow(t *testing.T) {
	s := newSealer(t, testKey)

	if s.SealCursor("sessions", 5, 1) == s.SealCursor("sessions", 5, 2) {
		t.Error("the cursor names the row across viewers")
	}
}

func FuzzOpenCursorAcceptsOnlyWhatWasSealed(f *testing.F) {
	s := newSealer(f, testKey)
	f.Add("sessions", uint32(1), s.SealCursor("sessions", 1, 1))
	f.Add("notices", uint32(1), s.SealCursor("sessions", 1, 1))
	f.Add("", uint32(0), "AAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, connection string, viewer uint32, text string) {
		row, err := s.OpenCursor(connection, viewer, text)
		if err != nil {
			if row != 0 || !errors.Is(err, relay.InvalidCursor) {
				t.Fatalf("%q: row %d, %v", text, row, err)
			}
			return
		}
		if s.SealCursor(connection, row, viewer) != text {
			t.Fatalf("%q is another spelling of row %d", text, row)
		}
	})
}

func BenchmarkSealCursor(b *testing.B) {
	s := newSealer(b, testKey)
	b.ReportAllocs()
	for b.Loop() {
		s.SealCursor("sessions", 123456789, 42)
	}
}
