package replay_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"parkbff/internal/replay"
)

func TestAccountsOfEveryTierAreReadyBeforeTheFirstObservation(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	w.fate = func(int) fate {
		if len(w.batches) == 1 && len(w.people) != 5 {
			t.Error("observations came first")
		}
		return answered
	}
	w.replay(t)

	var got []string
	for _, who := range w.people {
		got = append(got, fmt.Sprintf("%s bound:%t verified:%t", who.channel, who.plate != "", who.verified))
	}
	slices.Sort(got)
	want := []string{
		"APP bound:true verified:false", "APP bound:true verified:true", "APP bound:true verified:true",
		"H5 bound:false verified:false", "H5 bound:true verified:false",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, who := range w.people {
		if who.plate != "" && !w.parked(who.plate) {
			t.Error("a bound vehicle never parked")
		}
	}
}

func (w *world) parked(plate string) bool {
	for _, stays := range w.stays {
		if slices.ContainsFunc(stays, func(s *parked) bool { return s.plate == plate }) {
			return true
		}
	}
	return false
}

func TestAMobileThatWasJustSentACodeIsWaitedFor(t *testing.T) {
	w := newWorld(t, "2026-11-21T12:00:00Z")
	ctx, stop := context.WithCancel(t.Context())
	w.fate = func(int) fate {
		if codesSent(w) == 3 {
			stop() // in the middle of setting up
		}
		return answered
	}
	if _, err := replay.Run(ctx, w.options, w); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.fate = nil
	if got := w.replay(t); got.Errors != 0 || got.Seconds < 50 || len(w.people) != 5 {
		t.Errorf("got %+v", got)
	}
}

func TestAServerThatGoesAwayWhileAccountsAreSetUpOnlyCostsTime(t *testing.T) {
	calm := newWorld(t, "2026-11-21T12:00:00Z")
	calm.options.Sessions = calm.options.Sessions[1:]
	want := calm.replay(t)
	requests := calm.requests

	for broken := 1; broken <= requests; broken++ {
		for _, breaks := range []fate{unheard, unsaid} {
			w := newWorld(t, "2026-11-21T12:00:00Z")
			w.options.Sessions = w.options.Sessions[1:]
			w.fate = func(request int) fate {
				if request == broken {
					return breaks
				}
				return answered
			}
			if got := w.replay(t); got.Errors != 0 || got.Digest != want.Digest || len(w.people) != 5 {
				t.Errorf("request %d: got %+v", broken, got)
			}
		}
	}
}
