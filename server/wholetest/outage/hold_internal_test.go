//go:build linux || darwin

package outage

import (
	"strings"
	"testing"
)

func TestEveryRowIsAskedForAndEveryQuestionHasARow(t *testing.T) {
	for name, trial := range map[string]struct {
		rows, asked []string
		complaint   string
	}{
		"alike":              {[]string{"a", "b"}, []string{"b", "a"}, ""},
		"a row too many":     {[]string{"a", "b"}, []string{"a"}, `nothing asks for the row "b"`},
		"a question without": {[]string{"a"}, []string{"a", "b"}, `the table has no row "b"`},
	} {
		var probes []*probe
		for _, operation := range trial.asked {
			probes = append(probes, &probe{operation: operation})
		}
		err := (&Trial{Table: Table{Operations: trial.rows}}).matches(probes)
		if (err != nil) != (trial.complaint != "") || err != nil && !strings.Contains(err.Error(), trial.complaint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATableOfOtherOutagesIsNotHeld(t *testing.T) {
	trial := &Trial{Table: Table{Outages: []string{"one"}}, Outages: []Outage{{Name: "other"}}}
	if _, _, err := trial.Run(t.Context()); err == nil {
		t.Error("it was held")
	}
}
