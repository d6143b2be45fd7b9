package outage

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestATableIsReadCellByCell(t *testing.T) {
	table, err := ReadTable(written(t, `# Words

| operation | one | other |
|---|---|---|
| a | answers | refused UNAVAILABLE; well within 5 s |
| b | told late; well within 1 m | answers from memory |
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		outage, operation, verdict string
		well                       time.Duration
	}{
		{"one", "a", "answers", 0},
		{"other", "a", "refused UNAVAILABLE", 5 * time.Second},
		{"one", "b", "told late", time.Minute},
		{"other", "b", "answers from memory", 0},
	} {
		if got := table.cells[want.outage][want.operation]; got != (Cell{want.verdict, want.well}) {
			t.Errorf("%s, %s: %+v", want.operation, want.outage, got)
		}
	}
}

func TestATableThatSaysTooLittleOrTooMuchIsRefused(t *testing.T) {
	const head = "| operation | one |\n|---|---|\n"
	for name, text := range map[string]string{
		"no table":              "words\n",
		"no rows":               head,
		"a cell too many":       head + "| a | answers | answers |\n",
		"two rows of one":       head + "| a | answers |\n| a | answers |\n",
		"a refusal for ever":    head + "| a | refused UNAVAILABLE |\n",
		"a cure of the healthy": head + "| a | answers; well within 5 s |\n",
		"no time":               head + "| a | refused UNAVAILABLE; well within a while |\n",
	} {
		if _, err := ReadTable(written(t, text)); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func TestACellAllowsWhatItSaysAndNothingElse(t *testing.T) {
	for verdict, allowed := range map[string][]string{
		answers:               {answers},
		memory:                {answers},
		atOnce:                {atOnce},
		late:                  {late, atOnce},
		stays:                 {stays},
		exits:                 {exits},
		"refused UNAVAILABLE": {"refused UNAVAILABLE"},
		"closed 1013":         {"closed 1013"},
	} {
		for _, seen := range []string{answers, atOnce, late, stays, exits, "refused UNAVAILABLE", "refused INTERNAL", "closed 1013", "closed 1006", "status 503"} {
			want := false
			for _, good := range allowed {
				want = want || good == seen
			}
			if got := (Cell{Verdict: verdict}).allows(seen); got != want {
				t.Errorf("%q allows %q: %v", verdict, seen, got)
			}
		}
	}
}

func written(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "table.md")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
