package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"parkbff/internal/bus"
)

const patience = 5 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type message struct{ Subject, Payload string }

func TestWhatIsPublishedArrivesInOrder(t *testing.T) {
	b := open(t, bus.Options{})
	inbox := listen(t, b, "notice.12")
	for i := range 100 {
		publish(t, b, "notice.12", fmt.Sprint(i))
	}
	for i := range 100 {
		mustReceive(t, inbox, message{"notice.12", fmt.Sprint(i)})
	}
}

func TestEveryListenerHearsAndOthersDoNot(t *testing.T) {
	b := open(t, bus.Options{})
	first, second, other := listen(t, b, "notice.12"), listen(t, b, "notice.12"), listen(t, b, "notice.13")
	publish(t, b, "notice.12", "7")
	publish(t, b, "notice.13", "8")
	mustReceive(t, first, message{"notice.12", "7"})
	mustReceive(t, second, message{"notice.12", "7"})
	mustReceive(t, other, message{"notice.13", "8"})
}

func TestWildcardsNameTheSubjectThatMatched(t *testing.T) {
	b := open(t, bus.Options{})
	one, rest := listen(t, b, "notice.*"), listen(t, b, "notice.>")
	publish(t, b, "notice.12.read", "a")
	publish(t, b, "notice.13", "b")
	mustReceive(t, one, message{"notice.13", "b"})
	mustReceive(t, rest, message{"notice.12.read", "a"})
	mustReceive(t, rest, message{"notice.13", "b"})
}

func TestAMessagePublishedRightAfterSubscribingIsNotMissed(t *testing.T) {
	url := startCluster(t).url()
	listener, speaker := open(t, bus.Options{URL: url}), open(t, bus.Options{URL: url})
	for i := range 50 {
		subject := fmt.Sprintf("notice.%d", i)
		inbox := listen(t, listener, subject)
		publish(t, speaker, subject, "1")
		mustReceive(t, inbox, message{subject, "1"})
	}
}

func TestACancelledSubscriptionHearsNothingMore(t *testing.T) {
	b := open(t, bus.Options{})
	heard := make(chan struct{}, 10)
	cancel, err := b.Subscribe("notice.12", func(string, []byte) { heard <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	cancel()
	after := listen(t, b, "notice.>")
	publish(t, b, "notice.12", "1")
	mustReceive(t, after, message{"notice.12", "1"})
	if len(heard) != 0 {
		t.Error("it still hears")
	}
}

func TestASlowHandlerHoldsUpNeitherPublishersNorOthers(t *testing.T) {
	b := open(t, bus.Options{})
	release := make(chan struct{})
	defer close(release)
	if _, err := b.Subscribe("notice.12", func(string, []byte) { <-release }); err != nil {
		t.Fatal(err)
	}
	quick := listen(t, b, "notice.13")
	for range 1000 {
		publish(t, b, "notice.12", "1")
	}
	publish(t, b, "notice.13", "2")
	mustReceive(t, quick, message{"notice.13", "2"})
}

func TestAHandlerTooSlowIsToldThatMessagesWereDropped(t *testing.T) {
	b := open(t, bus.Options{})
	dropped := make(chan struct{}, 100)
	b.OnReconnect(func() { dropped <- struct{}{} })
	release := make(chan struct{})
	defer close(release)
	if _, err := b.Subscribe("notice.12", func(string, []byte) { <-release }); err != nil {
		t.Fatal(err)
	}
	for range 70_000 {
		publish(t, b, "notice.12", "1")
	}
	mustHappen(t, dropped)
}

func TestTwoEmbeddedBusesAreApart(t *testing.T) {
	one, two := open(t, bus.Options{}), open(t, bus.Options{})
	first, second := listen(t, one, "notice.12"), listen(t, two, "notice.12")
	publish(t, one, "notice.12", "one")
	publish(t, two, "notice.12", "two")
	mustReceive(t, first, message{"notice.12", "one"})
	mustReceive(t, second, message{"notice.12", "two"})
}

func TestClosingDeliversWhatWasPublished(t *testing.T) {
	b := open(t, bus.Options{})
	inbox := make(chan message, 100)
	if _, err := b.Subscribe("notice.12", func(s string, p []byte) { inbox <- message{s, string(p)} }); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		publish(t, b, "notice.12", "1")
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(inbox) != 100 {
		t.Errorf("%d of 100 arrived", len(inbox))
	}
	if err := b.Healthy(); !errors.Is(err, bus.ErrDisconnected) {
		t.Errorf("Healthy() = %v", err)
	}
	if err := b.Publish("notice.12", nil); err == nil {
		t.Error("a closed bus publishes")
	}
	if _, err := b.Subscribe("notice.12", func(string, []byte) {}); err == nil {
		t.Error("a closed bus subscribes")
	}
	if err := b.Close(t.Context()); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestClosingDoesNotWaitForAHandlerThatHangs(t *testing.T) {
	b := open(t, bus.Options{})
	started, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	if _, err := b.Subscribe("notice.12", func(string, []byte) { close(started); <-release }); err != nil {
		t.Fatal(err)
	}
	publish(t, b, "notice.12", "1")
	mustHappen(t, started)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("err = %v", err)
	}
}

func open(t *testing.T, o bus.Options) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := b.Healthy(); err != nil {
		t.Fatal(err)
	}
	return b
}

func listen(t *testing.T, b *bus.Bus, subject string) <-chan message {
	t.Helper()
	inbox := make(chan message, 1000)
	cancel, err := b.Subscribe(subject, func(s string, p []byte) { inbox <- message{s, string(p)} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	return inbox
}

func publish(t *testing.T, b *bus.Bus, subject, payload string) {
	t.Helper()
	if err := b.Publish(subject, []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

func mustReceive(t *testing.T, inbox <-chan message, want message) {
	t.Helper()
	select {
	case got := <-inbox:
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	case <-time.After(patience):
		t.Fatalf("nothing arrived, want %v", want)
	}
}

func mustHappen(t *testing.T, it <-chan struct{}) {
	t.Helper()
	select {
	case <-it:
	case <-time.After(patience):
		t.Fatal("it did not happen")
	}
}
