package matrix_test

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// tally counts what was judged.
type tally struct {
	operations     int
	clear, guarded map[string]int // values judged, by coordinate: shown as they are, or not
	cells          map[[3]string]bool
	reached        map[string]bool // fields that answered an object
}

func newTally() tally {
	return tally{clear: map[string]int{}, guarded: map[string]int{}, cells: map[[3]string]bool{}, reached: map[string]bool{}}
}

func (c *tally) count(coordinate, who, way string, clear bool) {
	c.cells[[3]string{coordinate, who, way}] = true
	if clear {
		c.clear[coordinate]++
		return
	}
	c.guarded[coordinate]++
}

// wasWhole fails the test when a guarded field was not met both as it is and not, or when a field that
// answers guarded objects was not followed.
func (m *matrix) wasWhole(t *testing.T) {
	t.Helper()
	clear, guarded := 0, 0
	for typ, fields := range m.guarded {
		for _, field := range fields {
			coordinate := typ + "." + field.Name
			if m.tally.clear[coordinate] == 0 || m.tally.guarded[coordinate] == 0 {
				t.Errorf("%s was met %d times clear and %d times not", coordinate, m.tally.clear[coordinate], m.tally.guarded[coordinate])
			}
			clear, guarded = clear+m.tally.clear[coordinate], guarded+m.tally.guarded[coordinate]
		}
	}
	for _, h := range m.hops() {
		if !m.reached[h.coordinate()] {
			t.Errorf("nobody was answered anything by %s", h.coordinate())
		}
	}
	t.Logf("%d viewers, %d records, %d operations; %d cells of field, viewer and way; %d values clear, %d guarded",
		len(m.clients), len(m.records), m.operations, len(m.cells), clear, guarded)
}

// hops are the fields that answer guarded objects: all that lead there from queries and subscriptions, and
// the last ones of mutations' payloads.
func (m *matrix) hops() []hop {
	var all []hop
	for _, root := range []*ast.Definition{m.schema.Query, m.schema.Subscription} {
		for _, route := range m.routes(root, "") {
			all = append(all, route...)
		}
	}
	for _, route := range m.routes(m.schema.Mutation, "") {
		if last := route[len(route)-1]; strings.HasSuffix(last.owner.Name, "Payload") {
			all = append(all, last)
		}
	}
	return all
}
