package twoworld_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// acquaintance is what answers have told one viewer: ids and cursors by type, and the values of fields.
type acquaintance struct {
	own    known
	all    known                      // of everybody
	values map[string]map[string]bool // by coordinate, such as ParkingSession.lotName
}

// known are ids and cursors by the type of the object they stand in.
type known struct {
	ids, cursors map[string][]string
}

func nothing() known { return known{map[string][]string{}, map[string][]string{}} }

func newAcquaintance(all known) *acquaintance {
	return &acquaintance{own: nothing(), all: all, values: map[string]map[string]bool{}}
}

func (a *acquaintance) listen(t *testing.T, op operation, r reply) {
	t.Helper()
	var answer struct{ Data any }
	if err := json.Unmarshal([]byte(r.Body), &answer); err != nil {
		t.Fatalf("%s: no JSON: %s", op.text, r.Body)
	}
	if strings.Contains(r.Body, `"code":"INTERNAL"`) {
		t.Errorf("%s %v is answered INTERNAL", op.text, op.vars)
	}
	a.hear(answer.Data)
}

func (a *acquaintance) hear(value any) {
	switch v := value.(type) {
	case []any:
		for _, inner := range v {
			a.hear(inner)
		}
	case map[string]any:
		typ, _ := v["__typename"].(string)
		for key, inner := range v {
			field := key[strings.LastIndex(key, "_")+1:]
			a.note(typ, field, inner)
			a.hear(inner)
		}
	}
}

// note remembers the value of one field; an object counts as a whole, by its JSON.
func (a *acquaintance) note(typ, field string, value any) {
	if value == nil || typ == "" {
		return
	}
	if text, ok := value.(string); ok {
		switch {
		case field == "id":
			addNew(a.own.ids, typ, text)
			addNew(a.all.ids, typ, text)
		case field == "cursor":
			addNew(a.own.cursors, typ, text)
			addNew(a.all.cursors, typ, text)
		}
	}
	coordinate := typ + "." + field
	if a.values[coordinate] == nil {
		a.values[coordinate] = map[string]bool{}
	}
	encoded, err := json.Marshal(value)
	if err == nil {
		a.values[coordinate][string(encoded)] = true
	}
}

func addNew(texts map[string][]string, typ, text string) {
	if !slices.Contains(texts[typ], text) {
		texts[typ] = append(texts[typ], text)
	}
}

const (
	few  = 3
	many = 1000
)

// someIDs are a few of the viewer's own of each type, and one of everybody else's.
func (a *acquaintance) someIDs() []any { return mixed(a.own.ids, a.all.ids, few, 1) }

// allIDs are everybody's.
func (a *acquaintance) allIDs() []any { return mixed(a.own.ids, a.all.ids, many, many) }

// cursorsOf are a few of the viewer's own of one kind of edge, one of everybody else's, and one of another kind.
func (a *acquaintance) cursorsOf(edge string) []any {
	its := map[string][]string{edge: a.all.cursors[edge]}
	others := maps.Clone(a.all.cursors)
	delete(others, edge)
	another := mixed(nil, others, 0, 1)
	return append(mixed(a.own.cursors, its, few, 1), another[:min(1, len(another))]...)
}

// mixed are the newest texts of each type, the viewer's own before those of others.
func mixed(own, all map[string][]string, mostOwn, mostForeign int) []any {
	var ours, theirs []any
	for _, typ := range slices.Sorted(maps.Keys(all)) {
		mine, foreign := 0, 0
		for _, text := range slices.Backward(all[typ]) {
			switch {
			case slices.Contains(own[typ], text):
				if mine++; mine <= mostOwn {
					ours = append(ours, text)
				}
			default:
				if foreign++; foreign <= mostForeign {
					theirs = append(theirs, text)
				}
			}
		}
	}
	return append(ours, theirs...)
}
