package ws

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"type":"connection_init","payload":{"Authorization":"Bearer x"}}`, `{"type":"ping"}`, `null`, `[]`, `{"type":1}`,
		`{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":{"b":1}}}`, `{"type":"stop","id":"1"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, d := range []*dialect{modern, legacy} {
			m, err := d.parse(data)
			if err != nil && !errors.Is(err, errMalformed) {
				t.Fatalf("parse answered %v", err)
			}
			if err == nil && m.kind == subscribe && m.id == "" {
				t.Fatal("a subscription without an id was taken")
			}
			if _, _, err := field(m.payload, keyAuthorization); err != nil && !errors.Is(err, errMalformed) {
				t.Fatalf("field answered %v", err)
			}
		}
	})
}

func TestEveryIDIsSentBackAsItCame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.String().Filter(func(s string) bool { return s != "" && utf8.ValidString(s) }).Draw(t, "id")
		var got struct {
			Type, ID string
			Payload  map[string]int
		}
		if err := json.Unmarshal(encode("next", id, []byte(`{"a":1}`)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Type != "next" || got.ID != id || got.Payload["a"] != 1 {
			t.Fatalf("got %+v", got)
		}
	})
}

func TestEveryReasonFitsACloseFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if reason := alreadyExists(rapid.String().Draw(t, "id")).reason; len(reason) > maxReason {
			t.Fatalf("%d bytes", len(reason))
		}
	})
}
