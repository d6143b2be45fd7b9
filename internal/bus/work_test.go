package bus_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"parkbff/internal/bus"
)

// consumed collects what Consume hands over.
type consumed struct {
	mu   sync.Mutex
	got  map[string]int
	news chan struct{}
}

func consume(t *testing.T, w *bus.Work, again func(payload string, times int) time.Duration) *consumed {
	t.Helper()
	c := &consumed{got: map[string]int{}, news: make(chan struct{}, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		w.Consume(ctx, 4, func(_ context.Context, payload []byte) time.Duration {
			c.mu.Lock()
			c.got[string(payload)]++
			times := c.got[string(payload)]
			c.mu.Unlock()
			c.news <- struct{}{}
			return again(string(payload), times)
		})
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	return c
}

func (c *consumed) waitFor(t *testing.T, payload string, times int) {
	t.Helper()
	for {
		c.mu.Lock()
		got := c.got[payload]
		c.mu.Unlock()
		if got >= times {
			return
		}
		select {
		case <-c.news:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s came %d times, want %d", payload, got, times)
		}
	}
}

func (c *consumed) times(payload string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[payload]
}

func done(string, int) time.Duration { return 0 }

func TestWorkIsDoneOnceWhoeverTakesIt(t *testing.T) {
	b := open(t, bus.Options{})
	first, second := consume(t, b.Work(), done), consume(t, b.Work(), done)
	for _, id := range []string{"1", "2", "3", "4", "5", "1", "2"} {
		if err := b.Work().Publish(t.Context(), id, []byte(id)); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		for first.times(id)+second.times(id) == 0 {
			select {
			case <-first.news:
			case <-second.news:
			case <-time.After(10 * time.Second):
				t.Fatalf("nobody was given %s", id)
			}
		}
		if got := first.times(id) + second.times(id); got != 1 {
			t.Errorf("%s was done %d times", id, got)
		}
	}
}

func TestWorkPutOffComesAgain(t *testing.T) {
	b := open(t, bus.Options{})
	c := consume(t, b.Work(), func(_ string, times int) time.Duration {
		if times < 3 {
			return time.Millisecond
		}
		return 0
	})
	if err := b.Work().Publish(t.Context(), "1", []byte("stubborn")); err != nil {
		t.Fatal(err)
	}
	c.waitFor(t, "stubborn", 3)
}

func TestWorkThatNobodyTakesWaits(t *testing.T) {
	b := open(t, bus.Options{})
	if err := b.Work().Publish(t.Context(), "1", []byte("early")); err != nil {
		t.Fatal(err)
	}
	consume(t, b.Work(), done).waitFor(t, "early", 1)
}

func TestAFullStreamRefusesAndDropsNothing(t *testing.T) {
	b := open(t, bus.Options{})
	large := make([]byte, 1<<20-1<<10)
	var held int
	for b.Work().Publish(t.Context(), string(rune('a'+held)), large) == nil {
		if held++; held > 100 {
			t.Fatal("the stream takes without end")
		}
	}
	if held == 0 {
		t.Fatal("the stream takes nothing")
	}
	consume(t, b.Work(), done).waitFor(t, string(large), held)
	if err := b.Work().Publish(t.Context(), "next", []byte("next")); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}

func TestWhatAPartingReplicaHasNotBegunGoesToAnother(t *testing.T) {
	b := open(t, bus.Options{})
	ctx, part := context.WithCancel(t.Context())
	begun, release := make(chan string, 100), make(chan struct{})
	var parting sync.WaitGroup
	parting.Go(func() {
		b.Work().Consume(ctx, 2, func(_ context.Context, payload []byte) time.Duration {
			begun <- string(payload)
			<-release
			return 0
		})
	})
	for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
		if err := b.Work().Publish(t.Context(), id, []byte(id)); err != nil {
			t.Fatal(err)
		}
	}
	taken := map[string]bool{<-begun: true, <-begun: true}
	part()
	other := consume(t, b.Work(), done)
	close(release)
	parting.Wait()
	for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
		if !taken[id] {
			other.waitFor(t, id, 1)
		}
	}
}
