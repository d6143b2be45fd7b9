package matrix_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// facts are what the test knows of a viewer, because it made it so.
type facts struct {
	account, follows bool
	binds, verifies  []string // plates
	pays             []string // plates
	worksAt          string   // lot code
	machine          bool     // is a gate
	masks            bool     // has switched full masking on
	hides            bool     // has hidden the closed stays
	messages         string   // how messages are to be shown; empty: as usual
}

// record is one object of the story, with the truth about it.
type record struct {
	typ    string
	whose  string         // Notice: who was told
	plate  string         // the car at hand
	lot    string         // the lot at hand, by code; none for a notice, which is its account's own
	stay   string         // which of the car's stays it is about: closed or open; empty: none
	truth  map[string]any // the clear value of every guarded field
	hourUp int            // durationMinutes, masked
}

// What a field may show besides a plain value.
type (
	lotCode string // a lot, by its code
	refusal string // the code of an error
	present struct{}
)

// halves are masked forms, written out.
var halves = map[string]string{
	"粤B12345": "粤B***45", "粤B23456": "粤B***56", "粤B34567": "粤B***67", "粤B45678": "粤B***78",
	"粤BD56789": "粤B***89", "粤B67890": "粤B***90",
	"粤B78901": "粤B***01", "粤B89012": "粤B***12",
	"万象荣停车场": "万***停车场", "万象天地停车场": "万***停车场",
}

const constantName = "捷停车智慧停车场"

// seesRow tells whether a viewer may see the record at all.
func (f facts) seesRow(who string, r *record) bool {
	switch {
	case r.typ == "Lot":
		return true
	case r.typ == "Notice", r.typ == "Invoice":
		return r.whose == who
	case r.typ == "PaymentOrder", r.typ == "ChargeDispute", r.typ == "Reservation":
		return r.whose == who || f.worksAt == r.lot && !f.machine
	case f.worksAt != "":
		return f.worksAt == r.lot
	}
	return slices.Contains(f.binds, r.plate) || slices.Contains(f.pays, r.plate)
}

func (f facts) holds(fact string, r *record) bool {
	switch fact {
	case "REGISTERED":
		return f.account
	case "BOUND":
		return slices.Contains(f.binds, r.plate)
	case "FOLLOWED":
		return f.follows
	case "VERIFIED":
		return slices.Contains(f.verifies, r.plate)
	case "LOT_STAFF":
		return f.worksAt != "" && f.worksAt == r.lot
	}
	panic(fmt.Sprintf("the oracle knows nothing of the fact %s", fact))
}

// shows answers what a viewer sees of a field: the rule of design section 4, told anew from the arguments
// that stand on the field in the contract.
func (f facts) shows(r *record, field *ast.FieldDefinition) any {
	if d := field.Directives.ForName("requires"); d != nil && !f.holds(d.Arguments.ForName("fact").Value.Raw, r) {
		return refusal("!FACT_REQUIRED")
	}
	if f.machine && r.typ == "Lot" && field.Name != "gates" {
		return refusal("!FORBIDDEN") // lists are for people
	}
	truth, d := r.truth[field.Name], field.Directives.ForName("mask")
	if d == nil || f.worksAt != "" && f.worksAt == r.lot {
		return truth
	}
	knows := f.holds(d.Arguments.ForName("unless").Value.Raw, r)
	nameless := f.masks || f.hides && r.stay == closed
	if r.typ == "Notice" && f.messages != "" && f.messages != "CLEAR" {
		knows, nameless = false, nameless || f.messages == "FULL"
	}
	formula := d.Arguments.ForName("as").Value.Raw
	switch {
	case knows && !nameless:
		return truth
	case knows && formula != "LOT_NAME" && formula != "HIDDEN" && formula != "NAME_VISIBILITY":
		return truth
	}
	return masked(r, formula, truth, nameless)
}

func masked(r *record, formula string, truth any, nameless bool) any {
	switch formula {
	case "HIDDEN":
		return nil
	case "NAME_VISIBILITY":
		if nameless {
			return "FULL_MASK"
		}
		return "HALF"
	case "PRECISION":
		return "PART_OF_DAY"
	}
	if truth == nil {
		return nil
	}
	switch formula {
	case "LOT_NAME":
		if nameless {
			return constantName
		}
		return halves[truth.(string)]
	case "PLATE":
		return halves[truth.(string)]
	case "PART_OF_DAY":
		return partOfDay(truth.(time.Time))
	case "HOUR_UP":
		return r.hourUp
	}
	panic(fmt.Sprintf("the oracle does not know the formula %s", formula))
}

func partOfDay(t time.Time) time.Time {
	local := t.In(time.FixedZone("", 8*60*60))
	into := time.Duration(local.Hour()%6)*time.Hour + time.Duration(local.Minute())*time.Minute
	return local.Add(-into).Truncate(time.Minute)
}

// is tells whether what an answer shows is what was expected.
func is(shown, want any) bool {
	switch want := want.(type) {
	case time.Time:
		text, _ := shown.(string)
		at, err := time.Parse(time.RFC3339, text)
		return err == nil && at.Equal(want) && strings.HasSuffix(text, "+08:00")
	case int:
		return shown == float64(want)
	case refusal:
		return shown == string(want)
	case lotCode:
		lot, ok := shown.(map[string]any)
		return ok && lot["code"] == string(want)
	case present:
		text, _ := shown.(string)
		return shown != nil && !strings.HasPrefix(text, "!")
	}
	return shown == want
}
