package server_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"parkbff/graph/contract"
	"parkbff/server/servertest"
)

const (
	executionsForEvents = `parkbff_executions_total{kind="event"}`
	eventsShared        = "parkbff_events_shared_total"
)

// measured is a counter of the server.
func measured(h *servertest.House, name string) int {
	h.T.Helper()
	for line := range strings.Lines(h.Measured()) {
		if number, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.Atoi(strings.TrimSpace(number))
			if err != nil {
				h.T.Fatal(err)
			}
			return n
		}
	}
	h.T.Fatalf("the server does not count %s", name)
	return 0
}

// leaves selects all of an object that can be read without arguments.
func leaves(schema *ast.Schema, of *ast.Type) string {
	object := schema.Types[of.Name()]
	if object.Kind != ast.Object {
		return ""
	}
	var all []string
	for _, f := range object.Fields {
		if len(f.Arguments) == 0 && !strings.HasPrefix(f.Name, "__") && (schema.Types[f.Type.Name()].IsLeafType() || !strings.HasSuffix(object.Name, "Connection")) {
			all = append(all, f.Name+leaves(schema, f.Type))
		}
	}
	if len(all) == 0 {
		all = []string{"__typename"}
	}
	return " { " + strings.Join(all, " ") + " }"
}

// arguments answers moments for those that a field cannot do without.
func arguments(f *ast.FieldDefinition) string {
	var all []string
	for _, a := range f.Arguments {
		if a.Type.NonNull {
			all = append(all, a.Name+`: "2026-11-21T10:00:00+08:00"`)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// whoever are viewers of every class that a lot can tell apart, with the languages of answers.
func whoever(h *servertest.House) []*servertest.Client {
	all := []*servertest.Client{h.Anonymous(), h.Driver("APP"), h.Verified("APP", "粤B12345"), h.Staff("WXC"), h.Staff("WXT"), h.Gate("WXC").Client}
	chinese := h.Anonymous()
	chinese.Header = http.Header{"Accept-Language": {"zh-CN"}}
	return append(all, chinese)
}

// TestEveryFieldOfALotIsSharedOnlyIfItIsTheSameToEverybody asks for one field at a time as everybody, and compares
// what a shared execution told with what each is answered alone.
func TestEveryFieldOfALotIsSharedOnlyIfItIsTheSameToEverybody(t *testing.T) {
	servertest.EachWith(t, servertest.Options{Lots: placedLots()}, func(t *testing.T, h *servertest.House) {
		counted(h)
		schema := gqlparser.MustLoadSchema(&ast.Source{Input: string(contract.SDL)})
		people := whoever(h)
		var own []string // fields that are executed for each
		for _, f := range schema.Types["Lot"].Fields {
			selection := f.Name + arguments(f) + leaves(schema, f.Type)
			before := measured(h, eventsShared)
			for _, who := range people {
				alone := aloneAnswer(who, selection)
				watch := who.Watches(`subscription { lotOccupancyChanged(lotCode: "WXC") { ` + selection + ` } }`)
				told := watch.Next()
				watch.Leaves()
				// The house may count its bays anew between the two, so it is asked before and after.
				if got := dataOf(told.Text); got != alone && got != aloneAnswer(who, selection) {
					t.Errorf("%s (-alone +told):\n%s", f.Name, cmp.Diff(alone, got))
				}
			}
			if measured(h, eventsShared) == before {
				own = append(own, f.Name)
			}
		}
		if diff := cmp.Diff([]string{"gates", "sessions", "orders", "chargeDisputes", "mallItems", "permitPlans", "reservationOffer", "reservations", "sharedBays", "shifts"}, own); diff != "" {
			t.Errorf("not shared (-want +got):\n%s", diff)
		}
	})
}

// aloneAnswer is what a query for the same answers.
func aloneAnswer(who *servertest.Client, selection string) string {
	return strings.ReplaceAll(dataOf(who.Asks(`{ lot(code: "WXC") { `+selection+` } }`).Text), `"lot"`, `"lotOccupancyChanged"`)
}

// dataOf is an answer's data; the engine may add errors beside it in another order.
func dataOf(text string) string {
	_, data, _ := strings.Cut(text, `"data":`)
	return strings.TrimRight(data, "}\n")
}

// counted waits for the house's own first count of free bays.
func counted(h *servertest.House) {
	h.T.Helper()
	for start := time.Now(); strings.Contains(h.Anonymous().Asks(`{ lot(code: "WXC") { vacancy { band } } }`).Text, "UNKNOWN") && time.Since(start) < 5*time.Second; {
		time.Sleep(5 * time.Millisecond)
	}
}

func TestTwoViewersOfTheSameDocumentEachSeeTheirOwn(t *testing.T) {
	servertest.Each(t, func(t *testing.T, h *servertest.House) {
		counted(h)
		const gates = `subscription { lotOccupancyChanged(lotCode: "WXC") { vacancy { bays } gates { code } } }`
		visitor, attendant, stranger := h.Anonymous().Watches(gates), h.Staff("WXC").Watches(gates), h.Staff("WXT").Watches(gates)
		look := func() {
			t.Helper()
			visitor.Next().MustContain(`"gates":null`, "FACT_REQUIRED").MustNotContain("G1")
			attendant.Next().MustContain(`"code":"G1"`).MustNotContain("FACT_REQUIRED")
			stranger.Next().MustContain(`"gates":null`, "FACT_REQUIRED").MustNotContain("G1")
		}
		look()
		changes(h, "粤B67890")
		look()
	})
}

// changes lets a car enter and publishes that.
func changes(h *servertest.House, plate string) {
	h.T.Helper()
	h.Gate("WXC").Sees(plate, servertest.Entering, servertest.Morning).OK()
	if err := h.Parking.RefreshVacancies(h.AsSystem()); err != nil {
		h.T.Fatal(err)
	}
}

// TestAChangeIsExecutedOncePerDocumentAndNotPerWatcher has few watchers, for sockets of one machine are few; the
// load tool has thousands.
func TestAChangeIsExecutedOncePerDocumentAndNotPerWatcher(t *testing.T) {
	const watchers = 200
	h := servertest.New(t, servertest.Options{Lots: placedLots()})
	counted(h)
	documents := []string{
		`subscription { lotOccupancyChanged(lotCode: "WXC") { code vacancy { bays } } }`,
		`subscription { lotOccupancyChanged(lotCode: "WXC") { vacancy { band bays asOf } ...where } } fragment where on Lot { name position { latitude longitude } }`,
	}
	var watches []*servertest.Watch
	for i := range watchers {
		watches = append(watches, h.Anonymous().Watches(documents[i%len(documents)]))
	}
	for _, w := range watches {
		w.Next().MustContain(`"bays":100`)
	}
	for change, plate := range []string{"粤B12345", "粤B67890"} {
		before := measured(h, executionsForEvents)
		changes(h, plate)
		for _, w := range watches {
			w.Next().MustContain(fmt.Sprintf(`"bays":%d`, 99-change))
		}
		// The house may count anew in the middle; that is another state, with a time of its own.
		if executed := measured(h, executionsForEvents) - before; executed < len(documents) || executed > 2*len(documents) {
			t.Errorf("%d executions for %d documents", executed, len(documents))
		}
	}
}
