package wholetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parkbff/internal/testkit"
	"parkbff/server/wholetest/rig"
)

// plantedPlate stands in every bad input, and may come back in no answer and no line of the log.
const plantedPlate = "浙B7SQ21"

func TestWhatAGateReportsWronglyIsRefusedByCodeAndChangesNothing(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R004")
	eachStore(t, func(t *testing.T, h *house) {
		gate := h.gate(rig.Lot)
		now := time.Now()
		for name, bad := range map[string]struct {
			spoil func(o *rig.Observation)
			code  string
		}{
			"no plate":             {func(o *rig.Observation) { o.Plate = plantedPlate + "IO-SELECT" }, "INVALID_PLATE"},
			"an empty plate":       {func(o *rig.Observation) { o.Plate = "" }, "INVALID_PLATE"},
			"a plate of 65 bytes":  {func(o *rig.Observation) { o.Plate = plantedPlate + strings.Repeat("9", 60) }, "BAD_USER_INPUT"},
			"a colour it has not":  {func(o *rig.Observation) { o.PlateColor = "GREEN" }, "INVALID_PLATE"},
			"an unknown lot":       {func(o *rig.Observation) { o.LotCode = "NOWHERE" }, "UNKNOWN_LOT"},
			"an unknown gate":      {func(o *rig.Observation) { o.GateCode = "G77" }, "UNKNOWN_GATE"},
			"another lot":          {func(o *rig.Observation) { o.LotCode = rig.OtherLot }, "FOREIGN_LOT"},
			"the future":           {func(o *rig.Observation) { o.ObservedAt = stamp(now.Add(time.Hour)) }, "OBSERVED_IN_FUTURE"},
			"a time long gone":     {func(o *rig.Observation) { o.ObservedAt = "1970-01-02T00:00:00Z" }, "OBSERVED_TOO_LONG_AGO"},
			"no time":              {func(o *rig.Observation) { o.ObservedAt = plantedPlate }, "BAD_USER_INPUT"},
			"surer than sure":      {func(o *rig.Observation) { o.Confidence = new(1.01) }, "INVALID_CONFIDENCE"},
			"less sure than not":   {func(o *rig.Observation) { o.Confidence = new(-0.01) }, "INVALID_CONFIDENCE"},
			"an event without id":  {func(o *rig.Observation) { o.EventID = "" }, "INVALID_EVENT_ID"},
			"an id of 65 bytes":    {func(o *rig.Observation) { o.EventID = strings.Repeat("e", 65) }, "INVALID_EVENT_ID"},
			"an id that is a text": {func(o *rig.Observation) { o.EventID = plantedPlate }, "INVALID_EVENT_ID"},
			"an unknown direction": {func(o *rig.Observation) { o.Direction = "SIDEWAYS" }, "GRAPHQL_VALIDATION_FAILED"},
		} {
			o := rig.Seen("bad", rig.Lot, rig.Entry, plantedPlate, now)
			bad.spoil(&o)
			refuses(t, name, gate.reports(o), bad.code)
		}
		refuses(t, "too many at once", gate.asks(
			`mutation($inputs: [RecordObservationInput!]!) { recordObservations(inputs: $inputs) { userErrors { code } } }`,
			map[string]any{"inputs": slices.Repeat([]rig.Observation{rig.Seen("e", rig.Lot, rig.Entry, plantedPlate, now)}, 501)},
		), "TOO_MANY_OBSERVATIONS")

		if got := h.stays(rig.Lot); len(got) != 0 {
			t.Errorf("the lot has %+v", got)
		}
		h.logHides(plantedPlate, "SELECT", "NOWHERE")
	})
}

func TestAnExitWithoutAnEntryIsHeldAndWaits(t *testing.T) {
	t.Parallel()
	testkit.Covers(t, "R004")
	h := open(t)
	gate := h.gate(rig.Lot)
	now := time.Now()

	out := gate.reports(rig.Seen("out", rig.Lot, rig.Exit, plantedPlate, now))
	refuses(t, "the exit", out, "ENTRY_NOT_FOUND")
	holds(t, "the exit", out.Body, `"decision":"HOLD"`, `"reason":"NO_ENTRY"`, `"session":null`)
	if got := h.stays(rig.Lot); len(got) != 0 {
		t.Errorf("the lot has %+v", got)
	}

	in := gate.reports(rig.Seen("in", rig.Lot, rig.Entry, plantedPlate, now.Add(-time.Hour)))
	holds(t, "the entry", in.Body, `"decision":"RELEASE"`, `"userErrors":[]`)
	if got := h.stays(rig.Lot); len(got) != 1 || got[0].State != "CLOSED" {
		t.Errorf("the lot has %+v", got)
	}
	h.logHides(plantedPlate)
}

func TestAnEventIdIsNotGivenToTwoEvents(t *testing.T) {
	t.Parallel()
	h := open(t)
	gate := h.gate(rig.Lot)
	now := time.Now()
	first := rig.Seen("one", rig.Lot, rig.Entry, plantedPlate, now)

	holds(t, "the first report", gate.reports(first).Body, `"duplicate":false`)
	holds(t, "the same again", gate.reports(first).Body, `"duplicate":true`, `"userErrors":[]`)
	refuses(t, "another car", gate.reports(rig.Seen("one", rig.Lot, rig.Entry, "浙B7SQ99", now)), "EVENT_ID_REUSED")
	if got := h.stays(rig.Lot); len(got) != 1 {
		t.Errorf("the lot has %+v", got)
	}
}

func stamp(t time.Time) string { return t.Format(time.RFC3339Nano) }

// refuses expects exactly one code, and nothing of what was planted.
func refuses(t *testing.T, what string, got rig.Answer, code string) {
	t.Helper()
	if codes := got.Codes(); !slices.Equal(codes, []string{code}) {
		t.Errorf("%s: got %v (status %d), want %s: %s", what, codes, got.Status, code, tail(got.Body))
	}
	hides(t, fmt.Sprintf("the answer to %s", what), got.Body, plantedPlate, "SELECT")
}

func holds(t *testing.T, what, text string, wanted ...string) {
	t.Helper()
	for _, part := range wanted {
		if !strings.Contains(text, part) {
			t.Errorf("%s does not hold %s: %s", what, part, tail(text))
		}
	}
}

// stay is a stay as staff of its lot see it.
type stay struct {
	Plate, EnteredAt, State string
	ExitedAt                *string
	FeeFen                  int64
}

// stays reads the first hundred stays of a lot as its staff.
func (h *house) stays(lotCode string) []stay {
	h.t.Helper()
	staff := h.bearer(must(h.House.Token(h.t.Context(), rig.StaffToken, lotCode))(h.t))
	var data struct {
		Lot struct {
			Sessions struct{ Edges []struct{ Node stay } }
		}
	}
	answer := staff.asks(`query($code: String!) { lot(code: $code) { sessions(first: 100) {
  edges { node { plate enteredAt exitedAt state feeFen } } } } }`, map[string]string{"code": lotCode})
	if err := answer.Into(&data); err != nil {
		h.t.Fatal(err)
	}
	var all []stay
	for _, edge := range data.Lot.Sessions.Edges {
		all = append(all, edge.Node)
	}
	return all
}
