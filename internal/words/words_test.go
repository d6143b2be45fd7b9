package words_test

import (
	"strings"
	"testing"

	"parkbff/internal/words"
)

func TestALineIsPrintableAndShortEnoughAndProseMayBreak(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ line, prose bool }{
		"":                      {true, true},
		"收费有误, 请核对":             {true, true},
		strings.Repeat("费", 20): {true, true},
		strings.Repeat("费", 21): {false, false},
		"北京\u3000停车":            {true, true},
		"two\nlines":            {false, true},
		"bell\a":                {false, false},
		"turned \u202eround":    {false, false},
		"\xff":                  {false, false},
	} {
		if got := words.Line(text, 20); got != want.line {
			t.Errorf("%q is a line: %v", text, got)
		}
		if got := words.Prose(text, 20); got != want.prose {
			t.Errorf("%q is prose: %v", text, got)
		}
	}
}
