package load_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"parkbff/internal/testkit/pgtest"
	"parkbff/server/wholetest/rig"
)

// loadtest runs the built program and answers what it printed and whether it succeeded.
func loadtest(t *testing.T, program rig.Program, args ...string) (printed, said string, ok bool) {
	t.Helper()
	var out, complaint strings.Builder
	command := exec.CommandContext(t.Context(), string(program), append([]string{"loadtest"}, args...)...)
	command.Dir, command.Stdout, command.Stderr = t.TempDir(), &out, &complaint
	err := command.Run()
	return out.String(), complaint.String(), err == nil
}

// lastLine is what a program reads of the output.
func lastLine(t *testing.T, printed, said string) (figures map[string]float64) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(printed), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &figures); err != nil {
		t.Fatalf("the last line is no JSON of numbers: %v\n%s\n%s", err, printed, said)
	}
	return figures
}

func TestTheBuiltProgramIsPutUnderLoad(t *testing.T) {
	program, err := rig.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("sqlite, beside stock gqlgen", func(t *testing.T) {
		t.Parallel()
		printed, said, ok := loadtest(t, program, "subscribers", "--n", "50", "--settle", "1s", "--compare")
		got := lastLine(t, printed, said)
		if !ok || got["subscribers"] != 50 || got["delivered"] != 50 || got["lost"]+got["duplicated"] != 0 {
			t.Errorf("%s\n%s", printed, said)
		}
		for _, key := range []string{"rssPerSubscriberBytes", "goroutinesPerConnection", "p50Ms", "p99Ms", "settledRssPerSubscriberBytes", "stockRssPerSubscriberBytes"} {
			if got[key] <= 0 {
				t.Errorf("%s: %v", key, got[key])
			}
		}
	})
	t.Run("postgres, at a rate, with a limit that cannot hold", func(t *testing.T) {
		t.Parallel()
		printed, said, ok := loadtest(t, program, "subscribers", "--n", "50", "--rate", "20", "--duration", "3s", "--settle", "1s",
			"--database", pgtest.URL(t), "--most-p99", "1ns")
		got := lastLine(t, printed, said)
		if ok || !strings.Contains(said, "p99 is") {
			t.Errorf("a limit that does not hold passes\n%s", said)
		}
		// One of the fifty stopped reading, was closed, and came back for what it had missed.
		if got["delivered"] != 60+1 || got["lost"]+got["duplicated"] != 0 || got["stalledClosed"] != 1 {
			t.Errorf("%s\n%s", printed, said)
		}
	})
}
