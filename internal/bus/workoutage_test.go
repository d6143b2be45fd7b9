package bus_test

import (
	"testing"
	"time"

	"parkbff/internal/bus"
)

// The work itself stands in the store, and is handed out again.
func TestWorkGoesOnWhereTheServersHaveLostItsStream(t *testing.T) {
	cluster := startStreams(t, t.TempDir())
	b := open(t, bus.Options{URL: cluster.url()})
	work := consume(t, b.Work(), done)
	publishWork(t, b, "before")
	work.waitFor(t, "before", 1)

	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	cluster.folder = t.TempDir()
	cluster.start()
	mustBecome(t, b, nil)

	publishWork(t, b, "after")
	work.waitFor(t, "after", 1)
}

// A node that finds its disk full keeps no streams any more until it is started again.
func TestWorkGoesOnWhenANodeWithAFullDiskIsStartedAgain(t *testing.T) {
	cluster := startStreams(t, t.TempDir())
	b := open(t, bus.Options{URL: cluster.url()})
	publishWork(t, b, "kept")
	if err := cluster.server.DisableJetStream(); err != nil {
		t.Fatal(err)
	}
	if b.Work().Publish(t.Context(), "2", []byte("refused")) == nil {
		t.Error("work was taken by servers that keep none")
	}
	work := consume(t, b.Work(), done)
	if b.Healthy() != nil {
		t.Error("what needs no stream is away, too")
	}

	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	cluster.start()

	work.waitFor(t, "kept", 1)
	publishWork(t, b, "after")
	work.waitFor(t, "after", 1)
}

func TestWorkGoesOnWhenTheStreamEndsUnderWhoTakesIt(t *testing.T) {
	cluster := startStreams(t, t.TempDir())
	b := open(t, bus.Options{URL: cluster.url()})
	work := consume(t, b.Work(), done)
	publishWork(t, b, "before")
	work.waitFor(t, "before", 1)

	if err := cluster.server.DisableJetStream(); err != nil {
		t.Fatal(err)
	}
	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	cluster.start()

	publishWork(t, b, "after")
	work.waitFor(t, "after", 1)
}

// publishWork tries until the servers take it.
func publishWork(t *testing.T, b *bus.Bus, payload string) {
	t.Helper()
	var err error
	for end := time.Now().Add(4 * patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = b.Work().Publish(t.Context(), payload, []byte(payload)); err == nil {
			return
		}
	}
	t.Fatal(err)
}
