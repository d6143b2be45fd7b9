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

	gocmp "github.com/google/go-cmp/cmp"

	"parkbff/internal/clock"
	"parkbff/internal/testkit"
	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

func TestReplayingThroughTenKillsEndsAsReplayingOnceDoes(t *testing.T) {
	testkit.Covers(t, "R004", "R031")
	for name, recorded := range recordings(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("sqlite", func(t *testing.T) {
				t.Parallel()
				survivesKills(t, recorded, func(*testing.T) string { return "" })
			})
			t.Run("postgres", func(t *testing.T) {
				t.Parallel()
				survivesKills(t, recorded, func(t *testing.T) string { return pgtest.URL(t) })
			})
		})
	}
}

// survivesKills replays once, then once more on the same data, then through kills on new data.
func survivesKills(t *testing.T, recorded rig.Replay, database func(*testing.T) string) {
	t.Helper()
	begin := func() *house {
		return start(t, &rig.House{Program: program, Data: t.TempDir(), Database: database(t)}, recorded.Lots)
	}
	calm := begin()
	once := must(calm.Replay(t.Context(), recorded))(t)
	if once.Errors != 0 || once.SessionsClosed != once.Stays || once.Duplicates != 0 || once.Stays == 0 {
		t.Fatalf("replayed once: %+v", once)
	}
	twice := must(calm.Replay(t.Context(), recorded))(t)
	if twice.Duplicates != twice.Observations {
		t.Errorf("replayed twice, %d of %d observations were known", twice.Duplicates, twice.Observations)
	}
	recorded.Kills = 10
	killed := must(begin().Replay(t.Context(), recorded))(t)

	for name, again := range map[string]any{"twice": &twice, "through kills": &killed} {
		if diff := gocmp.Diff(&once, again, gocmp.FilterPath(isOfTheRun, gocmp.Ignore())); diff != "" {
			t.Errorf("replayed %s (-once +%s):\n%s", name, name, diff)
		}
	}
}

// isOfTheRun holds for what tells of the run and not of its result.
func isOfTheRun(p gocmp.Path) bool {
	name := p.Last().String()
	return name == ".Duplicates" || name == ".Seconds"
}

// recordings are generated stays, and those of the smallest recorded lot where the recorded data are.
func recordings(t *testing.T) map[string]rig.Replay {
	t.Helper()
	found := map[string]rig.Replay{"generated": generated(t)}
	folder := cmp.Or(os.Getenv("PARKBFF_SHARED_DATA"), filepath.Join("..", "..", "..", "shared", "data"))
	p4 := filepath.Join(folder, "sessions", "P4.csv")
	if _, err := os.Stat(p4); err == nil {
		lots := filepath.Join(folder, "sessions", "lots_and_inferred_tariffs.json")
		found["P4"] = rig.Replay{Lots: lots, Sessions: []string{p4}, Accounts: 4}
	}
	return found
}

// generatedStays make eleven batches of observations, one more than there are kills.
const generatedStays = 2600

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
	return rig.Replay{Lots: sampleLots(t), Sessions: []string{path}, Accounts: 4}
}
