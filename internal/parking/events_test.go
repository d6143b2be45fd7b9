package parking_test

import (
	"testing"
	"time"

	"parkbff/internal/parking"
	"parkbff/internal/store"
	"parkbff/internal/testkit"
)

func TestAnEventTwiceInOneBatchIsRecordedOnceAndAnsweredAsItStandsThen(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		entry := report("A", in, car, morning.Add(-2*time.Hour))
		exit := report("A", out, car, morning.Add(-time.Hour))

		got, err := r.ObserveAll(r.gateOf("A"), []parking.Observation{exit, entry, exit, entry})
		if err != nil {
			t.Fatal(err)
		}

		if got[0].Err == nil || got[0].Stay != nil {
			t.Errorf("the exit was first answered %+v, %v, before its entry was known", got[0].Outcome, got[0].Err)
		}
		for i, result := range got[1:] {
			if result.Err != nil || result.Duplicate != (i > 0) || result.Stay.Row != got[1].Stay.Row {
				t.Errorf("report %d: %+v, %v", i+1, result.Outcome, result.Err)
			}
		}
		if n := s.Client(r.gateOf("A")).Observation.Query().CountX(r.gateOf("A")); n != 2 {
			t.Errorf("%d observations are kept, want 2", n)
		}
	})
}

func TestEventsOfAnEarlierBatchAreKnownInABatchOfAnySize(t *testing.T) {
	testkit.EachStore(t, func(t *testing.T, s *store.Store) {
		r := newRig(t, s)
		var batch []parking.Observation
		for n := range 5 {
			batch = append(batch, report("A", in, car, morning.Add(time.Duration(n-50)*time.Hour)))
			if _, err := r.ObserveAll(r.gateOf("A"), batch); err != nil {
				t.Fatal(err)
			}
		}

		got, err := r.ObserveAll(r.gateOf("A"), batch)
		if err != nil {
			t.Fatal(err)
		}

		for i, result := range got {
			if result.Err != nil || !result.Duplicate {
				t.Errorf("report %d: %+v, %v", i, result.Outcome, result.Err)
			}
		}
	})
}
