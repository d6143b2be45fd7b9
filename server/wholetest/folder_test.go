package wholetest

import (
	"strings"
	"testing"
	"time"

	"parkbff/server/wholetest/rig"
)

func TestASecondServerOnOneDataFolderIsTurnedAwayAndHarmsNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	gate := h.gate(rig.Lot)
	holds(t, "an entry before", gate.reports(rig.Seen("in", rig.Lot, rig.Entry, plantedPlate, time.Now())).Body, "RELEASE")

	second := &rig.House{Program: program, Data: h.Data}
	said, err := second.Run(t.Context(), "serve")

	if err == nil {
		t.Fatal("the second server ran")
	}
	holds(t, "what the second server says", err.Error(), "exit status 1", "PARKBFF_DATA: another server runs on this data folder")
	hides(t, "what the second server says", said+err.Error(), h.Data, "goroutine", "serving")
	holds(t, "an exit after", gate.reports(rig.Seen("out", rig.Lot, rig.Exit, plantedPlate, time.Now())).Body, `"state":"CLOSED"`)
	h.serves()
}

func TestAFolderIsFreeAgainHoweverItsServerEnded(t *testing.T) {
	t.Parallel()
	h := open(t)
	for name, end := range map[string]func() error{"killed": h.Kill, "stopped": h.Stop} {
		if err := end(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := h.Start(t.Context()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	h.serves()
}

func TestAWrongSettingIsAnErrorAtTheStartThatNamesItAndNotItsValue(t *testing.T) {
	t.Parallel()
	for variable, value := range map[string]string{
		"PARKBFF_ADDR":         "planted-nonsense",
		"PARKBFF_DATABASE_URL": "mysql://planted-user:planted-password@127.0.0.1/x",
		"PARKBFF_NATS_URL":     "http://planted-host",
		"PARKBFF_ENV":          "planted-mode",
		"PARKBFF_KEYS":         "kms://planted",
		"PARKBFF_DATEBASE_URL": "planted-typo",
	} {
		h := &rig.House{Program: program, Data: t.TempDir(), Extra: []string{variable + "=" + value}}
		_, err := h.Run(t.Context(), "serve")
		if err == nil {
			t.Errorf("%s: the server ran", variable)
			continue
		}
		if !strings.Contains(err.Error(), variable) || !strings.Contains(err.Error(), "exit status 2") {
			t.Errorf("%s: got %v", variable, err)
		}
		hides(t, "the error", err.Error(), "planted")
	}
}
