package parking_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"parkbff/ent/observation"
	"parkbff/ent/parkingsession"
	"parkbff/internal/cnid"
	"parkbff/internal/fault"
	"parkbff/internal/page"
	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
	"parkbff/internal/viewer"
)

func TestACarEntersAndLeavesAndOwesItsStay(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		entered := r.sees("A", in, car, morning.Add(-2*time.Hour))
		if entered.Barrier.Decision != observation.DecisionRELEASE || entered.Stay.State != parkingsession.StateOPEN {
			t.Errorf("entry: %+v", entered.Barrier)
		}
		left := r.sees("A", out, car, morning.Add(-30*time.Minute))
		want := parking.Barrier{
			Decision: observation.DecisionHOLD, Reason: observation.ReasonPAYMENT_DUE, DisplayText: "请缴费 10.00 元",
		}
		if diff := cmp.Diff(want, left.Barrier); diff != "" {
			t.Error(diff)
		}
		if left.Stay.Row != entered.Stay.Row || left.Stay.FeeFen != 1000 || left.Stay.DurationMinutes() != 90 {
			t.Errorf("the stay left is %+v", left.Stay)
		}
	})
}

func TestALotWithoutABarrierLetsGoAndBills(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		open := lotNamed("A")
		open.Barrier = false
		r := newRig(t, s, open)
		r.sees("A", in, car, morning.Add(-time.Hour))
		if got := r.sees("A", out, car, morning).Barrier; got.Decision != observation.DecisionRELEASE_AND_BILL {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAnEventSentTwiceIsAnsweredAlike(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.sees("A", in, car, morning.Add(-time.Hour))
		first := r.sees("A", out, car, morning)
		again := r.sees("A", out, car, morning)
		if first.Duplicate || !again.Duplicate {
			t.Errorf("duplicate: %v, then %v", first.Duplicate, again.Duplicate)
		}
		if diff := cmp.Diff(first.Barrier, again.Barrier); diff != "" || first.Stay.Row != again.Stay.Row {
			t.Errorf("another answer: %s", diff)
		}
	})
}

func TestAnEventIDStandsForOneEvent(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		o := report("A", in, car, morning)
		if _, err := r.Observe(r.gateOf("A"), o); err != nil {
			t.Fatal(err)
		}
		o.Plate = "粤B99999"
		if _, err := r.Observe(r.gateOf("A"), o); !errors.Is(err, parking.EventMismatch) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheSameCarReadTwiceIsOneStay(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		first := r.sees("A", in, car, morning.Add(-time.Hour))
		again := r.sees("A", in, car, morning.Add(-time.Hour+40*time.Second))
		if again.Stay.Row != first.Stay.Row || again.Duplicate || again.Barrier.Reason != observation.ReasonREREAD {
			t.Errorf("got %+v", again)
		}
	})
}

func TestAMissedExitMakesAGhostThatOwesNothing(t *testing.T) {
	for name, evidence := range map[string]func(r *rig){
		"the plate enters again":   func(r *rig) { r.sees("A", in, car, morning.Add(-time.Hour)) },
		"the plate is elsewhere":   func(r *rig) { r.sees("B", in, car, morning.Add(-time.Hour)) },
		"the lot is counted empty": func(r *rig) { r.countsNone("A", morning.Add(-time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			testkit.EachStore(t, func(t *testing.T, s *store.Store) {
				r := newRig(t, s)
				lost := r.sees("A", in, car, morning.Add(-100*time.Hour).Add(80*time.Hour))
				evidence(r)
				got, err := r.Stay(r.staffOf("A"), lost.Stay.Row)
				if err != nil {
					t.Fatal(err)
				}
				if got.State != parkingsession.StateGHOST || got.FeeFen != 0 || got.ExitedAt != nil {
					t.Errorf("got %+v", got)
				}
			})
		})
	}
}

func (r *rig) countsNone(lotCode string, at time.Time) {
	r.t.Helper()
	n, err := r.CountLot(r.gateOf(lotCode), lotCode, 0, at)
	if err != nil || n != 1 {
		r.t.Fatalf("%d ghosts, %v", n, err)
	}
}

func TestALongStayIsNoGhost(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.sees("A", in, car, morning.Add(-20*time.Hour))
		r.clock.Set(morning.Add(216 * time.Hour))
		left := r.sees("A", out, car, morning.Add(216*time.Hour))
		if left.Stay.State != parkingsession.StateCLOSED || left.Stay.FeeFen != 236*500 {
			t.Errorf("got %+v", left.Stay)
		}
	})
}

func TestAGhostWhoseExitArrivesAfterAllIsClosed(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		lost := r.sees("A", in, car, morning.Add(-10*time.Hour))
		r.sees("A", in, car, morning.Add(-2*time.Hour))
		found := r.sees("A", out, car, morning.Add(-8*time.Hour))
		if found.Stay.Row != lost.Stay.Row || found.Stay.State != parkingsession.StateCLOSED || found.Stay.FeeFen != 1000 {
			t.Errorf("got %+v", found.Stay)
		}
	})
}

func TestAGhostThatIsSeenLeavingAfterItHadGoneWaitsForReview(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		lost := r.sees("A", in, car, morning.Add(-20*time.Hour))
		r.countsNone("A", morning.Add(-10*time.Hour))

		left := r.sees("A", out, car, morning)
		if left.Stay.Row != lost.Stay.Row || left.Stay.Review != parkingsession.ReviewPENDING || left.Stay.Match != parkingsession.MatchEXACT {
			t.Errorf("got %+v", left.Barrier)
		}
		again := r.sees("A", out, car, morning.Add(time.Minute))
		if again.Barrier.Reason != observation.ReasonPAYMENT_DUE || again.Stay.Review != parkingsession.ReviewPENDING {
			t.Errorf("read again: %+v", again.Barrier)
		}
		undone, err := r.ReviewMatch(r.staffOf("A"), left.Stay.Row, false)
		if err != nil || undone.State != parkingsession.StateGHOST || undone.FeeFen != 0 || undone.ExitedAt != nil {
			t.Errorf("undone: %v, %v", undone, err)
		}
	})
}

func TestAnExitWithoutEntryIsKeptAndWaits(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		exit := report("A", out, car, morning)
		got, err := r.Observe(r.gateOf("A"), exit)
		if !errors.Is(err, parking.EntryNotFound) || got.Barrier.Decision != observation.DecisionHOLD {
			t.Fatalf("got %+v, %v", got, err)
		}
		late := r.sees("A", in, car, morning.Add(-90*time.Minute))
		if late.Stay.State != parkingsession.StateCLOSED || late.Stay.FeeFen != 1000 || !late.Stay.ExitedAt.Equal(morning) {
			t.Errorf("the entry found %+v", late.Stay)
		}
	})
}

func TestAnExitMisreadByOneCharacterFindsItsStayAndWaitsForReview(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		entered := r.sees("A", in, car, morning.Add(-time.Hour))
		left := r.sees("A", out, "粤B12346", morning)
		if left.Stay.Row != entered.Stay.Row || left.Stay.Match != parkingsession.MatchNEAR_PLATE ||
			left.Stay.Review != parkingsession.ReviewPENDING || left.Stay.Plate != car {
			t.Fatalf("got %+v", left.Stay)
		}
		pending := parkingsession.ReviewPENDING
		lot, _ := r.Lot("A")
		listed, err := r.LotStays(r.staffOf("A"), lot, nil, &pending, page.Request{First: 10})
		if err != nil || len(listed.Items) != 1 {
			t.Errorf("%d wait for review, %v", len(listed.Items), err)
		}
		undone, err := r.ReviewMatch(r.staffOf("A"), left.Stay.Row, false)
		if err != nil || undone.State != parkingsession.StateOPEN || undone.ExitedAt != nil {
			t.Errorf("undone: %+v, %v", undone, err)
		}
		if _, err := r.ReviewMatch(r.staffOf("B"), left.Stay.Row, true); !errors.Is(err, fault.NotFound) {
			t.Errorf("staff of another lot: %v", err)
		}
	})
}

func TestTwoSimilarPlatesAreNotGuessedBetween(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.sees("A", in, "粤B12345", morning.Add(-time.Hour))
		r.sees("A", in, "粤B12347", morning.Add(-time.Hour))
		_, err := r.Observe(r.gateOf("A"), report("A", out, "粤B12346", morning))
		if !errors.Is(err, parking.EntryNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheOwnPlateCorrectsANearMatch(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		entered := r.sees("A", in, car, morning.Add(-3*time.Hour))
		r.sees("A", out, "粤B12346", morning.Add(-2*time.Hour)) // another car, whose entry was missed
		left := r.sees("A", out, car, morning)
		if left.Stay.Row != entered.Stay.Row || left.Stay.Match != parkingsession.MatchEXACT || left.Stay.FeeFen != 1500 {
			t.Errorf("got %+v", left.Stay)
		}
	})
}

func TestACarHeldAtTheBarrierMayLeaveLater(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.sees("A", in, car, morning.Add(-3*time.Hour))
		r.sees("A", out, car, morning.Add(-2*time.Hour))
		again := r.sees("A", out, car, morning)
		if again.Stay.FeeFen != 1500 || !again.Stay.ExitedAt.Equal(morning) {
			t.Errorf("got %+v", again.Stay)
		}
	})
}

func TestALateUploadIsPricedAndListedAndOpensNoBarrier(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		r.sees("A", in, car, morning.Add(-50*time.Hour))
		left := r.sees("A", out, car, morning.Add(-48*time.Hour))
		if left.Stay.FeeFen != 1000 || left.Barrier.Reason != observation.ReasonLATE_UPLOAD {
			t.Errorf("got %+v %+v", left.Stay, left.Barrier)
		}
		if len(r.told) != 0 {
			t.Errorf("told %d", len(r.told))
		}
	})
}

func TestWhatAGateMayNotReportIsRefusedByCode(t *testing.T) {
	good := report("A", in, car, morning)
	change := func(f func(o *parking.Observation)) parking.Observation {
		o := good
		f(&o)
		return o
	}
	for name, test := range map[string]struct {
		o    parking.Observation
		want error
	}{
		"an unknown lot":         {change(func(o *parking.Observation) { o.LotCode = "nowhere" }), parking.UnknownLot},
		"another lot":            {change(func(o *parking.Observation) { o.LotCode = "B" }), parking.ForeignLot},
		"an unknown gate":        {change(func(o *parking.Observation) { o.GateCode = "G9" }), parking.UnknownGate},
		"the future":             {change(func(o *parking.Observation) { o.ObservedAt = morning.Add(time.Hour) }), parking.InFuture},
		"the distant past":       {change(func(o *parking.Observation) { o.ObservedAt = morning.AddDate(-20, 0, 0) }), parking.TooOld},
		"more than sure":         {change(func(o *parking.Observation) { o.Confidence = 1.1 }), parking.InvalidSureness},
		"less than unsure":       {change(func(o *parking.Observation) { o.Confidence = -0.1 }), parking.InvalidSureness},
		"not a number":           {change(func(o *parking.Observation) { o.Confidence = math.NaN() }), parking.InvalidSureness},
		"no event id":            {change(func(o *parking.Observation) { o.EventID = "" }), parking.InvalidEventID},
		"a long event id":        {change(func(o *parking.Observation) { o.EventID = strings.Repeat("x", 65) }), parking.InvalidEventID},
		"no plate":               {change(func(o *parking.Observation) { o.Plate = "" }), cnid.InvalidPlate},
		"a plate with I":         {change(func(o *parking.Observation) { o.Plate = "粤I12345" }), cnid.InvalidPlate},
		"an impossible colour":   {change(func(o *parking.Observation) { o.PlateColor = cnid.Green }), cnid.InvalidPlate},
		"letters and no numbers": {change(func(o *parking.Observation) { o.Plate = strings.Repeat("A", 40) }), cnid.InvalidPlate},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.EachStore(t, func(t *testing.T, s *store.Store) {
				r := newRig(t, s)
				_, err := r.Observe(r.gateOf("A"), test.o)
				if !errors.Is(err, test.want) {
					t.Fatalf("got %v, want %v", err, test.want)
				}
				if strings.Contains(err.Error(), test.o.Plate) && test.o.Plate != "" {
					t.Error("the error repeats the plate")
				}
			})
		})
	}
}

func TestOnlyGatesReport(t *testing.T) {
	r := newRig(t, testkit.SQLite(t))
	o := []parking.Observation{report("A", in, car, morning)}
	if _, err := r.ObserveAll(t.Context(), o); !errors.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := r.ObserveAll(r.staffOf("A"), o); !errors.Is(err, fault.Forbidden) {
		t.Errorf("staff: %v", err)
	}
	driver := viewer.With(t.Context(), &viewer.Viewer{Kind: viewer.Driver, AccountID: 1})
	if _, err := r.ObserveAll(driver, o); !errors.Is(err, fault.Forbidden) {
		t.Errorf("a driver: %v", err)
	}
	if _, err := r.ObserveAll(r.gateOf("A"), make([]parking.Observation, 501)); !errors.Is(err, parking.TooMany) {
		t.Errorf("too many: %v", err)
	}
}

func TestOneBadObservationSpoilsNoOtherOfItsBatch(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		results, err := r.ObserveAll(r.gateOf("A"), []parking.Observation{
			report("A", in, car, morning.Add(-time.Hour)),
			report("B", in, car, morning.Add(-time.Hour)),
			report("A", out, car, morning),
		})
		if err != nil {
			t.Fatal(err)
		}
		if results[0].Err != nil || !errors.Is(results[1].Err, parking.ForeignLot) || results[2].Stay.FeeFen != 500 {
			t.Errorf("got %+v", results)
		}
	})
}

// TestTheOrderOfReportsDoesNotMatter sends well-formed stays of a few cars in any order, some reports
// twice, and finds the same stays.
func TestTheOrderOfReportsDoesNotMatter(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		const code = "A"
		r, round := newRig(t, s), 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			var reports []parking.Observation
			var want []string
			for c := range rapid.IntRange(1, 3).Draw(rt, "cars") {
				plate := fmt.Sprintf("粤B%d%d%03d", c, c, round)
				at := morning.Add(-20 * time.Hour)
				for range rapid.IntRange(1, 3).Draw(rt, "stays") {
					at = at.Add(time.Duration(rapid.IntRange(5, 60).Draw(rt, "gap")) * time.Minute)
					entered := at
					at = at.Add(time.Duration(rapid.IntRange(5, 120).Draw(rt, "length")) * time.Minute)
					reports = append(reports, report(code, in, plate, entered), report(code, out, plate, at))
					want = append(want, line(plate, entered, at))
				}
			}
			reports = append(reports, reports[rapid.IntRange(0, len(reports)-1).Draw(rt, "twice")])
			order := rapid.Permutation(reports).Draw(rt, "order")
			for _, o := range order {
				if _, err := r.Observe(r.gateOf(code), o); err != nil && !errors.Is(err, parking.EntryNotFound) {
					rt.Fatalf("%v", err)
				}
			}
			for _, o := range order {
				rt.Logf("%s %s %s", o.Direction, o.Plate, o.ObservedAt.Format(time.TimeOnly))
			}
			if diff := cmp.Diff(sorted(want), r.staysOf(code, fmt.Sprintf("%03d ", round))); diff != "" {
				rt.Fatal(diff)
			}
		})
	})
}

// staysOf lists the stays of a lot that mention something.
func (r *rig) staysOf(code, mention string) []string {
	r.t.Helper()
	lot, _ := r.Lot(code)
	found, err := r.LotStays(r.staffOf(code), lot, nil, nil, page.Request{First: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	var lines []string
	for _, stay := range found.Items {
		text := fmt.Sprintf("%s %s %s", stay.Plate, stay.EnteredAt, stay.State)
		if stay.ExitedAt != nil {
			text = line(stay.Plate, stay.EnteredAt, *stay.ExitedAt)
		}
		if strings.Contains(text, mention) {
			lines = append(lines, text)
		}
	}
	return sorted(lines)
}

func line(plate string, from, to time.Time) string {
	return fmt.Sprintf("%s %s %s", plate, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339))
}

func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}
