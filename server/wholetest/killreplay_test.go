package wholetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parkbff/internal/clock"
	"parkbff/internal/testkit"
	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

// The command killreplay does the same with any of the recorded lots, on either engine.
func TestReplayingThroughTenKillsEndsAsReplayingOnceDoes(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R004", "R031")
	for engine, site := range map[string]struct {
		database func(testing.TB) string
		recorded rig.Replay
	}{
		"sqlite":   {func(testing.TB) string { return "" }, recording(t)},
		"postgres": {pgtest.URL, generated(t)},
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			site.recorded.Accounts, site.recorded.Kills = 4, 10
			trial, err := site.recorded.Try(t.Context(), func() (*rig.House, error) {
				empty := &rig.House{Program: program, Data: t.TempDir(), Database: site.database(t)}
				return start(t, empty, site.recorded.Lots).House, nil
			})
			check(t, err)
			for _, fault := range trial.Faults() {
				t.Error(fault)
			}
		})
	}
}

// recording is the smallest recorded lot where the recorded data are, and generated stays elsewhere.
func recording(t *testing.T) rig.Replay {
	t.Helper()
	folder := cmp.Or(os.Getenv("PARKBFF_SHARED_DATA"), filepath.Join("..", "..", "..", "shared", "data"))
	folder = filepath.Join(folder, "sessions")
	p4 := filepath.Join(folder, "P4.csv")
	if _, err := os.Stat(p4); err != nil {
		return generated(t)
	}
	return rig.Replay{Lots: filepath.Join(folder, "lots_and_inferred_tariffs.json"), Sessions: []string{p4}}
}

// generatedStays make eleven batches of observations, one more than there are kills.
const generatedStays = 2510

// generated writes stays of a few minutes to two days, dozens at a time.
func generated(t *testing.T) rig.Replay {
	t.Helper()
	random := rand.New(rand.NewPCG(20260101, 1))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, clock.Shanghai)
	const minutes = "2006/1/2 15:04"
	var rows strings.Builder
	rows.WriteString("Lockdown Time,Lockup Time,cost,status\r\n")
	for range generatedStays {
		at = at.Add(time.Duration(random.IntN(6)) * time.Minute)
		length := time.Duration(random.ExpFloat64()*90) * time.Minute
		fmt.Fprintf(&rows, "%s,%s,0,1\r\n", at.Format(minutes), at.Add(min(length, 48*time.Hour)).Format(minutes))
	}
	path := filepath.Join(t.TempDir(), rig.Lot+".csv")
	if err := os.WriteFile(path, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return rig.Replay{Lots: sampleLots(t), Sessions: []string{path}}
}
