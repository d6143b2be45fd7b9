package bus_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"parkbff/internal/bus"
)

func TestARequestIsAnsweredFromAnotherReplica(t *testing.T) {
	url := startCluster(t).url()
	asking, answering := open(t, bus.Options{URL: url}), open(t, bus.Options{URL: url})
	cancel := answers(t, answering, "errand.1", "!")
	if got, err := asking.Request(t.Context(), "errand.1", []byte("1")); err != nil || string(got) != "1!" {
		t.Fatalf("answered %q, %v", got, err)
	}
	cancel()
	wantError(t, asking, bus.ErrNobody)
}

func TestWhatNobodyAnswersToIsKnownAtOnce(t *testing.T) {
	b := open(t, bus.Options{})
	began := time.Now()
	wantError(t, b, bus.ErrNobody)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestARequestWaitsNoLongerThanItsContext(t *testing.T) {
	b := open(t, bus.Options{})
	release := make(chan struct{})
	cancel, err := b.Answer("errand.1", func([]byte) []byte { <-release; return nil })
	if err != nil {
		t.Fatal(err)
	}
	defer cancel()
	defer close(release)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	if _, err := b.Request(ctx, "errand.1", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("err = %v", err)
	}
}

func TestWithoutAServerNobodyIsAsked(t *testing.T) {
	cluster := startCluster(t)
	b := open(t, bus.Options{URL: cluster.url()})
	cluster.stop()
	mustBecome(t, b, bus.ErrDisconnected)
	wantError(t, b, bus.ErrDisconnected)
	if _, err := b.Answer("errand.1", func([]byte) []byte { return nil }); !errors.Is(err, bus.ErrDisconnected) {
		t.Errorf("answering meanwhile: %v", err)
	}
}

func answers(t *testing.T, b *bus.Bus, subject, suffix string) (cancel func()) {
	t.Helper()
	cancel, err := b.Answer(subject, func(payload []byte) []byte { return append(payload, suffix...) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	return cancel
}

func wantError(t *testing.T, b *bus.Bus, want error) {
	t.Helper()
	if _, err := b.Request(t.Context(), "errand.1", nil); !errors.Is(err, want) {
		t.Fatalf("err = %v, want %v", err, want)
	}
}

func TestWhoAskedBeforeTheEndIsAnswered(t *testing.T) {
	b := open(t, bus.Options{})
	entered, release := make(chan struct{}, 2), make(chan struct{})
	cancel, err := b.Answer("errand.1", func(payload []byte) []byte {
		entered <- struct{}{}
		<-release
		return payload
	})
	if err != nil {
		t.Fatal(err)
	}
	arrived := listen(t, b, "errand.1")
	answered := make(chan error, 2)
	for _, payload := range []string{"1", "2"} {
		go func() {
			_, err := b.Request(t.Context(), "errand.1", []byte(payload))
			answered <- err
		}()
		mustReceive(t, arrived, message{"errand.1", payload})
	}
	<-entered // the other waits behind it
	cancel()
	close(release)
	for range 2 {
		if err := <-answered; err != nil {
			t.Errorf("not answered: %v", err)
		}
	}
}
