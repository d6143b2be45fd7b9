package servertest_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"parkbff/server/servertest"
)

func TestAValueIsFoundHoweverItWasWritten(t *testing.T) {
	const plate, mobile = "粤B12345", "13966660001"
	for name, text := range map[string]string{
		"plain":            "seen " + plate,
		"with a dot":       "粤B·12345",
		"in small letters": "粤b12345",
		"hexadecimal":      hex.EncodeToString([]byte("x" + plate)),
		"capitals":         strings.ToUpper(hex.EncodeToString([]byte(plate))),
		"escaped":          fmt.Sprintf("%+q", plate),
		"UTF-16":           "\xa4\x7cB\x001\x002\x003\x004\x005\x00",
		"GB 18030":         "\xd4\xc1B12345",
	} {
		if !servertest.Keeps(text, plate) {
			t.Errorf("not found: %s", name)
		}
	}
	for before := range 4 {
		raw := []byte(strings.Repeat("{", before) + plate + "}}")
		for _, text := range []string{base64.StdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw)} {
			if !servertest.Keeps(text, plate) {
				t.Errorf("not found: base64 behind %d bytes", before)
			}
		}
	}
	spaced, err := json.Marshal(map[string]string{"tel": "139 6666 0001"})
	if err != nil || !servertest.Keeps(string(spaced), mobile) {
		t.Error("not found: a mobile in three parts")
	}
	if servertest.Keeps("粤B***45 139****0001", plate) || servertest.Keeps("粤B***45 139****0001", mobile) {
		t.Error("a masked value is taken for the clear one")
	}
}
