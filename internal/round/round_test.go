package round_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"parkbff/internal/round"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhoeverAsksIsServedByARoundThatBeganAfterwards(t *testing.T) {
	var asked, seen atomic.Int64
	g := round.New(func() error { seen.Store(asked.Load()); return nil })
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			for range 100 {
				mine := asked.Add(1)
				if err := g.Join(t.Context()); err != nil {
					t.Error(err)
				}
				if got := seen.Load(); got < mine {
					t.Errorf("served by a round that knew %d askers, and this was number %d", got, mine)
				}
			}
		})
	}
	all.Wait()
}

func TestThoseWhoAskMeanwhileShareTheNextRound(t *testing.T) {
	const many = 100
	var rounds atomic.Int64
	begun, release := make(chan struct{}, 2), make(chan struct{})
	g := round.New(func() error { rounds.Add(1); begun <- struct{}{}; <-release; return nil })
	var all sync.WaitGroup
	join := func() {
		if err := g.Join(t.Context()); err != nil {
			t.Error(err)
		}
	}
	all.Go(join)
	<-begun
	var asking sync.WaitGroup
	for range many {
		asking.Add(1)
		all.Go(func() {
			r := g.Coming()
			asking.Done()
			<-r
		})
	}
	asking.Wait()
	close(release)
	all.Wait()
	if n := rounds.Load(); n != 2 {
		t.Errorf("%d rounds for one asker and %d more, want 2", n, many)
	}
}

func TestEverybodyOfARoundLearnsItsErrorAndTheNextStartsAfresh(t *testing.T) {
	failed := errors.New("failed")
	results := []error{failed, nil}
	g := round.New(func() error { err := results[0]; results = results[1:]; return err })
	if err := g.Join(t.Context()); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
	if err := g.Join(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestWhoStopsWaitingLeavesTheRoundToTheOthers(t *testing.T) {
	release := make(chan struct{})
	g := round.New(func() error { <-release; return nil })
	ended, end := context.WithCancel(t.Context())
	end()
	patient := g.Coming()
	if err := g.Join(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(release)
	<-patient
}

func TestAPanicIsAnErrorOfAllWhoWaitAndTellsNoValue(t *testing.T) {
	g := round.New(func() error { panic("secret") })
	for range 2 {
		if err := g.Join(t.Context()); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("answered %v", err)
		}
	}
}
