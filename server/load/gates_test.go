package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parkbff/server/wholetest/rig"
)

// gatesThat are gates that do as they are told with each observation.
func gatesThat(send func(seen rig.Observation) error) *gates {
	return &gates{
		series: "test", answered: func(int) {},
		send: func(_ context.Context, _ string, seen rig.Observation) error { return send(seen) },
	}
}

func members(count int) []*subscriber {
	all := make([]*subscriber, count)
	for n := range all {
		all[n] = &subscriber{number: n, person: person{plate: plateOf(n), token: fmt.Sprint("token ", n), lane: &lane{lot: "LOT"}}}
	}
	return all
}

func TestWhatIsDueIsSentThoughNothingIsAnswered(t *testing.T) {
	const due = 20
	arrived, release := make(chan struct{}, due), make(chan struct{})
	g := gatesThat(func(rig.Observation) error {
		arrived <- struct{}{}
		<-release
		return nil
	})
	done := make(chan error, 1)
	go func() { done <- g.atRate(t.Context(), members(due+10), 200, due*5*time.Millisecond) }()
	for range due {
		select {
		case <-arrived:
		case <-time.After(patience):
			t.Fatal("the gates wait for answers")
		}
	}
	close(release)
	if err := <-done; err != nil || g.accepted.Load() != due {
		t.Errorf("%d accepted: %v", g.accepted.Load(), err)
	}
}

func TestObservationsOfOneVehicleKeepTheirOrder(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	g := gatesThat(func(o rig.Observation) error {
		if !mu.TryLock() {
			t.Error("two observations of one vehicle are on their way")
			return nil
		}
		defer mu.Unlock()
		seen = append(seen, o.Direction)
		return nil
	})
	one := members(1)
	if err := g.atRate(t.Context(), one, 1000, 4*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{rig.Entry, rig.Exit, rig.Entry, rig.Exit}, seen); diff != "" {
		t.Error(diff)
	}
	for n, told := range one[0].tellings {
		if told.kind != kindOf(n) || !told.accepted {
			t.Errorf("telling %d: %+v", n, told)
		}
	}
}

func TestAnObservationWhoseAnswerIsLostIsSentAgainAsTheSame(t *testing.T) {
	var events []string
	g := gatesThat(func(o rig.Observation) error {
		events = append(events, o.EventID)
		if len(events) < 3 {
			return errors.New("connection reset")
		}
		return nil
	})
	one := members(1)
	g.report(t.Context(), one[0], time.Now())
	if len(events) != 3 || events[0] != events[1] || events[1] != events[2] {
		t.Errorf("sent: %v", events)
	}
	if one[0].owing() != 1 || g.accepted.Load() != 1 || g.refused.Load() != 0 {
		t.Errorf("%d owed, %d accepted, %d refused", one[0].owing(), g.accepted.Load(), g.refused.Load())
	}
}

func TestAnObservationThatIsRefusedIsCountedAndOwesNothing(t *testing.T) {
	no := errors.New("refused: [UNAVAILABLE]")
	g := gatesThat(func(rig.Observation) error { return no })
	one := members(1)
	g.report(t.Context(), one[0], time.Now())
	if one[0].owing() != 0 || g.refused.Load() != 1 || !errors.Is(g.first, no) {
		t.Errorf("%d owed, %d refused with %v", one[0].owing(), g.refused.Load(), g.first)
	}
}

func TestAnAnswerThatComesLateDoesNotReachTheRate(t *testing.T) {
	g := gatesThat(func(rig.Observation) error { return nil })
	g.report(t.Context(), members(1)[0], time.Now().Add(-2*answerWithin))
	if g.accepted.Load() != 1 || g.inTime.Load() != 0 {
		t.Errorf("%d accepted, %d in time", g.accepted.Load(), g.inTime.Load())
	}
}

func TestWhatArrivedIsComparedWithWhatIsListed(t *testing.T) {
	all := members(2)
	for _, s := range all {
		s.hears(0)
		s.hears(1)
	}
	listed := []string{"notice 0", "notice 1"}
	g := &gates{list: func(_ context.Context, token string) ([]string, error) {
		if token != all[0].token && token != all[1].token {
			t.Errorf("asked as %q", token)
		}
		return listed, nil
	}}
	if err := g.verify(t.Context(), all); err != nil {
		t.Error(err)
	}
	for _, other := range [][]string{{"notice 0"}, {"notice 0", "notice 1", "notice 2"}, {"notice 1", "notice 0"}} {
		listed = slices.Clone(other)
		if err := g.verify(t.Context(), all); !errors.Is(err, errNotAsListed) {
			t.Errorf("%v: %v", other, err)
		}
	}
}
